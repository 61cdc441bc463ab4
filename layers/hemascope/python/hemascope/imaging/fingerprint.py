"""Twelve global colour figures of a smear: they tell laboratories, stains and lamps apart."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture

FIGURES = 12


def colour_fingerprint(working: Picture) -> NDArray[np.float64]:
    """Mean and standard deviation of H, S, V, L, a and b: (12,), float64, in OpenCV's 8-bit units."""
    figures = []
    for space in (cv2.COLOR_RGB2HSV, cv2.COLOR_RGB2LAB):
        means, deviations = cv2.meanStdDev(cv2.cvtColor(working, space))
        figures += [means.ravel(), deviations.ravel()]
    return np.concatenate(figures).astype(np.float64)
