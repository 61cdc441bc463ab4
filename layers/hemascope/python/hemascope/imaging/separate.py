"""Cells that touch, one by one: distance transform, watershed; and what is no cell out of the count.

Distance alone joins cells that overlap widely, so it is weighed by the nuclear stain: between two nuclei lies a rim of
cytoplasm, a valley of purple (as in Malpica et al., Cytometry 28 (1997) 289-297, who join distance and intensity).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.preprocessing import SeparationSpec
from hemascope.imaging.decode import Picture

Labels = NDArray[np.int32]
Height = NDArray[np.float32]
_PAD = 4  # pixels by which a picture is continued, so that its edge is no edge of a cell and the watershed's frame lies outside
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_NOISE = 1e-3  # of a height, in pixels


def separate(mask: NDArray[np.bool_], colours: Picture, spec: SeparationSpec) -> Labels:
    """Number the cells of a mask.

    Parameters
    ----------
    mask
        (height, width), bool.
    colours
        (height, width, 3), uint8, RGB: the smear as photographed.

    Returns
    -------
    array of shape (height, width), int32
        0 outside of cells, 1 to n in them, from top to bottom; a subset of the mask.
    """
    if not mask.any():
        return np.zeros(mask.shape, np.int32)
    inside = _padded(mask.astype(np.uint8))
    height = _heights(inside, _padded(_purple(colours)), spec)
    labels = _flood(inside, _cores(height, inside, spec))
    inner = np.ascontiguousarray(labels[_PAD:-_PAD, _PAD:-_PAD])
    return renumber(inner, _are_cells(inner, mask, colours, spec))


def renumber(labels: NDArray[np.int32], keep: NDArray[np.bool_]) -> Labels:
    """Labels of which only those remain that ``keep`` (labels + 1,) says, numbered without gaps; 0 is the background."""
    numbers = np.cumsum(keep, dtype=np.int32) * keep
    return np.asarray(numbers[labels], np.int32)


def _purple(colours: Picture) -> NDArray[np.uint8]:
    # Nuclei let red and blue through, cytoplasm only blue, red cells all alike.
    red, green, blue = cv2.split(colours)
    return np.asarray(cv2.subtract(cv2.min(red, blue), green), np.uint8)


def _heights(inside: NDArray[np.uint8], purple: NDArray[np.uint8], spec: SeparationSpec) -> Height:
    """Distance to the edge of the mask, lowered in valleys of the stain."""
    size, smoothing = (0, 0), spec.stain_smoothing
    weights = cv2.GaussianBlur(inside.astype(np.float32), size, smoothing)
    stain = cv2.GaussianBlur(purple.astype(np.float32) * inside, size, smoothing) / np.maximum(weights, np.float32(_NOISE))
    wide = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (spec.valley_width, spec.valley_width))
    level = np.maximum(cv2.morphologyEx(stain, cv2.MORPH_CLOSE, wide), np.float32(1.0))
    # Where the mask covers the whole picture there is no edge, and OpenCV's distance to it is without bound.
    distance = np.minimum(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32(sum(inside.shape)))
    return np.asarray(cv2.GaussianBlur(distance * (stain / level), size, spec.depth_smoothing) * inside, np.float32)


def _cores(height: Height, inside: NDArray[np.uint8], spec: SeparationSpec) -> Labels:
    """One label around each summit that rises far enough above its passes (h-maxima)."""
    lowered = np.maximum(height * np.float32(1.0 - spec.relative_rise) - np.float32(spec.rise), np.float32(0.0))
    level = _reconstructed(lowered, height)
    count, domes = cv2.connectedComponents((height > level + _NOISE).astype(np.uint8), connectivity=8)
    kept = np.zeros(count, np.bool_)
    kept[np.unique(domes[level <= lowered + _NOISE])] = True
    kept[0] = False
    cores = renumber(np.asarray(domes, np.int32), kept)
    # A summit is narrow where its pass is high, and a watershed from narrow summits cuts large cells: widen them.
    for depth, number, row, column in sorted(_summits(height, cores), reverse=True):
        cv2.circle(cores, (column, row), max(1, int(spec.core * depth)), number, cv2.FILLED)
    return cores * inside


def _reconstructed(lowered: Height, height: Height) -> Height:
    """Grow the lowered landscape under the true one until nothing changes (morphological reconstruction)."""
    while True:
        grown = np.minimum(cv2.dilate(lowered, _NEIGHBOURS), height)
        if np.array_equal(grown, lowered):
            return grown
        lowered = grown


def _summits(height: Height, cores: Labels) -> list[tuple[float, int, int, int]]:
    """Depth, number, row and column of the deepest pixel of each core."""
    rows, columns = np.nonzero(cores)
    depths, numbers = height[rows, columns], cores[rows, columns]
    order = np.lexsort((-depths, numbers))
    first = order[np.unique(numbers[order], return_index=True)[1]]
    return [(float(depths[at]), int(numbers[at]), int(rows[at]), int(columns[at])) for at in first]


def _flood(inside: NDArray[np.uint8], cores: Labels) -> Labels:
    """Watershed from the cores; what lies outside of the mask is a wall that is flooded last."""
    wall = cv2.merge([(1 - inside) * np.uint8(255)] * 3)
    labels = np.asarray(cv2.watershed(wall, cores), np.int32)
    # Watershed draws lines of -1 between cells; they go to a neighbour, so that no pixel of the mask is lost.
    flooded = np.maximum(labels, 0).astype(np.float32) * inside
    for _ in range(2):
        flooded = np.where((flooded == 0) & (inside > 0), cv2.dilate(flooded, _NEIGHBOURS), flooded)
    return flooded.astype(np.int32)


def _are_cells(labels: Labels, mask: NDArray[np.bool_], colours: Picture, spec: SeparationSpec) -> NDArray[np.bool_]:
    """Tell which labels (n + 1,) are cells, and not smudges, platelets or debris."""
    count = int(labels.max()) + 1
    areas = np.bincount(labels.ravel(), minlength=count)
    stain = np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2HSV), np.uint8)[..., 1]
    means = np.bincount(labels.ravel(), stain.ravel(), count) / np.maximum(areas, 1)
    stained = means >= spec.relative_stain * np.median(stain[mask])
    stained[0] = False
    if not stained.any():
        return stained
    cut = np.zeros(count, np.bool_)
    cut[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = True
    whole = areas[stained & ~cut] if (stained & ~cut).any() else areas[stained]
    return np.asarray(stained & (cut | (areas >= spec.relative_area * np.median(whole))), np.bool_)


def _padded(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.copyMakeBorder(picture, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_REPLICATE), np.uint8)
