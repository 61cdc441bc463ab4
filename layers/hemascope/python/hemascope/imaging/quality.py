"""Figures that say whether a smear can be judged at all."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.quality import QualityFigure, QualityFinding, QualityLimit, QualityReason, QualitySpec
from hemascope.imaging.decode import Picture
from hemascope.imaging.segment import Segmentation

Grey = NDArray[np.float32]
# What a tile without white cells may break, as nothing else is wrong with it: it says that nothing is there, or measures how
# large it is. Bare glass is too bright or flat as well; it can't be told from an overexposed tile, and counts as one.
_NOTHING_THERE = frozenset({QualityReason.TOO_FEW_CELLS, QualityReason.EMPTY_MASK, QualityReason.UNSTAINED})
_SIZE_OF_NOTHING = frozenset({QualityFigure.CELL_AREA, QualityFigure.GRAIN})
_WHITE = 250  # of every channel
_TILES = 8  # a row
_FLAT_DEVIATION = 1.5  # grey levels; what a camera sees of an empty slide has more noise
BLANK_CONTRAST = 2.0  # grey levels; JPEG noise on an empty sheet stays below, the palest smear of the data set has 11


@dataclass(frozen=True)
class QualityFigures:
    """Sharpness (variance of the Laplacian), brightness (mean grey, 0-255), contrast (standard deviation of grey)."""

    sharpness: float
    brightness: float
    contrast: float

    @property
    def is_blank(self) -> bool:
        """Whether the picture is of one colour: black, white, a cap on the lens."""
        return self.contrast < BLANK_CONTRAST


def measure_quality(working: Picture) -> QualityFigures:
    """Measure a working picture.

    Raises
    ------
    RejectedSmear
        ``blank`` where the picture shows nothing (all black, all white, a cap on the lens).
    """
    figures = quality_figures(working)
    if figures.is_blank:
        raise RejectedSmear(
            RejectionReason.BLANK,
            f"expected a smear, received a picture of one colour (contrast {figures.contrast:.1f} of 255 grey levels)",
        )
    return figures


def quality_figures(working: Picture) -> QualityFigures:
    """Measure a working picture, also one that shows nothing."""
    grey = np.asarray(cv2.cvtColor(working, cv2.COLOR_RGB2GRAY), np.uint8)
    mean, deviation = cv2.meanStdDev(without_corner(grey))
    return QualityFigures(float(cv2.Laplacian(grey, cv2.CV_64F).var()), float(mean[0, 0]), float(deviation[0, 0]))


def gate_figures(working: Picture, segmentation: Segmentation) -> dict[QualityFigure, float]:
    """Measure what the quality gate looks at, above the scale bar.

    Returns
    -------
    dict
        - ``sharpness``: standard deviation of the smoothed picture's Laplacian, per grey level of contrast; whatever the
          contrast, a blur lowers it.
        - ``brightness``: mean grey level, 0-255.
        - ``clipped``: share of the pixels that are white, 0-1.
        - ``flat``: share of the tiles (an eighth of the width) in which nothing is seen, not even noise.
        - ``unevenness``: grey levels between the empty slide's brightness in the darkest and in the brightest sixteenth.
        - ``stain``: how purple the most purple pixels are (99.5th percentile), grey levels above green.
        - ``grain``: pixels over which grey changes by its own deviation; it grows with the magnification.
        - ``cells``, ``cell_area`` (median, pixels; 0 where there is none), ``mask_coverage`` (0-1).
    """
    seen = without_corner(working)
    grey = np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), np.float32)
    contrast = max(float(grey.std()), 1.0)
    red, green, blue = cv2.split(seen)
    white = cv2.min(cv2.min(red, green), blue) >= _WHITE
    areas = np.bincount(segmentation.labels.ravel())[1:]
    return {
        QualityFigure.SHARPNESS: float(cv2.Laplacian(_smooth(grey, 1.0), cv2.CV_32F).std()) / contrast,
        QualityFigure.BRIGHTNESS: float(grey.mean()),
        QualityFigure.CLIPPED: float(white.mean()),
        QualityFigure.FLAT: _flat_share(grey),
        QualityFigure.UNEVENNESS: unevenness_of(grey),
        QualityFigure.STAIN: purple_peak(seen),
        QualityFigure.GRAIN: _grain(_smooth(grey, 2.0)),
        QualityFigure.CELLS: float(segmentation.cell_count),
        QualityFigure.CELL_AREA: float(np.median(areas)) if len(areas) else 0.0,
        QualityFigure.MASK_COVERAGE: segmentation.coverage,
    }


def broken_limits(figures: dict[QualityFigure, float], spec: QualitySpec) -> list[QualityLimit]:
    """The limits that a picture's figures are beyond, in the specification's order."""
    return [limit for limit in spec.limits if limit.broken_by(figures[limit.figure])]


def purple_peak(picture: Picture) -> float:
    """How purple the most purple pixels are (99.5th percentile), in grey levels above green."""
    red, green, blue = cv2.split(picture)
    return float(np.percentile(cv2.subtract(cv2.min(red, blue), green), 99.5))


def shows_no_cells(broken: Iterable[QualityLimit | QualityFinding], cells: float) -> bool:
    """Whether a part of a field has no white cell, and no limit is broken for another reason."""
    return cells == 0 and all(limit.reason in _NOTHING_THERE or limit.figure in _SIZE_OF_NOTHING for limit in broken)


def _smooth(grey: Grey, sigma: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.float32)


def _flat_share(grey: Grey) -> float:
    """Averaging by area onto a grid of tiles gives each tile's mean, and that of its squares."""
    grid = (_TILES, max(1, round(_TILES * grey.shape[0] / grey.shape[1])))
    mean = cv2.resize(grey, grid, interpolation=cv2.INTER_AREA)
    variance = cv2.resize(grey * grey, grid, interpolation=cv2.INTER_AREA) - mean * mean
    return float((variance < _FLAT_DEVIATION**2).mean())


def unevenness_of(grey: Grey) -> float:
    """Grey levels between the empty slide's brightness in the darkest and in the brightest sixteenth."""
    levels = [np.percentile(part, 80) for strip in np.array_split(grey, 4) for part in np.array_split(strip, 4, axis=1)]
    return float(max(levels) - min(levels))


def _grain(grey: Grey) -> float:
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    slope = float(np.sqrt((across * across + down * down).mean()))
    return float(grey.std()) / max(slope, 1e-3)


def without_corner(grey: Picture) -> Picture:
    """The picture without its lowest eighth."""
    # The white scale-bar corner would lend contrast to a black picture.
    return np.ascontiguousarray(grey[: grey.shape[0] * 7 // 8])
