"""Classification metrics, macro-averaged over the classes, with 95 % bootstrap intervals; and calibration error.

Pictures of one field, or of one session, are not independent, so the bootstrap draws whole groups of smears: drawing single
smears would give intervals that are too narrow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import CLASS_NAMES

DRAWS = 2000
MACRO = ("accuracy", "precision", "recall", "f1", "specificity", "auc")
_PER_CLASS = ("precision", "recall", "f1", "specificity")
_TAIL = 0.025
_SEED = 4420

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


class Accuracies(NamedTuple):
    """Share of correct answers, and its mean over the classes (0.25 for guessing among four)."""

    accuracy: Estimate
    balanced: Estimate


def score(labels: Labels, probabilities: Floats) -> dict[str, Any]:
    """Score probabilities (n, classes) against class indices (n,), without intervals.

    Returns
    -------
    dict
        ``smears``, ``accuracy``, macro ``precision``, ``recall`` (sensitivity), ``f1`` and ``specificity``,
        ``expected_calibration_error`` (15 bins), ``confusion_matrix`` (rows: truth, columns: answer), ``per_class``. A metric
        that is not defined for a class (0 / 0) counts as 0.
    """
    answers = probabilities.argmax(axis=1)
    matrices = confusion_matrices(labels, answers, np.ones((1, len(labels))), probabilities.shape[1])
    per_class = {name: np.nan_to_num(values[0]) for name, values in class_metrics(matrices).items() if name in _PER_CLASS}
    return {
        "smears": len(labels),
        "accuracy": float((answers == labels).mean()),
        **{name: float(values.mean()) for name, values in per_class.items()},
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
        "confusion_matrix": matrices[0].astype(int).tolist(),
        "per_class": {
            class_name: {name: float(values[label]) for name, values in per_class.items()}
            for label, class_name in enumerate(CLASS_NAMES)
        },
    }


def score_with_intervals(labels: Labels, probabilities: Floats, groups: Sequence[object]) -> dict[str, Any]:
    """Score probabilities (n, classes) against class indices (n,), each metric with its interval.

    Parameters
    ----------
    groups
        (n,), what each example belongs to: overlapping fields, and the two pictures of one smear, are drawn together.

    Returns
    -------
    dict
        ``accuracy`` and macro ``precision``, ``recall``, ``f1``, ``specificity`` and ``auc`` (one class against the rest), each
        ``[value, low, high]``; the same under ``per_class``, where accuracy is that of one class against the rest;
        ``confusion_matrix`` (rows: truth), ``expected_calibration_error``, ``examples`` and ``groups``. Classes for which a
        metric is not defined (0 / 0) are left out of its mean.
    """
    answers, classes = probabilities.argmax(axis=1), probabilities.shape[1]
    weights = bootstrap_weights(groups)
    matrices = confusion_matrices(labels, answers, weights, classes)
    per_class = class_metrics(matrices)
    per_class["auc"] = np.stack([_auc(labels == label, probabilities[:, label], weights) for label in range(classes)], 1)
    macro = {name: _mean_of_defined(values) for name, values in per_class.items()} | {"accuracy": _accuracy(matrices)}
    floor = _floor(labels, answers, groups)

    def with_interval(values: Mapping[str, Floats]) -> dict[str, list[float]]:
        return {name: list(astuple(bootstrap_interval(values[name], floor))) for name in MACRO}

    return {
        "examples": len(labels),
        "groups": len(set(groups)),
        **with_interval(macro),
        "expected_calibration_error": expected_calibration_error(labels, probabilities),
        "confusion_matrix": matrices[0].astype(int).tolist(),
        "per_class": {
            class_name: with_interval({name: values[:, label] for name, values in per_class.items()})
            for label, class_name in enumerate(CLASS_NAMES)
        },
    }


def accuracies(labels: Labels, answers: Labels, groups: Sequence[object]) -> Accuracies:
    """Score answers (n,) against labels (n,); ``groups`` (n,) names what each smear belongs to."""
    matrices = confusion_matrices(labels, answers, bootstrap_weights(groups))
    floor = _floor(labels, answers, groups)
    return Accuracies(*(bootstrap_interval(values, floor) for values in (_accuracy(matrices), _balanced_accuracy(matrices))))


def margin(labels: Labels, answers: Labels, others: Labels, groups: Sequence[object]) -> Estimate:
    """How much higher the balanced accuracy of some answers is than that of others, on the same smears (paired)."""
    weights = bootstrap_weights(groups)
    ours, theirs = (_balanced_accuracy(confusion_matrices(labels, given, weights)) for given in (answers, others))
    return bootstrap_interval(ours - theirs)


def bootstrap_weights(groups: Sequence[object]) -> NDArray[np.float64]:
    """How often each smear is drawn: (1 + draws, n). Row 0 is the sample itself, the others are bootstraps of whole groups."""
    names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    rows = np.array([names[group] for group in groups])
    drawn = np.random.default_rng(_SEED).multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS)
    return np.vstack([np.ones(len(rows), np.int64), drawn[:, rows]]).astype(np.float64)


def bootstrap_interval(values: Floats, floor: float = 1.0) -> Estimate:
    """The value of the sample itself with the middle 95 % of its bootstraps, from all of them (1 + draws,).

    The lower end is at most ``floor``. NaN where the sample has no value.
    """
    if np.isnan(values[0]):
        return Estimate(*3 * [float("nan")])
    low, high = np.nanquantile(values[1:], [_TAIL, 1 - _TAIL])
    return Estimate(float(values[0]), float(min(low, floor)), float(high))


def confusion_matrices(labels: Labels, answers: Labels, weights: Floats, classes: int | None = None) -> NDArray[np.float64]:
    """Weighted confusion matrices: (draws, classes, classes), rows are the truth; ``weights`` is (draws, n)."""
    count = classes or 1 + int(max(labels.max(), answers.max()))
    matrices = weights @ np.eye(count**2)[count * labels + answers]
    return np.asarray(matrices.reshape(-1, count, count), np.float64)


def class_metrics(matrices: Floats) -> dict[str, NDArray[np.float64]]:
    """Metrics of each class from confusion matrices (draws, classes, classes), rows are the truth -> (draws, classes).

    A class that no answer names has precision 0; one without examples has no recall (NaN).

    Examples
    --------
    >>> class_metrics(np.array([[[3, 1], [0, 4]]]))["specificity"].tolist()
    [[1.0, 0.75]]
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


def expected_calibration_error(labels: Labels, probabilities: Floats, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins of confidence (Guo et al., ICML 2017).

    Examples
    --------
    >>> round(expected_calibration_error(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]])), 3)
    0.4
    """
    return float(calibration_errors(labels, probabilities, np.ones((1, len(labels))), bins)[0])


def calibration_errors(labels: Labels, probabilities: Floats, weights: Floats, bins: int = 15) -> NDArray[np.float64]:
    """Expected calibration error of each resample, (draws,), from its ``weights`` (draws, n)."""
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    gaps = (correct - confidence)[:, None] * np.eye(bins)[confidence_bins(confidence, bins)]
    return np.asarray(np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1))


def confidence_bins(confidence: Floats, bins: int) -> NDArray[np.int64]:
    """Number of the equal-width bin that each confidence (n,) of 0-1 is in: (n,), 0 to ``bins`` - 1."""
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)


def _floor(labels: Labels, answers: Labels, groups: Sequence[object]) -> float:
    """Without any mistake all bootstraps are alike; then the lower end is Clopper and Pearson's for that many groups."""
    return float(_TAIL ** (1 / len(set(groups)))) if (answers == labels).all() else 1.0


def _accuracy(matrices: Floats) -> NDArray[np.float64]:
    return np.asarray(np.einsum("dii->d", matrices) / matrices.sum(axis=(1, 2)))


def _balanced_accuracy(matrices: Floats) -> NDArray[np.float64]:
    return _mean_of_defined(class_metrics(matrices)["recall"])


def _mean_of_defined(values: Floats) -> NDArray[np.float64]:
    """Mean over the classes for which a metric is defined, (draws,); NaN where it is defined for none."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1))


def _auc(positive: NDArray[np.bool_], scores: Floats, weights: Floats) -> NDArray[np.float64]:
    """Area under the ROC curve of each resample, (draws,): how often a positive outscores a negative, ties count half."""
    above = (scores[positive][:, None] > scores[~positive]) + 0.5 * (scores[positive][:, None] == scores[~positive])
    positives, negatives = weights[:, positive].astype(np.float32), weights[:, ~positive].astype(np.float32)
    with np.errstate(invalid="ignore"):
        pairs = positives.sum(axis=1, dtype=np.float64) * negatives.sum(axis=1, dtype=np.float64)
        return np.asarray(np.einsum("dn,dn->d", positives @ above.astype(np.float32), negatives, dtype=np.float64) / pairs)
