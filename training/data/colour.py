"""Changes of stain, lamp and sensor, pixel by pixel, on RGB pictures of any shape (uint8).

Hue is in degrees of the full circle of 360; OpenCV's 8-bit hue counts half degrees, so all is computed in float.
"""

import cv2
import numpy as np

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
    """Multiply each channel; what is above 255 is lost, as in a camera.

    Examples
    --------
    >>> scale_channels(np.full((1, 1, 3), 240, np.uint8), 1.12, 1.0, 0.88)[0, 0].tolist()
    [255, 240, 211]
    """
    return _to_bytes(picture * np.array([red, green, blue], np.float32))


def bend(picture: Picture, gamma: float) -> Picture:
    """Raise every channel (0-1) to a power: below 1 the middle tones are brighter.

    Examples
    --------
    >>> bend(np.full((1, 1, 3), 100, np.uint8), 0.8)[0, 0].tolist()
    [121, 121, 121]
    """
    return np.asarray(_to_bytes(255.0 * (np.arange(256) / 255.0) ** gamma)[picture], np.uint8)


def _to_hsv(picture: Picture) -> np.ndarray:
    """Hue 0-360, saturation 0-1, value 0-1: float32."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2HSV))


def _from_hsv(hsv: np.ndarray) -> Picture:
    return _to_bytes(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255.0)


def _to_bytes(values: np.ndarray) -> Picture:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
