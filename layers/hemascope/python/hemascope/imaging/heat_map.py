"""Where in the smear the network's answer comes from: class-activation maps drawn on it, and their shares by cell."""

from collections.abc import Iterable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture

_LONGEST_SIDE = 512  # pixels; a map has 8 x 8 cells, and drawing and encoding cost time
_STRONGEST = 0.65  # of the colour where the map is hottest: the smear stays visible below it


def shrink_for_heat_maps(picture: Picture) -> Picture:
    """The picture as large as its heat maps will be, itself where it is no larger; the same maps are drawn on either."""
    longest = max(picture.shape[:2])
    scale = _LONGEST_SIDE / longest
    if scale >= 1.0:
        return picture
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    step = max(1, longest // (2 * _LONGEST_SIDE))  # of a large picture every n-th pixel is more than enough
    return np.asarray(cv2.resize(_every_nth(picture, step), (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _every_nth(picture: Picture, step: int) -> Picture:
    if step == 1:
        return picture
    if picture.shape[0] % step or picture.shape[1] % step:
        return np.ascontiguousarray(picture[::step, ::step])
    return np.asarray(cv2.resize(picture, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_NEAREST))  # faster


def draw_heat_maps(picture: Picture, maps: Mapping[str, NDArray[np.float32]]) -> dict[str, Picture]:
    """Lay maps over the original picture: untouched where nothing speaks for the class, yellow where most does.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: as decoded, of any size.
    maps
        By branch (rows, columns), float32: what each cell adds to the class' score; what is negative isn't shown.

    Returns
    -------
    dict
        By branch an array of at most 512 pixels a side and of the picture's shape, uint8, RGB. All have one scale, whose end is
        the hottest cell of any branch: a branch that says little looks so.
    """
    canvas = shrink_for_heat_maps(picture)
    hottest = max(float(contributions.max()) for contributions in maps.values())
    return {branch: _draw(canvas, contributions, hottest) for branch, contributions in maps.items()}


def _draw(canvas: Picture, contributions: NDArray[np.float32], hottest: float) -> Picture:
    if hottest <= 0.0:
        return canvas.copy()
    heat = np.minimum(_spread(contributions, *canvas.shape[:2]) / np.float32(hottest), np.float32(1.0))
    levels = np.rint(heat * 255.0).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
    strength = heat * np.float32(_STRONGEST)
    return np.asarray(cv2.blendLinear(colours, canvas, strength, np.float32(1.0) - strength), np.uint8)


def positive_sum(maps: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """What speaks for the class in several branches' maps together: (rows, columns), float32, at least 0."""
    return np.asarray(np.sum([np.maximum(contributions, 0.0) for contributions in maps], axis=0), np.float32)


def share_of_evidence(contributions: NDArray[np.float32], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Share of a map's evidence for the class that lies on each cell.

    Parameters
    ----------
    contributions
        (rows, columns), float32: one branch's map, or several by :func:`positive_sum`.
    labels
        (height, width), int32: 0 background, 1..n cells.

    Returns
    -------
    array of shape (n,), float64, 0-1: of cell 1, 2, ...; what is missing to 1 lies on the background

    Examples
    --------
    >>> labels = np.array([[1, 0], [2, 2]], np.int32)
    >>> share_of_evidence(np.array([[1.0, -5.0], [1.0, 2.0]], np.float32), labels).tolist()
    [0.25, 0.75]
    """
    heat = _spread(contributions, *labels.shape)
    sums = np.bincount(labels.ravel(), heat.ravel().astype(np.float64), int(labels.max()) + 1)
    return np.asarray(sums[1:] / sums.sum() if sums.sum() > 0.0 else sums[1:], np.float64)


def _spread(contributions: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """What speaks for the class, brought to a picture's size: (height, width), at least 0."""
    positive = np.maximum(contributions, np.float32(0.0))
    return np.asarray(cv2.resize(positive, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
