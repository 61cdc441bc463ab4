"""Draws what was found on what was photographed."""

import cv2
import numpy as np

from hemascope.contracts.errors import HemascopeError
from hemascope.imaging.decode import Picture
from hemascope.imaging.segment import Segmentation

_CONTOUR = (0, 150, 60)  # green: the one colour that no stain has
_LONGEST_SIDE = 1024  # pixels; more is for nobody's eyes and costs time to encode


def draw_overlay(picture: Picture, segmentation: Segmentation) -> Picture:
    """Draw the outline of every segmented cell on the original picture.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: as decoded, of any size.
    segmentation
        Of its working picture.

    Returns
    -------
    array of at most 1,024 pixels a side and of the picture's shape, uint8, RGB
    """
    height, width = picture.shape[:2]
    scale = min(1.0, _LONGEST_SIDE / max(height, width))
    shown = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = picture.copy() if scale == 1.0 else cv2.resize(picture, shown, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(segmentation.mask.astype(np.uint8), shown, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    thickness = max(1, round(max(shown) / 400))
    return np.asarray(cv2.drawContours(canvas, contours, -1, _CONTOUR, thickness, cv2.LINE_AA), np.uint8)


def encode_png(picture: Picture) -> bytes:
    """PNG file of an RGB picture.

    Raises
    ------
    HemascopeError
        Where the array is empty.
    """
    if picture.size == 0:
        raise HemascopeError(f"expected an RGB picture, received an array of shape {picture.shape}")
    _, data = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()
