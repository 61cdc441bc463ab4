"""Scores a model artifact as it is served: files -> decode -> segment -> LiteRT -> tempered probabilities."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hemascope.imaging.decode import decode
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs, to_working_picture
from hemascope.model.classifier import Classifier
from training.data.dataset import Sample, labels_of
from training.evidence.intervals import accuracies
from training.evidence.metrics import score


def network_inputs(root: Path, samples: Sequence[Sample], classifier: Classifier) -> list[NetworkInputs]:
    """Network inputs of some smears, by the serving code."""
    spec = classifier.artifact.manifest.preprocessing
    return [to_network_inputs(to_working_picture(decode((root / sample.path).read_bytes()), spec), spec) for sample in samples]


def served(classifier: Classifier, inputs: Sequence[NetworkInputs], views: int = 1) -> np.ndarray:
    """Probabilities as served: (n, 4), float64; of several views, the mean of a smear's first ``views`` ways to lie."""
    return np.array(
        [np.mean([classifier.probabilities(one) for one in lying_otherwise(smear)[:views]], axis=0) for smear in inputs]
    )


def lying_otherwise(inputs: NetworkInputs) -> list[NetworkInputs]:
    """The eight ways in which a square smear may lie under the microscope, the one it was photographed in first."""
    return [
        inputs._replace(**{name: _laid(getattr(inputs, name), turns, mirrored) for name in ("original", "segmented")})
        for mirrored in (False, True)
        for turns in range(4)
    ]


def _laid(picture: np.ndarray, turns: int, mirrored: bool) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(picture[:, ::-1] if mirrored else picture, turns))


def in_float(network: keras.Model, inputs: Sequence[NetworkInputs], batch: int = 32) -> np.ndarray:
    """Probabilities of the float network, not tempered: (n, 4)."""
    answers = []
    for start in range(0, len(inputs), batch):
        some = inputs[start : start + batch]
        pair = {"original": np.stack([one.original for one in some]), "segmented": np.stack([one.segmented for one in some])}
        answers.append(keras.ops.convert_to_numpy(network(pair, training=False)))
    return np.concatenate(answers)


def evaluate(
    classifier: Classifier,
    root: Path,
    samples: Sequence[Sample],
    groups: Mapping[str, str] | None = None,
    views: int = 1,
) -> dict[str, Any]:
    """Score an artifact on some smears, with the mean cell count of each class and the files it got wrong.

    Where ``groups`` (path -> group) says which smears belong together, ``intervals`` holds the accuracy and the balanced
    accuracy with their 95 % intervals. ``views`` above 1 is augmentation at the time of the test, which is not served.
    """
    inputs = network_inputs(root, samples, classifier)
    labels, probabilities = labels_of(samples), served(classifier, inputs, views)
    cells = np.array([one.segmentation.cell_count for one in inputs])
    wrong = [
        sample.path for sample, answer in zip(samples, probabilities.argmax(axis=1), strict=True) if sample.label != answer
    ]
    counts = {
        name: float(cells[labels == label].mean())
        for label, name in enumerate(classifier.artifact.manifest.disease.class_names)
    }
    report = score(labels, probabilities) | {"mean_cell_count": counts, "mistakes": wrong}
    if groups is not None:
        found = accuracies(labels, probabilities.argmax(axis=1), [groups[sample.path] for sample in samples])
        report["intervals"] = {"accuracy": found.accuracy, "balanced_accuracy": found.balanced}
    return report
