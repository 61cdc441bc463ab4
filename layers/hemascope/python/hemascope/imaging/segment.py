"""Stained white cells out of a smear by HSV thresholds (Islam et al., Sensors 24 (2024) 4420, section on segmentation)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.preprocessing import SegmentationSpec
from hemascope.imaging.decode import Picture
from hemascope.imaging.separate import separate


@dataclass(frozen=True)
class Segmentation:
    """The mask of a smear: (height, width) bool, and its cells.

    ``labels`` (height, width), int32, is 0 outside of cells and 1 to ``cell_count`` in them. The mask also holds what is no
    cell. Where cells are numbered by a stain of their own, their outlines need not be the mask's.
    """

    mask: NDArray[np.bool_]
    cell_count: int
    labels: NDArray[np.int32]

    @classmethod
    def of_mask(cls, mask: NDArray[np.bool_]) -> "Segmentation":
        """Each connected component of a mask (height, width), bool, as a cell."""
        count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        return cls(mask, count - 1, np.asarray(labels, np.int32))

    @property
    def coverage(self) -> float:
        """Share of the picture that the mask covers, 0-1."""
        return float(self.mask.mean())


def segment(picture: Picture, spec: SegmentationSpec, colours: Picture | None = None) -> Segmentation:
    """Find the purple cells of a smear, and tell those apart that touch.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: a working picture, since the areas in ``spec`` are pixels of that size.
    colours
        The same in the colours in which touching cells are separated, where they aren't those of ``picture``.

    Returns
    -------
    Segmentation
        Its mask has the picture's height and width.

    Examples
    --------
    >>> smear = np.full((224, 224, 3), 240, np.uint8)
    >>> smear[50:80, 50:80] = (120, 60, 200)
    >>> found = segment(smear, SegmentationSpec())
    >>> found.cell_count, bool(found.mask[60, 60]), bool(found.mask[10, 10])
    (1, True, False)
    """
    mask = segment_mask(picture, spec)
    cells = separate(mask, picture if colours is None else colours, spec.separation)
    return Segmentation(mask, int(cells.max()), cells)


def segment_mask(picture: Picture, spec: SegmentationSpec) -> NDArray[np.bool_]:
    """Mask of the purple cells of a smear: (height, width), bool.

    Thresholds on hue, saturation and value, morphological opening with an ellipse, holes filled, components
    out that are below ``minimum_area`` or paler than the picture's own cells.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: a working picture, since the areas in ``spec`` are pixels of that size.
    """
    hsv = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV), np.uint8)
    raw = _in_hsv_range(hsv, spec)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (spec.opening_size, spec.opening_size))
    opened = cv2.morphologyEx(raw, cv2.MORPH_OPEN, kernel)
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(opened), contours, -1, 255, cv2.FILLED)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(filled, connectivity=8)
    areas = statistics[:, cv2.CC_STAT_AREA]
    keep = areas >= spec.minimum_area
    keep[0] = False  # label 0 is the background
    if keep.any():
        saturation = hsv[..., 1]
        means = np.bincount(labels.ravel(), saturation.ravel(), count) / np.maximum(areas, 1)
        keep &= means >= spec.relative_saturation * np.percentile(saturation[opened > 0], 90)
    return np.asarray(keep[labels], np.bool_)


def masked(picture: Picture, segmentation: Segmentation) -> Picture:
    """The segmented picture: the smear where the mask is, black elsewhere; same shape and dtype as ``picture``."""
    return np.asarray(cv2.bitwise_and(picture, picture, mask=segmentation.mask.view(np.uint8)), np.uint8)


def _in_hsv_range(hsv: Picture, spec: SegmentationSpec) -> NDArray[np.uint8]:
    low = (spec.saturation_low, spec.value_low)
    high = (255, spec.value_high)
    if spec.hue_low <= spec.hue_high:
        return np.asarray(cv2.inRange(hsv, (spec.hue_low, *low), (spec.hue_high, *high)), np.uint8)
    above = cv2.inRange(hsv, (spec.hue_low, *low), (179, *high))
    below = cv2.inRange(hsv, (0, *low), (spec.hue_high, *high))
    return np.asarray(cv2.bitwise_or(above, below), np.uint8)
