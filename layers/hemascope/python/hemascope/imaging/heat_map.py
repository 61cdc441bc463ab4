"""Where in the smear the network's answer comes from: class-activation maps drawn on it, and their shares by cell."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture
from hemascope.imaging.overlay import shown_size

_LONGEST_SIDE = 512  # pixels; a map has 8 x 8 cells, and drawing and encoding cost time
_STRONGEST = 0.65  # of the colour where the map is hottest: the smear stays visible below it


def draw_heat_map(picture: Picture, contributions: NDArray[np.float32], hottest: float) -> Picture:
    """Lay a map over the original picture: untouched where nothing speaks for the class, yellow where most does.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: as decoded, of any size.
    contributions
        (rows, columns), float32: what each cell of the map adds to the class' score; what is negative isn't shown.
    hottest
        The contribution that gets full colour; the same for maps that are to be compared. At 0 or below, none does.

    Returns
    -------
    array of at most 512 pixels a side and of the picture's shape, uint8, RGB
    """
    width, height = shown_size(picture, _LONGEST_SIDE)
    canvas = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    if hottest <= 0.0:
        return np.asarray(canvas, np.uint8)
    heat = np.minimum(_spread(contributions, height, width) / np.float32(hottest), np.float32(1.0))
    levels = np.rint(heat * 255.0).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)
    strength = heat * np.float32(_STRONGEST)
    return np.asarray(cv2.blendLinear(colours, canvas, strength, np.float32(1.0) - strength), np.uint8)


def share_of_evidence(contributions: NDArray[np.float32], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Share of a map's evidence for the class that lies on each cell.

    Parameters
    ----------
    contributions
        (rows, columns), float32: one branch's map, or the sum of both branches' positive parts.
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
