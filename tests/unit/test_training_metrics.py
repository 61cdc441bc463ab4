import numpy as np
import pytest

from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.model.classifier import temper
from training.evidence.calibration import fit_colours, fit_prediction_set, fit_temperature
from training.evidence.metrics import bootstrap_weights, calibration_errors, expected_calibration_error, score


def certain(answers: list[int]) -> np.ndarray:
    return np.eye(4)[answers]


def test_metrics_are_those_of_the_confusion_matrix() -> None:
    # truth: two of each class; one Benign called Early Pre-B, one Pro-B called Pre-B.
    labels, answers = np.array([0, 0, 1, 1, 2, 2, 3, 3]), [0, 1, 1, 1, 2, 2, 2, 3]

    found = score(labels, certain(answers))

    assert found["smears"] == 8
    assert found["accuracy"] == pytest.approx(6 / 8)
    assert found["confusion_matrix"] == [[1, 1, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 1, 1]]
    assert found["precision"] == pytest.approx((1 + 2 / 3 + 2 / 3 + 1) / 4)
    assert found["recall"] == pytest.approx((1 / 2 + 1 + 1 + 1 / 2) / 4)
    assert found["f1"] == pytest.approx((2 / 3 + 4 / 5 + 4 / 5 + 2 / 3) / 4)
    assert found["specificity"] == pytest.approx((1 + 5 / 6 + 5 / 6 + 1) / 4)
    assert found["per_class"]["Pre-B"]["specificity"] == pytest.approx(5 / 6)


def test_a_class_that_is_never_named_has_no_precision_and_no_warning() -> None:
    found = score(np.array([0, 1, 2, 3]), certain([0, 0, 0, 0]))

    assert found["per_class"]["Pro-B"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "specificity": 1.0}


def test_specificity_without_negatives_is_defined() -> None:
    found = score(np.zeros(3, int), certain([0, 0, 0]))

    assert [found["per_class"][name]["specificity"] for name in ("Benign", "Pro-B")] == [0.0, 1.0]


def test_honest_confidence_has_no_calibration_error() -> None:
    labels = np.array([0, 0, 0, 1])
    probabilities = np.tile([0.75, 0.25, 0.0, 0.0], (4, 1))

    assert expected_calibration_error(labels, probabilities) == pytest.approx(0.0)
    assert expected_calibration_error(labels, certain([0, 0, 0, 0])) == pytest.approx(0.25)


def test_the_calibration_error_of_a_resample_is_that_of_its_repeated_smears() -> None:
    rng = np.random.default_rng(3)
    probabilities, labels = rng.dirichlet([1.0, 1.0, 1.0, 1.0], 60), np.arange(60) % 4
    weights = bootstrap_weights(list(range(60)))[:5]

    found = calibration_errors(labels, probabilities, weights)

    repeated = [np.repeat(np.arange(60), row.astype(int)) for row in weights]
    assert found == pytest.approx([expected_calibration_error(labels[rows], probabilities[rows]) for rows in repeated])


def test_the_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(1)
    honest = rng.dirichlet([1.0, 1.0, 1.0, 1.0], 4000)
    labels = np.array([rng.choice(4, p=probability) for probability in honest])

    temperature = fit_temperature(labels, temper(honest, 0.5))

    assert temperature == pytest.approx(2.0, rel=0.1)


def test_prediction_sets_hold_the_truth_in_95_of_100_new_smears() -> None:
    rng = np.random.default_rng(2)
    probabilities = rng.dirichlet([0.5, 0.5, 0.5, 0.5], 20_000)
    labels = np.array([rng.choice(4, p=probability) for probability in probabilities])

    threshold = fit_prediction_set(labels[:10_000], probabilities[:10_000])

    of_truth = probabilities[np.arange(10_000, 20_000), labels[10_000:]]
    assert (of_truth >= threshold).mean() == pytest.approx(0.95, abs=0.01)


def test_a_sharp_model_still_names_every_class_that_is_likely() -> None:
    labels = np.arange(400) % 4

    assert fit_prediction_set(labels, 0.96 * np.eye(4)[labels] + 0.01) == 0.2


def test_known_colours_are_accepted_and_others_are_not() -> None:
    pictures = np.stack([draw_synthetic_smear(seed, side=224) for seed in range(30)])
    labels = np.arange(20) % 2

    reference = fit_colours(pictures[:20], labels, pictures[20:])

    from hemascope.imaging.fingerprint import colour_fingerprint

    assert reference.score(colour_fingerprint(pictures[25])) < 1.0
    assert reference.score(colour_fingerprint(np.ascontiguousarray(pictures[25][..., ::-1]))) > 2.0
    assert len(reference.clusters) == 2
