"""Scores a model artifact as it is served: files -> decode -> segment -> LiteRT -> tempered probabilities."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import decode
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs, to_working_picture
from hemascope.model.classifier import Classifier
from training.data.dataset import Sample, labels_of
from training.evidence.metrics import accuracies, score


def network_inputs(root: Path, samples: Sequence[Sample], classifier: Classifier) -> list[NetworkInputs]:
    """Network inputs of smears, by the serving code."""
    spec = classifier.artifact.manifest.preprocessing
    return [to_network_inputs(to_working_picture(decode((root / sample.path).read_bytes()), spec), spec) for sample in samples]


def served(classifier: Classifier, inputs: Sequence[NetworkInputs], views: int = 1) -> NDArray[np.float64]:
    """Probabilities as served: (n, classes); with several views, the mean over a smear's first ``views`` orientations."""
    return np.array(
        [np.mean([classifier.probabilities(view) for view in orientations(smear)[:views]], axis=0) for smear in inputs],
        np.float64,
    )


def orientations(inputs: NetworkInputs) -> list[NetworkInputs]:
    """The eight orientations (quarter turns, mirrored or not) of a square smear, the photographed one first."""
    return [
        inputs._replace(
            original=_oriented(inputs.original, turns, mirrored), segmented=_oriented(inputs.segmented, turns, mirrored)
        )
        for mirrored in (False, True)
        for turns in range(4)
    ]


def _oriented(picture: NDArray[np.float32], turns: int, mirrored: bool) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.rot90(picture[:, ::-1] if mirrored else picture, turns))


def in_float(network: keras.Model, inputs: Sequence[NetworkInputs], batch: int = 32) -> NDArray[np.float32]:
    """Probabilities of the float network, not tempered: (n, classes)."""
    answers = []
    for start in range(0, len(inputs), batch):
        chosen = inputs[start : start + batch]
        pair = {name: np.stack([getattr(smear, name) for smear in chosen]) for name in ("original", "segmented")}
        answers.append(keras.ops.convert_to_numpy(network(pair, training=False)))
    return np.concatenate(answers)


def evaluate(
    classifier: Classifier,
    root: Path,
    samples: Sequence[Sample],
    groups: Mapping[str, str] | None = None,
    views: int = 1,
) -> dict[str, Any]:
    """Score an artifact on smears; also the mean cell count of each class and the files it classified wrongly.

    Where ``groups`` (path -> group) says which smears belong together, ``intervals`` holds the accuracy and the balanced
    accuracy with their 95 % intervals. ``views`` above 1 is test-time augmentation, which is not served.
    """
    inputs = network_inputs(root, samples, classifier)
    labels, probabilities = labels_of(samples), served(classifier, inputs, views)
    answers = probabilities.argmax(axis=1)
    cells = np.array([smear.segmentation.cell_count for smear in inputs])
    wrong = [sample.path for sample, answer in zip(samples, answers, strict=True) if sample.label != answer]
    classes = classifier.artifact.manifest.disease.class_names
    counts = {name: float(cells[labels == label].mean()) for label, name in enumerate(classes)}
    report = score(labels, probabilities) | {"mean_cell_count": counts, "mistakes": wrong}
    if groups is not None:
        estimates = accuracies(labels, answers, [groups[sample.path] for sample in samples])
        report["intervals"] = {"accuracy": estimates.accuracy, "balanced_accuracy": estimates.balanced}
    return report
