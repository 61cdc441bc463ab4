"""Hand-made features of segmented cells, for a support vector machine as in Dese et al. (2021): colour, shape, texture.

The study names the kinds of features, not each one, so these are the usual ones: moments of the colour channels, geometry of
the components, grey-level co-occurrence (Haralick et al., 1973) and uniform local binary patterns (Ojala et al., 2002).
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture

HANDMADE = "handmade"
Floats = NDArray[np.float32]
Features = NDArray[np.float64]
Mask = NDArray[np.bool_]

REVISION = 1  # increase it with any change of the features: it is part of the cache's key
_LEVELS = 16
_OFFSETS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 3), (3, 0))
_NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
_SPACES = (None, cv2.COLOR_RGB2HSV, cv2.COLOR_RGB2LAB)
_SHAPES = 7
_SMALLEST = 16  # pixels; resizing the mask leaves small fragments


def handmade_features(segmented: Floats) -> Floats:
    """Colour (27), shape (16) and texture (40) of the cells of a segmented picture.

    Parameters
    ----------
    segmented
        (height, width, 3), float32, RGB, 0-1, black outside of the cells.

    Returns
    -------
    array of shape (83,), float32; zeros where there is no cell
    """
    picture = np.rint(255 * segmented).astype(np.uint8)
    mask = np.asarray(picture.any(axis=-1), np.bool_)
    if mask.sum() < _SMALLEST:
        return np.zeros(27 + 2 + 2 * _SHAPES + 5 * len(_OFFSETS) + 10, np.float32)
    return np.concatenate([_colour(picture, mask), _shape(mask), _texture(picture, mask)]).astype(np.float32)


def _colour(picture: Picture, mask: Mask) -> Features:
    """Mean, standard deviation and skewness of the nine channels of RGB, HSV and Lab."""
    spaces = [picture if space is None else cv2.cvtColor(picture, space) for space in _SPACES]
    pixels = np.concatenate([space[mask] for space in spaces], axis=1).astype(np.float64)
    mean, deviation = pixels.mean(axis=0), pixels.std(axis=0)
    skewness = ((pixels - mean) ** 3).mean(axis=0) / np.maximum(deviation, 1e-6) ** 3
    return np.concatenate([mean, deviation, skewness])


def _shape(mask: Mask) -> Features:
    """Count, coverage, and mean and standard deviation over the cells of seven measures."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cells = np.array([_geometry(contour) for contour in contours if cv2.contourArea(contour) >= _SMALLEST]).reshape(-1, _SHAPES)
    spread = [cells.mean(axis=0), cells.std(axis=0)] if len(cells) else [np.zeros(2 * _SHAPES)]
    return np.concatenate([[len(cells), mask.mean()], *spread])


def _geometry(contour: NDArray[Any]) -> list[float]:
    """Area, perimeter, circularity, solidity, extent, aspect and eccentricity of one cell."""
    area, perimeter = cv2.contourArea(contour), cv2.arcLength(contour, closed=True)
    hull = cv2.contourArea(cv2.convexHull(contour))
    _, _, width, height = cv2.boundingRect(contour)
    (_, _), sides, _ = cv2.minAreaRect(contour)
    shorter, longer = sorted(sides)
    moments = cv2.moments(contour)
    spread = np.hypot(2 * moments["mu11"], moments["mu20"] - moments["mu02"]) / (moments["mu20"] + moments["mu02"])
    eccentricity = np.sqrt(2 * spread / (1 + spread))
    circularity = 4 * np.pi * area / perimeter**2
    return [area, perimeter, circularity, area / hull, area / (width * height), shorter / longer, eccentricity]


def _texture(picture: Picture, mask: Mask) -> Features:
    """Contrast, homogeneity, energy, correlation and entropy of six co-occurrences; ten shares of binary patterns."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    return np.concatenate([*(_haralick(co_occurrence(grey, mask, offset)) for offset in _OFFSETS), binary_patterns(grey, mask)])


def co_occurrence(grey: Picture, mask: Mask, offset: tuple[int, int]) -> Features:
    """Symmetric, normalized co-occurrence of 16 grey levels, of pairs of pixels that both lie in the mask.

    Examples
    --------
    >>> grey = np.array([[0, 0, 255]], np.uint8)
    >>> pairs = co_occurrence(grey, np.ones((1, 3), bool), (0, 1))
    >>> pairs[0, 0], pairs[0, 15], pairs[15, 0]
    (np.float64(0.5), np.float64(0.25), np.float64(0.25))
    """
    levels = (grey // (256 // _LEVELS)).astype(np.int64)
    level, neighbour = _pairs(levels, offset)
    both = np.logical_and(*_pairs(mask, offset))
    counts = np.bincount(level[both] * _LEVELS + neighbour[both], minlength=_LEVELS**2).reshape(_LEVELS, _LEVELS)
    counts = counts + counts.T
    return np.asarray(counts / max(counts.sum(), 1), np.float64)


def binary_patterns(grey: Picture, mask: Mask) -> Features:
    """Shares of the nine uniform, rotation-invariant patterns of eight neighbours, and of all others."""
    inner = grey[1:-1, 1:-1]
    height, width = inner.shape
    brighter = np.stack([grey[1 + y : 1 + y + height, 1 + x : 1 + x + width] >= inner for y, x in _NEIGHBOURS])
    changes = (brighter != np.roll(brighter, 1, axis=0)).sum(axis=0)
    pattern = np.where(changes <= 2, brighter.sum(axis=0), 9)[mask[1:-1, 1:-1]]
    return np.bincount(pattern, minlength=10) / max(len(pattern), 1)


def _pairs(array: NDArray[Any], offset: tuple[int, int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each pixel, and the one that lies ``offset`` rows and columns from it."""
    down, right = offset
    height, width = array.shape[0] - down, array.shape[1] - abs(right)
    left = max(0, -right)
    return array[:height, left : left + width], array[down:, left + right : left + right + width]


def _haralick(pairs: Features) -> list[float]:
    level = np.arange(_LEVELS)
    rows, columns = np.meshgrid(level, level, indexing="ij")
    mean = float((pairs * rows).sum())
    variance = float((pairs * (rows - mean) ** 2).sum())
    covariance = float((pairs * (rows - mean) * (columns - mean)).sum())
    some = pairs[pairs > 0]
    return [
        float((pairs * (rows - columns) ** 2).sum()),
        float((pairs / (1 + (rows - columns) ** 2)).sum()),
        float((pairs**2).sum()),
        covariance / max(variance, 1e-9),
        float(-(some * np.log2(some)).sum()),
    ]
