"""Intervals against those of textbooks."""

from dataclasses import astuple

import numpy as np
import pytest
from scipy.stats import beta, norm

from training.evidence.metrics import Estimate, accuracies, bootstrap_weights, margin


def answers(labels: np.ndarray, wrong: int) -> np.ndarray:
    """The first answers of each class are wrong."""
    given = labels.copy()
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)[:wrong]
        given[places] = (label + 1) % 4
    return given


def test_single_smears_have_the_interval_of_a_proportion() -> None:
    labels = np.repeat(np.arange(4), 250)

    found = accuracies(labels, answers(labels, 25), list(range(1000)))

    half = norm.ppf(0.975) * np.sqrt(0.9 * 0.1 / 1000)
    assert found.accuracy.value == pytest.approx(0.9)
    assert found.accuracy.low == pytest.approx(0.9 - half, abs=0.003)
    assert found.accuracy.high == pytest.approx(0.9 + half, abs=0.003)


def test_copies_of_a_smear_add_no_certainty() -> None:
    labels = np.repeat(np.arange(4), 250)
    given, names = answers(labels, 25), list(range(1000))
    once = accuracies(labels, given, names).accuracy

    tenfold = accuracies(np.repeat(labels, 10), np.repeat(given, 10), list(np.repeat(names, 10))).accuracy

    assert astuple(tenfold) == pytest.approx(astuple(once))


def test_smears_of_one_field_widen_the_interval() -> None:
    labels = np.repeat(np.arange(4), 100)
    given = answers(labels, 20)

    alone = accuracies(labels, given, list(range(400))).accuracy
    in_twenties = accuracies(labels, given, [number // 20 for number in range(400)]).accuracy

    assert in_twenties.high - in_twenties.low > 3 * (alone.high - alone.low)


def test_balanced_accuracy_is_the_mean_over_classes_of_any_size() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    given = np.zeros(100, int)

    found = accuracies(labels, given, list(range(100)))

    assert found.accuracy.value == pytest.approx(0.9)
    assert found.balanced.value == pytest.approx(0.5)


def test_no_mistake_is_not_certainty() -> None:
    labels = np.arange(80) % 4

    found = accuracies(labels, labels, [number // 2 for number in range(80)])

    assert found.accuracy.value == found.accuracy.high == 1.0
    assert found.accuracy.low == pytest.approx(beta.ppf(0.025, 40, 1))


def test_a_margin_is_taken_on_the_same_smears() -> None:
    labels = np.arange(400) % 4
    better, worse = answers(labels, 5), answers(labels, 25)

    found = margin(labels, better, worse, list(range(400)))

    assert found.value == pytest.approx(0.2)
    # All mistakes of the better are mistakes of the worse too: 80 of 400 differ, and nothing else is uncertain.
    half = norm.ppf(0.975) * np.sqrt(0.2 * 0.8 / 400)
    assert found.low == pytest.approx(0.2 - half, abs=0.01)
    assert margin(labels, worse, worse, list(range(400))) == Estimate(0.0, 0.0, 0.0)


def test_the_first_resample_is_the_sample_and_groups_are_drawn_whole() -> None:
    weights = bootstrap_weights(["a", "b", "a", "c"])

    assert weights[0].tolist() == [1, 1, 1, 1]
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
