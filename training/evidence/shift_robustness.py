"""Accuracy of an artifact, as served, under shifts of stain, light and camera; and how much of the loss is segmentation's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.report import Decision
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.segment import Segmentation
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from hemascope.screening.selfcheck import SPECIMEN
from training.data.dataset import Sample, labels_of
from training.data.shifts import NONE, SHIFTS, Shift
from training.evidence.metrics import accuracies, expected_calibration_error


def measure_shifts(
    classifier: Classifier, root: Path, samples: Sequence[Sample], groups: Mapping[str, str], shifts: Sequence[Shift] = SHIFTS
) -> list[dict[str, Any]]:
    """Score an artifact on smears as they are and under each shift, in that order.

    Returns
    -------
    list of dict
        ``shift``; ``accuracy`` and ``balanced`` (with intervals) of the whole pipeline from bytes to decision; ``same_mask``,
        the accuracy with the mask of the unshifted picture; ``mask_iou``, the mean overlap of both masks (intersection over
        union); ``confident`` and ``confident_wrong``, the shares of all smears that get a confident answer, and a wrong one;
        ``expected_calibration_error``.
    """
    labels, units = labels_of(samples), [groups[sample.path] for sample in samples]
    pictures = [decode((root / sample.path).read_bytes()) for sample in samples]
    rows = []
    for shift in (NONE, *shifts):
        answers = [_answer(classifier, picture, shift) for picture in pictures]
        probabilities = np.array([answer[0] for answer in answers])
        answered = probabilities.argmax(axis=1)
        right = answered == labels
        confident = np.array([answer[1] is Decision.CONFIDENT for answer in answers])
        same = np.array([answer[2] for answer in answers])
        rows.append(
            {"shift": shift.name, **accuracies(labels, answered, units)._asdict()}
            | {
                "same_mask": float((same == labels).mean()),
                "mask_iou": float(np.mean([answer[3] for answer in answers])),
                "confident": float(confident.mean()),
                "confident_wrong": float((confident & ~right).mean()),
                "expected_calibration_error": expected_calibration_error(labels, probabilities),
            }
        )
    return rows


def worst(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The shift with the lowest accuracy."""
    return min(rows, key=lambda row: row["accuracy"].value)


def overlap(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks; 1 where both are empty.

    Examples
    --------
    >>> overlap(np.array([True, True, False]), np.array([False, True, True])).__round__(3)
    0.333
    """
    union = int((mask | other).sum())
    return float((mask & other).sum() / union) if union else 1.0


def _answer(classifier: Classifier, picture: Picture, shift: Shift) -> tuple[list[float], Decision, int, float]:
    """Probabilities and decision as served, class with the mask of the unshifted picture, overlap of both masks."""
    spec = classifier.artifact.manifest.preprocessing
    shifted = shift.apply(picture)
    result = screen(encode_png(shifted), SPECIMEN, classifier).report.result
    if result is None:
        raise ValueError(f"expected smears that are accepted under every shift, one was rejected: {shift.name}")
    own = to_network_inputs(to_working_picture(shifted, spec), spec).segmentation
    before = _moved(to_network_inputs(to_working_picture(picture, spec), spec).segmentation, picture, shift, spec)
    inputs = to_network_inputs(to_working_picture(shifted, spec), spec, before)
    answer = int(classifier.probabilities(inputs).argmax())
    return list(result.probabilities.values()), result.decision, answer, overlap(own.mask, before.mask)


def _moved(found: Segmentation, picture: Picture, shift: Shift, spec: PreprocessingSpec) -> Segmentation:
    """A segmentation, its pixels moved as the shift moves them."""
    if not shift.moves:
        return found
    height, width = picture.shape[:2]
    mask = cv2.resize(found.mask.astype(np.uint8) * 255, (width, height), interpolation=cv2.INTER_NEAREST)
    shown = to_working_picture(shift.apply(np.repeat(mask[..., None], 3, axis=2)), spec)
    corner_free = to_working_picture(np.zeros_like(picture), spec)[..., 0] == 0  # that corner is painted white
    return Segmentation.of_mask((shown[..., 0] > 127) & corner_free)
