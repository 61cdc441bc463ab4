"""Cells and backgrounds taken apart: which of the two does an answer follow?"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.model.classifier import Classifier
from training.data.dataset import Sample
from training.evidence.probes import View, look

_RIM = 3  # pixels of a cell's surroundings that move with it, so that its edge is its own
_SEED = 4420


def without_cells(view: View) -> Picture:
    """A smear whose cells are painted over from their surroundings."""
    mask = _grown(view.cells, 2 * _RIM)
    return np.asarray(cv2.inpaint(view.whole, mask.astype(np.uint8), _RIM, cv2.INPAINT_TELEA), np.uint8)


def on_background(view: View, background: Picture) -> Picture:
    """The cells of one smear on another picture of its size."""
    return np.where(_grown(view.cells, _RIM)[..., None], view.whole, background)


def measure_cell_background_ablation(classifier: Classifier, root: Path, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Ask an artifact about smears that were put together from two, or robbed of one half.

    Each smear lends its cells once, to the background of a smear of another class, by chance.

    Returns
    -------
    list of dict
        ``picture``; the shares of answers that name the class of the ``cells``, of the ``background``, and ``neither``.
    """
    chance = random.Random(_SEED)
    counts = {name: np.zeros(3) for name in ("cells on another class' background", "cells on white", "background alone")}
    for sample in samples:
        other = chance.choice([one for one in samples if one.label != sample.label])
        ours, theirs = look((root / sample.path).read_bytes()), look((root / other.path).read_bytes())
        empty = without_cells(theirs)
        pictures = (on_background(ours, empty), on_background(ours, np.full_like(ours.whole, 255)), empty)
        for name, picture in zip(counts, pictures, strict=True):
            answer = _answer(classifier, picture)
            counts[name] += (answer == sample.label, answer == other.label, answer not in (sample.label, other.label))
    shares = {name: (count / len(samples)).tolist() for name, count in counts.items()}
    # Half a picture has one class only.
    shares["cells on white"][1:] = [None, 1 - shares["cells on white"][0]]
    shares["background alone"][::2] = [None, 1 - shares["background alone"][1]]
    return [{"picture": name, "cells": cells, "background": of, "neither": no} for name, (cells, of, no) in shares.items()]


def _answer(classifier: Classifier, picture: Picture) -> int:
    spec = classifier.artifact.manifest.preprocessing
    return int(classifier.probabilities(to_network_inputs(to_working_picture(picture, spec), spec)).argmax())


def _grown(cells: np.ndarray, by: int) -> np.ndarray:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return np.asarray(cv2.dilate(cells.astype(np.uint8), disc) > 0)
