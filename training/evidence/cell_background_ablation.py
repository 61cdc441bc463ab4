"""Ablation of cells and backgrounds: which of the two does a classification depend on?"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.model.classifier import Classifier
from training.data.dataset import Sample
from training.evidence.probes import Mask, View, view_of

_RIM = 3  # pixels of a cell's surroundings that move with it, so that its edge is its own
_SEED = 4420


def without_cells(view: View) -> Picture:
    """A smear with its cells inpainted from their surroundings."""
    mask = _grown(view.cells, 2 * _RIM)
    return np.asarray(cv2.inpaint(view.whole, mask.astype(np.uint8), _RIM, cv2.INPAINT_TELEA), np.uint8)


def on_background(view: View, background: Picture) -> Picture:
    """The cells of one smear on another picture of its size."""
    return np.where(_grown(view.cells, _RIM)[..., None], view.whole, background)


def measure_cell_background_ablation(classifier: Classifier, root: Path, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Classify composites: the cells of a smear on another background, cells alone, backgrounds alone.

    The cells of each smear are used once, on the background of a random smear of another class.

    Returns
    -------
    list of dict
        ``picture``; the shares of answers that name the class of the ``cells``, of the ``background``, and ``neither``.
    """
    rng = random.Random(_SEED)
    counts: dict[str, NDArray[np.float64]] = {
        name: np.zeros(3) for name in ("cells on another class' background", "cells on white", "background alone")
    }
    for sample in samples:
        other = rng.choice([candidate for candidate in samples if candidate.label != sample.label])
        ours, theirs = view_of((root / sample.path).read_bytes()), view_of((root / other.path).read_bytes())
        empty = without_cells(theirs)
        pictures = (on_background(ours, empty), on_background(ours, np.full_like(ours.whole, 255)), empty)
        for name, picture in zip(counts, pictures, strict=True):
            answer = _answer(classifier, picture)
            counts[name] += (answer == sample.label, answer == other.label, answer not in (sample.label, other.label))
    shares: dict[str, list[float | None]] = {name: (count / len(samples)).tolist() for name, count in counts.items()}
    # A picture of cells or background alone has one class only.
    cells_alone, background_alone = (
        float(counts[name][at]) / len(samples) for name, at in (("cells on white", 0), ("background alone", 1))
    )
    shares["cells on white"][1:] = [None, 1 - cells_alone]
    shares["background alone"][::2] = [None, 1 - background_alone]
    return [
        {"picture": name, "cells": cells, "background": background, "neither": neither}
        for name, (cells, background, neither) in shares.items()
    ]


def _answer(classifier: Classifier, picture: Picture) -> int:
    spec = classifier.artifact.manifest.preprocessing
    return int(classifier.probabilities(to_network_inputs(to_working_picture(picture, spec), spec)).argmax())


def _grown(cells: Mask, by: int) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.dilate(cells.astype(np.uint8), disc) > 0)
