"""Does a confidence of 90 % mean nine in ten? Reliability and calibration error, before and after the temperature."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.model.classifier import Classifier, temper
from training.data.dataset import Sample, labels_of
from training.evidence.evaluate import network_inputs, served
from training.evidence.intervals import interval, resampled
from training.evidence.metrics import expected_calibration_error

BINS = 10  # of the diagram; the error has the 15 of Guo et al.


def measure_calibration(
    classifier: Classifier, root: Path, samples: Sequence[Sample], groups: Mapping[str, str]
) -> dict[str, Any]:
    """Judge an artifact's confidence on smears that set neither its weights nor its temperature.

    Returns
    -------
    dict
        ``temperature``, and for ``before`` and ``after`` it: ``expected_calibration_error`` (15 bins, with an interval over
        groups), ``log_loss``, ``mean_confidence``, ``accuracy``, and ``bins`` of the diagram.
    """
    labels, units = labels_of(samples), [groups[sample.path] for sample in samples]
    after = served(classifier, network_inputs(root, samples, classifier))
    temperature = classifier.artifact.manifest.decision.temperature
    before = temper(after, 1.0 / temperature)
    return {
        "smears": len(samples),
        "temperature": temperature,
        "before": _judge(labels, before, units),
        "after": _judge(labels, after, units),
    }


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> list[dict[str, float]]:
    """Confidence, accuracy and number of smears of each bin of confidence that holds any.

    Examples
    --------
    >>> reliability(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]]))
    [{'confidence': 0.9, 'accuracy': 0.5, 'smears': 2}]
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "confidence": float(confidence[which == one].mean()),
            "accuracy": float(right[which == one].mean()),
            "smears": int((which == one).sum()),
        }
        for one in np.unique(which)
    ]


def _judge(labels: np.ndarray, probabilities: np.ndarray, units: Sequence[object]) -> dict[str, Any]:
    drawn = resampled(units).astype(int)
    errors = [expected_calibration_error(np.repeat(labels, one), np.repeat(probabilities, one, axis=0)) for one in drawn]
    of_truth = np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1.0)
    return {
        "expected_calibration_error": interval(np.array(errors)),
        "log_loss": float(-np.log(of_truth).mean()),
        "mean_confidence": float(probabilities.max(axis=1).mean()),
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "bins": reliability(labels, probabilities),
    }
