"""Calibration of an artifact: reliability diagram and expected calibration error, before and after temperature scaling."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.model.classifier import Classifier, temper
from training.data.dataset import Sample, labels_of
from training.evidence.evaluate import network_inputs, served
from training.evidence.metrics import (
    Floats,
    Labels,
    bootstrap_interval,
    bootstrap_weights,
    calibration_errors,
    confidence_bins,
)

BINS = 10  # of the diagram; the error has the 15 of Guo et al.


def measure_calibration(
    classifier: Classifier, root: Path, samples: Sequence[Sample], groups: Mapping[str, str]
) -> dict[str, Any]:
    """Measure how well an artifact's confidence agrees with its accuracy, on smears that set neither weights nor temperature.

    Returns
    -------
    dict
        ``smears``, ``temperature``, and ``before`` and ``after`` the temperature is applied: ``expected_calibration_error``
        (15 bins, with an interval over groups), ``log_loss``, ``mean_confidence``, ``accuracy``, and ``bins`` of the diagram.
    """
    labels, units = labels_of(samples), [groups[sample.path] for sample in samples]
    after = served(classifier, network_inputs(root, samples, classifier))
    temperature = classifier.artifact.manifest.decision.temperature
    before = temper(after, 1.0 / temperature)
    return {
        "smears": len(samples),
        "temperature": temperature,
        "before": _calibration(labels, before, units),
        "after": _calibration(labels, after, units),
    }


def reliability(labels: Labels, probabilities: Floats, bins: int = BINS) -> list[dict[str, float]]:
    """Mean confidence, accuracy and number of smears of each bin of confidence that holds any.

    Examples
    --------
    >>> reliability(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]]))
    [{'confidence': 0.9, 'accuracy': 0.5, 'smears': 2}]
    """
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bin_of = confidence_bins(confidence, bins)
    return [
        {
            "confidence": float(confidence[bin_of == number].mean()),
            "accuracy": float(correct[bin_of == number].mean()),
            "smears": int((bin_of == number).sum()),
        }
        for number in np.unique(bin_of)
    ]


def _calibration(labels: Labels, probabilities: Floats, units: Sequence[object]) -> dict[str, Any]:
    of_truth = np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1.0)
    return {
        "expected_calibration_error": bootstrap_interval(calibration_errors(labels, probabilities, bootstrap_weights(units))),
        "log_loss": float(-np.log(of_truth).mean()),
        "mean_confidence": float(probabilities.max(axis=1).mean()),
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "bins": reliability(labels, probabilities),
    }
