"""Changes of stain, lamp and sensor, pixel by pixel, on RGB pictures of any shape (uint8).

Hue is in degrees, 0-360. OpenCV's 8-bit hue has steps of two degrees, so everything is computed in float.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture


def turn_hue(picture: Picture, degrees: float) -> Picture:
    """Turn the hue of every pixel, at the same saturation and value.

    Examples
    --------
    >>> turn_hue(np.full((1, 1, 3), (200, 100, 100), np.uint8), 120.0)[0, 0].tolist()
    [100, 200, 100]
    """
    hsv = _to_hsv(picture)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360.0
    return _from_hsv(hsv)


def scale_saturation(picture: Picture, factor: float) -> Picture:
    """Multiply the saturation of every pixel, up to full saturation.

    Examples
    --------
    >>> scale_saturation(np.full((1, 1, 3), (200, 100, 100), np.uint8), 0.5)[0, 0].tolist()
    [200, 150, 150]
    """
    hsv = _to_hsv(picture)
    hsv[..., 1] = np.minimum(hsv[..., 1] * factor, 1.0)
    return _from_hsv(hsv)


def scale_channels(picture: Picture, red: float, green: float, blue: float) -> Picture:
    """Multiply each channel; values above 255 are clipped, as in a camera.

    Examples
    --------
    >>> scale_channels(np.full((1, 1, 3), 240, np.uint8), 1.12, 1.0, 0.88)[0, 0].tolist()
    [255, 240, 211]
    """
    return _to_bytes(picture * np.array([red, green, blue], np.float32))


def apply_gamma(picture: Picture, gamma: float) -> Picture:
    """Raise every channel (0-1) to a power; a gamma below 1 brightens the midtones.

    Examples
    --------
    >>> apply_gamma(np.full((1, 1, 3), 100, np.uint8), 0.8)[0, 0].tolist()
    [121, 121, 121]
    """
    return np.asarray(_to_bytes(255.0 * (np.arange(256) / 255.0) ** gamma)[picture], np.uint8)


def _to_hsv(picture: Picture) -> NDArray[np.float32]:
    """Hue 0-360, saturation 0-1, value 0-1: float32."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2HSV), np.float32)


def _from_hsv(hsv: NDArray[np.float32]) -> Picture:
    return _to_bytes(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255.0)


def _to_bytes(values: NDArray[Any]) -> Picture:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
