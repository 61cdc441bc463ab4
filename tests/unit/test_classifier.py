import copy
import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs, to_working_picture
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.model.classifier import Classifier, temper, usable_cores


@pytest.fixture(scope="module")
def inputs() -> NetworkInputs:
    spec = PreprocessingSpec()
    return to_network_inputs(to_working_picture(draw_synthetic_smear(5), spec), spec)


def with_temperature(classifier: Classifier, temperature: float) -> Classifier:
    manifest = classifier.artifact.manifest
    decision = manifest.decision.model_copy(update={"temperature": temperature})
    other = copy.copy(classifier)
    other.artifact = dataclasses.replace(classifier.artifact, manifest=manifest.model_copy(update={"decision": decision}))
    return other


def test_probabilities_are_four_and_sum_to_one(classifier: Classifier, inputs: NetworkInputs) -> None:
    probabilities = classifier.probabilities(inputs)

    assert probabilities.shape == (4,)
    assert probabilities.dtype == np.float64
    assert (probabilities >= 0.0).all()
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-9)


def test_the_classes_stand_in_the_order_of_the_design(classifier: Classifier) -> None:
    assert classifier.artifact.manifest.disease.class_names == ("Benign", "Early Pre-B", "Pre-B", "Pro-B")


def test_repeated_questions_get_identical_answers(classifier: Classifier, inputs: NetworkInputs) -> None:
    first = classifier.probabilities(inputs)
    again = [classifier.probabilities(inputs) for _ in range(3)]

    assert all((first == later).all() for later in again)


def test_an_answer_does_not_change_when_the_next_question_is_asked(classifier: Classifier, inputs: NetworkInputs) -> None:
    other = inputs._replace(original=np.zeros_like(inputs.original), segmented=np.zeros_like(inputs.segmented))
    first = classifier.probabilities(inputs)
    kept = first.copy()

    classifier.probabilities(other)

    assert (first == kept).all()


def test_two_threads_at_once_get_the_answers_to_their_own_questions(classifier: Classifier, inputs: NetworkInputs) -> None:
    other = inputs._replace(original=inputs.original[::-1].copy(), segmented=np.zeros_like(inputs.segmented))
    expected = [classifier.probabilities(item) for item in (inputs, other)]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(classifier.probabilities, [inputs, other] * 5))

    assert all((answer == expected[number % 2]).all() for number, answer in enumerate(answers))


def test_a_high_temperature_levels_the_answer_and_keeps_its_order(classifier: Classifier, inputs: NetworkInputs) -> None:
    plain = with_temperature(classifier, 1.0).probabilities(inputs)
    levelled = with_temperature(classifier, 50.0).probabilities(inputs)

    assert levelled.argmax() == plain.argmax()
    assert levelled.max() - levelled.min() <= plain.max() - plain.min()
    assert levelled.max() < 0.5


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(1.0, [0.8, 0.1, 0.1]), (2.0, [0.585786, 0.207107, 0.207107]), (0.5, [0.969697, 0.015152, 0.015152])],
)
def test_tempering_raises_probabilities_to_the_inverse_temperature(temperature: float, expected: list[float]) -> None:
    tempered = temper(np.array([0.8, 0.1, 0.1]), temperature)

    assert tempered.tolist() == pytest.approx(expected, abs=1e-6)


def test_certainty_survives_tempering_without_a_warning() -> None:
    tempered = temper(np.array([1.0, 0.0, 0.0, 0.0]), 1.5)

    assert tempered[0] == pytest.approx(1.0, abs=1e-6)
    assert np.isfinite(tempered).all()


def test_at_least_one_core_is_usable() -> None:
    assert usable_cores() >= 1
