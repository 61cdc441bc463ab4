"""Accuracy and balanced accuracy with 95 % intervals, by a bootstrap over groups of smears that belong together.

Pictures of one field, or of one session, are not independent; drawing them one by one would flatter the interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

DRAWS = 2000
_TAILS = (0.025, 0.975)
_SEED = 4420


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval."""

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
    weights = resampled(groups)
    figures = [interval(share) for share in _shares(labels, answers, weights)]
    if (answers == labels).all():
        low = _TAILS[0] ** (1 / len(set(groups)))
        figures = [replace(figure, low=low) for figure in figures]
    return Accuracies(*figures)


def margin(labels: np.ndarray, answers: np.ndarray, others: np.ndarray, groups: Sequence[object]) -> Figure:
    """How much higher the balanced accuracy of some answers is than that of others, on the same smears (paired)."""
    weights = resampled(groups)
    return interval(_shares(labels, answers, weights)[1] - _shares(labels, others, weights)[1])


def resampled(groups: Sequence[object]) -> np.ndarray:
    """How often each smear is drawn: (1 + draws, n). First the sample itself, then bootstraps of whole groups."""
    names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    rows = np.array([names[group] for group in groups])
    drawn = np.random.default_rng(_SEED).multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS)
    return np.vstack([np.ones(len(rows), np.int64), drawn[:, rows]]).astype(np.float64)


def interval(figures: np.ndarray) -> Figure:
    """A figure of the sample itself with the middle 95 % of its bootstraps, from all of them (1 + draws,)."""
    low, high = np.quantile(figures[1:], _TAILS)
    return Figure(float(figures[0]), float(low), float(high))


def _shares(labels: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and balanced accuracy of each resample."""
    of_class = np.eye(int(labels.max()) + 1)[labels]
    totals, hits = weights @ of_class, weights @ (of_class * (answers == labels)[:, None])
    seen = totals > 0  # a class that was not drawn has no accuracy
    recalls = np.divide(hits, totals, out=np.zeros_like(hits), where=seen)
    return hits.sum(axis=1) / totals.sum(axis=1), recalls.sum(axis=1) / seen.sum(axis=1)
