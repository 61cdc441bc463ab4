"""Every figure of merit with its 95 % interval, by a bootstrap over groups of smears that belong together."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.data.dataset import CLASS_NAMES
from training.evidence.intervals import resampled
from training.evidence.metrics import expected_calibration_error

CLASSES = len(CLASS_NAMES)
MACRO = ("accuracy", "precision", "recall", "f1", "specificity", "auc")
_TAIL = 0.025


def judge(labels: np.ndarray, probabilities: np.ndarray, groups: Sequence[str]) -> dict[str, Any]:
    """Score probabilities (n, 4) against class indices (n,).

    Parameters
    ----------
    groups
        What each example belongs to: overlapping fields and the two pictures of one smear are drawn together.

    Returns
    -------
    dict
        ``accuracy`` and macro ``precision``, ``recall``, ``f1``, ``specificity`` and ``auc`` (one class against the rest),
        each ``[value, low, high]``; the same under ``per_class``, where accuracy is that of one class against the rest;
        ``confusion_matrix`` (rows: truth), ``expected_calibration_error``, ``examples`` and ``groups``.
    """
    answers = probabilities.argmax(axis=1)
    weights = resampled(groups)
    matrices = (weights @ np.eye(CLASSES**2)[CLASSES * labels + answers]).reshape(-1, CLASSES, CLASSES)
    per_class = figures_of(matrices)
    per_class["auc"] = np.stack([_auc(labels == one, probabilities[:, one], weights) for one in range(CLASSES)], 1)
    macro = {name: _mean(values) for name, values in per_class.items()}
    macro["accuracy"] = np.einsum("dii->d", matrices) / matrices.sum(axis=(1, 2))
    # Where no answer is wrong a bootstrap knows no spread: Clopper and Pearson's lower end for that many groups.
    floor = _TAIL ** (1 / len(set(groups))) if (answers == labels).all() else 1.0
    return {
        "examples": len(labels),
        "groups": len(set(groups)),
        **{name: _interval(macro[name], floor) for name in MACRO},
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
        "confusion_matrix": matrices[0].astype(int).tolist(),
        "per_class": {
            name: {figure: _interval(per_class[figure][:, one], floor) for figure in MACRO}
            for one, name in enumerate(CLASS_NAMES)
        },
    }


def figures_of(matrices: np.ndarray) -> dict[str, np.ndarray]:
    """Figures of each class from confusion matrices (n, classes, classes), rows: truth -> arrays (n, classes).

    A class that no answer names has precision 0; one that no example is of has no recall (NaN).
    """
    true = np.einsum("dii->di", matrices)
    named, actual = matrices.sum(axis=1), matrices.sum(axis=2)
    total = matrices.sum(axis=(1, 2))[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": (total - named - actual + 2 * true) / total,
            "precision": np.where(named > 0, true / named, 0.0),
            "recall": true / actual,
            "f1": 2 * true / (named + actual),
            "specificity": (total - actual - named + true) / (total - actual),
        }


def _auc(positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the curve for each row of weights (draws, n): how often a positive outscores a negative, ties half."""
    above = (scores[positive][:, None] > scores[~positive]) + 0.5 * (scores[positive][:, None] == scores[~positive])
    positives, negatives = weights[:, positive].astype(np.float32), weights[:, ~positive].astype(np.float32)
    with np.errstate(invalid="ignore"):
        pairs = positives.sum(axis=1, dtype=np.float64) * negatives.sum(axis=1, dtype=np.float64)
        return np.einsum("dn,dn->d", positives @ above.astype(np.float32), negatives, dtype=np.float64) / pairs


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the classes that have a figure; NaN where none has."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1)


def _interval(values: np.ndarray, floor: float) -> list[float]:
    """Point value (the first) and quantiles of the resamples."""
    if np.isnan(values[0]):
        return 3 * [float("nan")]
    low, high = np.nanquantile(values[1:], [_TAIL, 1 - _TAIL])
    return [float(values[0]), float(min(low, floor)), float(high)]
