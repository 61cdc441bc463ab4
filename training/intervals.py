"""Accuracy and balanced accuracy with 95 % intervals, by a bootstrap over groups of smears that belong together.

Pictures of one field, or of one session, are not independent; drawing them one by one would flatter the interval.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

DRAWS = 2000
LEVEL = 0.95
_SEED = 4420


class Figure(NamedTuple):
    """A share and its 95 % interval."""

    value: float
    low: float
    high: float


class Accuracies(NamedTuple):
    """Share of right answers, and its mean over the classes (chance: 0.25)."""

    accuracy: Figure
    balanced: Figure


def accuracies(labels: np.ndarray, answers: np.ndarray, groups: Sequence[object]) -> Accuracies:
    """Score answers (n,) against labels (n,); ``groups`` names what each smear belongs to.

    Where no answer is wrong a bootstrap knows no spread; then the lower end is Clopper and Pearson's for that many groups.
    """
    hits, totals = _counts(labels, answers == labels, groups)
    drawn = draws(len(totals))
    shares = [_both(hits.sum(axis=0), totals.sum(axis=0)), *(_both(one @ hits, one @ totals) for one in drawn)]
    first, rest = np.array(shares[0]), np.array(shares[1:])
    low, high = np.quantile(rest, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    if (answers == labels).all():
        low = np.full(2, ((1 - LEVEL) / 2) ** (1 / len(totals)))
    return Accuracies(*(Figure(*(float(one) for one in figure)) for figure in zip(first, low, high, strict=True)))


def margin(labels: np.ndarray, answers: np.ndarray, others: np.ndarray, groups: Sequence[object]) -> Figure:
    """How much higher the balanced accuracy of some answers is than that of others, on the same smears (paired)."""
    hits, totals = _counts(labels, answers == labels, groups)
    other_hits, _ = _counts(labels, others == labels, groups)

    def gap(weights: np.ndarray) -> float:
        return _both(weights @ hits, weights @ totals)[1] - _both(weights @ other_hits, weights @ totals)[1]

    gaps = [gap(one) for one in draws(len(totals))]
    low, high = np.quantile(gaps, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Figure(float(gap(np.ones(len(totals)))), float(low), float(high))


def _counts(labels: np.ndarray, right: np.ndarray, groups: Sequence[object]) -> tuple[np.ndarray, np.ndarray]:
    """Right answers and smears of each group and class: two arrays (groups, classes)."""
    names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    rows = np.array([names[one] for one in groups])
    shape = (len(names), int(labels.max()) + 1)
    hits, totals = np.zeros(shape), np.zeros(shape)
    np.add.at(totals, (rows, labels), 1)
    np.add.at(hits, (rows[right], labels[right]), 1)
    return hits, totals


def draws(groups: int) -> np.ndarray:
    """How often each group is drawn in each resample: (draws, groups)."""
    return np.random.default_rng(_SEED).multinomial(groups, np.full(groups, 1 / groups), DRAWS)


def _both(hits: np.ndarray, totals: np.ndarray) -> tuple[float, float]:
    seen = totals > 0  # a class that was not drawn has no accuracy
    return float(hits.sum() / totals.sum()), float((hits[seen] / totals[seen]).mean())
