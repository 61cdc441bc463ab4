"""Figures that say whether a smear can be judged at all."""

from dataclasses import dataclass

import cv2
import numpy as np

from hemascope.contracts.errors import RejectedSmear, RejectionReason
from hemascope.imaging.decode import Picture

BLANK_CONTRAST = 2.0  # grey levels; JPEG noise on an empty sheet stays below, the palest smear of the data set has 11


@dataclass(frozen=True)
class QualityFigures:
    """Sharpness (variance of the Laplacian), brightness (mean grey, 0-255), contrast (standard deviation of grey)."""

    sharpness: float
    brightness: float
    contrast: float


def measure_quality(working: Picture) -> QualityFigures:
    """Measure a working picture.

    Raises
    ------
    RejectedSmear
        ``blank`` where the picture shows nothing (all black, all white, a cap on the lens).
    """
    grey = np.asarray(cv2.cvtColor(working, cv2.COLOR_RGB2GRAY), np.uint8)
    mean, deviation = cv2.meanStdDev(_without_corner(grey))
    figures = QualityFigures(float(cv2.Laplacian(grey, cv2.CV_64F).var()), float(mean[0, 0]), float(deviation[0, 0]))
    if figures.contrast < BLANK_CONTRAST:
        raise RejectedSmear(
            RejectionReason.BLANK,
            f"expected a smear, received a picture of one colour (contrast {figures.contrast:.1f} of 255 grey levels)",
        )
    return figures


def _without_corner(grey: Picture) -> Picture:
    # The white scale-bar corner would lend contrast to a black picture.
    return np.ascontiguousarray(grey[: grey.shape[0] * 7 // 8])
