"""Brings the colours of a microscope to those of the reference microscope, by a map that was fitted once for the device."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.profile import ColourMap
from hemascope.imaging.decode import Picture

# Optical density of each level. One is added to the levels, so that black has a density too.
DENSITY = -np.log((np.arange(256, dtype=np.float32) + 1.0) / 256.0)


def apply_colour_map(picture: Picture, colour_map: ColourMap) -> Picture:
    """Map every pixel; the identity returns the picture itself.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB.

    Returns
    -------
    array of the same shape, uint8, RGB, rounded and cut to 0-255

    Examples
    --------
    >>> halved = ColourMap(matrix=((0.5, 0, 0), (0, 1, 0), (0, 0, 1)), offset=(10.0, 0.0, 300.0))
    >>> apply_colour_map(np.full((1, 1, 3), (100, 100, 100), np.uint8), halved)[0, 0].tolist()
    [60, 100, 255]
    """
    if colour_map.is_identity:
        return picture
    affine = np.column_stack([np.array(colour_map.matrix), np.array(colour_map.offset)])
    if colour_map.space == "rgb":
        mapped = np.asarray(cv2.transform(picture, affine), np.uint8)
    else:
        mapped = from_density(np.asarray(cv2.transform(DENSITY[picture], affine.astype(np.float32)), np.float32))
    if colour_map.curves is not None:
        mapped = np.asarray(cv2.LUT(mapped, np.array(colour_map.curves, np.uint8).T[None]), np.uint8)
    return mapped


def from_density(density: NDArray[np.float32]) -> Picture:
    """The levels (0-255, uint8) of optical densities, (..., 3), float32."""
    return np.asarray(np.clip(np.rint(256.0 * np.exp(-density) - 1.0), 0, 255), np.uint8)
