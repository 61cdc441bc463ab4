"""Metrics with intervals; scikit-learn is the oracle of their values."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.evidence.metrics import score, score_with_intervals


def some_answers(smears: int = 200, skill: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    labels = np.arange(smears) % 4
    scores = rng.normal(size=(smears, 4)) + skill * np.eye(4)[labels]
    scores = np.round(scores, 1)  # so that there are ties
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return labels, probabilities


def alone(smears: int) -> list[str]:
    return [str(number) for number in range(smears)]


def test_figures_are_those_of_scikit_learn() -> None:
    labels, probabilities = some_answers()

    found = score_with_intervals(labels, probabilities, alone(200))

    known = score(labels, probabilities)
    for name in ("accuracy", "precision", "recall", "f1", "specificity"):
        assert found[name][0] == pytest.approx(known[name])
    assert found["confusion_matrix"] == known["confusion_matrix"]
    assert found["auc"][0] == pytest.approx(roc_auc_score(labels, probabilities, multi_class="ovr", average="macro"))
    for label, (name, figures) in enumerate(found["per_class"].items()):
        assert figures["auc"][0] == pytest.approx(roc_auc_score(labels == label, probabilities[:, label]))
        assert figures["recall"][0] == pytest.approx(known["per_class"][name]["recall"])


def test_accuracy_of_one_class_is_that_of_the_class_against_the_rest() -> None:
    # Two Benign called Pre-B, all else right.
    labels, answers = np.array([0, 0, 0, 1, 2, 3, 3, 3]), [2, 2, 0, 1, 2, 3, 3, 3]

    found = score_with_intervals(labels, np.eye(4)[answers], alone(8))["per_class"]

    assert [found[name]["accuracy"][0] for name in found] == [6 / 8, 1.0, 6 / 8, 1.0]


def test_an_interval_is_about_as_wide_as_the_binomial_one() -> None:
    labels, probabilities = some_answers(400)

    value, low, high = score_with_intervals(labels, probabilities, alone(400))["accuracy"]

    expected = 1.96 * np.sqrt(value * (1 - value) / 400)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.1)


def test_smears_that_belong_together_count_as_one() -> None:
    labels, probabilities = some_answers(100)
    fourfold, twins = np.tile(labels, 4), np.tile(probabilities, (4, 1))

    def width(groups: list[str]) -> float:
        _, low, high = score_with_intervals(fourfold, twins, groups)["accuracy"]
        return float(high - low)

    assert width(4 * alone(100)) == pytest.approx(2 * width(alone(400)), rel=0.1)


def test_without_a_mistake_the_lower_end_is_clopper_and_pearsons() -> None:
    labels = np.arange(40) % 4

    found = score_with_intervals(labels, np.eye(4)[labels], alone(40))

    assert found["accuracy"] == pytest.approx([1.0, 0.025 ** (1 / 40), 1.0])
    assert found["auc"][1] == pytest.approx(0.025 ** (1 / 40))


def test_a_class_that_is_not_there_has_no_recall_and_no_warning() -> None:
    labels = np.array([0, 0, 1, 1])

    found = score_with_intervals(labels, np.eye(4)[labels], alone(4))

    assert np.isnan(found["per_class"]["Pro-B"]["recall"][0])
    assert found["recall"][0] == 1.0
