"""Smears of the data set as another microscope would show them: in their own proportions, under a lamp of another colour."""

import random
from pathlib import Path

import cv2
import numpy as np

Lamp = tuple[float, float, float]  # factor of red, green and blue light
OVEREXPOSED: Lamp = (2.0, 1.9, 1.7)
WARM: Lamp = (1.0, 0.95, 0.85)
COLD: Lamp = (0.75, 0.85, 1.0)
LEUKEMIA = {"Early": "Early Pre-B", "Pre": "Pre-B", "Pro": "Pro-B"}  # class by folder of the data set
KINDS = ("Benign", *LEUKEMIA)


def photographed(file: Path, lamp: Lamp) -> bytes:
    """A PNG of the smear under the lamp, 299 x 224 as it was before the data set squeezed it."""
    smear = cv2.imread(str(file))
    assert smear is not None
    seen = np.clip(smear * np.array(lamp[::-1]), 0, 255).round()
    wide = cv2.resize(np.asarray(seen, np.uint8), (299, 224), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".png", wide)[1].tobytes()


def shelf(dataset: Path, kind: str) -> list[Path]:
    """The files of a kind as slides come, not one patient's after the other."""
    files = sorted((dataset / "Original" / kind).iterdir())
    random.Random(14).shuffle(files)
    return files
