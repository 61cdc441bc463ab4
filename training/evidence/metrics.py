"""Figures of merit of a classifier: the paper's, macro-averaged over the four classes, and calibration."""

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from training.data.dataset import CLASS_NAMES


def score(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """Score probabilities (n, 4) against class indices (n,).

    Returns
    -------
    dict
        ``smears``, ``accuracy``, macro ``precision``, ``recall`` (sensitivity), ``f1`` and ``specificity``,
        ``expected_calibration_error`` (15 bins), ``confusion_matrix`` (rows: truth, columns: answer), ``per_class``.
    """
    answers = probabilities.argmax(axis=1)
    every = list(range(len(CLASS_NAMES)))
    matrix = confusion_matrix(labels, answers, labels=every)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, answers, labels=every, zero_division=0)
    specificity = specificities(matrix)
    return {
        "smears": len(labels),
        "accuracy": float(accuracy_score(labels, answers)),
        "precision": float(precision.mean()),
        "recall": float(recall.mean()),
        "f1": float(f1.mean()),
        "specificity": float(specificity.mean()),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
        "confusion_matrix": matrix.tolist(),
        "per_class": {
            name: {
                "precision": float(precision[one]),
                "recall": float(recall[one]),
                "f1": float(f1[one]),
                "specificity": float(specificity[one]),
            }
            for one, name in enumerate(CLASS_NAMES)
        },
    }


def specificities(matrix: np.ndarray) -> np.ndarray:
    """True negative rate of each class from a confusion matrix (rows: truth).

    Examples
    --------
    >>> specificities(np.array([[3, 1], [0, 4]])).tolist()
    [1.0, 0.75]
    """
    true = np.diag(matrix)
    false_positive = matrix.sum(axis=0) - true
    negatives = matrix.sum() - matrix.sum(axis=1)
    return (negatives - false_positive) / np.maximum(negatives, 1)


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins of confidence (Guo et al., ICML 2017).

    Examples
    --------
    >>> round(expected_calibration_error(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]])), 3)
    0.4
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(correct[which == one].mean() - confidence[which == one].mean()) * (which == one).mean() for one in np.unique(which)
    ]
    return float(np.sum(gaps))
