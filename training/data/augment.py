"""The six augmentations of Islam et al. (2024), applied to working pictures before segmentation, as in serving.

Not in the paper, and off by default: jitter of stain and illumination.
"""

import cv2
import numpy as np

from hemascope.imaging.decode import Picture
from training.data.colour import apply_gamma, scale_channels, scale_saturation, turn_hue

BRIGHTNESS = 0.05
CONTRAST = 0.08
ROTATION = 15.0  # degrees
JPEG_QUALITY = (30, 100)
JITTERED = 0.6  # share of the copies that are jittered: the network must still see the data set's own stain often
# Limits of a jitter of strength 1.
HUE = 30.0  # degrees of 360
SATURATION = 1.6  # multiplied or divided by at most this
BRIGHTNESS_RANGE = 1.25
GAMMA = 1.35
CHANNEL = 1.2


def augment(picture: Picture, rng: np.random.Generator, jitter: float = 0.0) -> Picture:
    """Return a randomly changed copy of a picture: same shape, uint8, RGB.

    Brightness +-5 %, contrast +-8 % about the mean, rotation +-15 degrees, horizontal and vertical flip (each with
    probability one half), JPEG noise of quality 30-100. With ``jitter`` above 0, six in ten get a stain jitter before that: see
    :func:`jitter_stain`.
    """
    if jitter > 0.0 and rng.random() < JITTERED:
        picture = jitter_stain(picture, rng, jitter)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    if rng.random() < 0.5:
        picture = picture[::-1]
    return jpeg_noise(adjust(rotate(np.ascontiguousarray(picture), rng), rng), rng)


def rotate(picture: Picture, rng: np.random.Generator) -> Picture:
    """Rotate about the centre by up to 15 degrees, the border mirrored."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-ROTATION, ROTATION), 1.0)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def adjust(picture: Picture, rng: np.random.Generator) -> Picture:
    """Scale brightness by 0.95-1.05 and contrast by 0.92-1.08."""
    contrast = rng.uniform(1 - CONTRAST, 1 + CONTRAST)
    brightness = rng.uniform(1 - BRIGHTNESS, 1 + BRIGHTNESS)
    mean = float(picture.mean())
    adjusted = cv2.convertScaleAbs(picture, alpha=contrast * brightness, beta=mean * (1 - contrast) * brightness)
    return np.asarray(adjusted, np.uint8)


def jpeg_noise(picture: Picture, rng: np.random.Generator) -> Picture:
    """Compress and decompress with a quality of 30-100."""
    return recompress(picture, int(rng.integers(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1)))


def recompress(picture: Picture, quality: int) -> Picture:
    """Compress a picture as a JPEG of some quality (0-100) and decompress it."""
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB), np.uint8)


def jitter_stain(picture: Picture, rng: np.random.Generator, strength: float) -> Picture:
    """Simulate another stain, lamp and camera, far beyond the variation within one laboratory.

    Parameters
    ----------
    strength
        0 leaves the picture unchanged. 1 rotates hue by up to 30 degrees either way, scales saturation by 0.63-1.6, brightness
        by 0.8-1.25, red and blue by 0.83-1.2 each, and applies a gamma of 0.74-1.35.
    """

    def factor(limit: float) -> float:
        return float(limit ** (strength * rng.uniform(-1.0, 1.0)))

    picture = turn_hue(picture, strength * rng.uniform(-HUE, HUE))
    picture = apply_gamma(scale_saturation(picture, factor(SATURATION)), factor(GAMMA))
    brightness = factor(BRIGHTNESS_RANGE)
    return scale_channels(picture, brightness * factor(CHANNEL), brightness, brightness * factor(CHANNEL))
