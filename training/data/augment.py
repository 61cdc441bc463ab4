"""The six augmentations of Islam et al. (2024), on working pictures, before segmentation: as serving would see them.

Beyond the paper, and off by default: a jitter of stain and lamp.
"""

import cv2
import numpy as np

from hemascope.imaging.decode import Picture
from training.data.colour import bend, scale_channels, scale_saturation, turn_hue

BRIGHTNESS = 0.05
CONTRAST = 0.08
ROTATION = 15.0  # degrees
JPEG_QUALITY = (30, 100)
JITTERED = 0.6  # share of the copies that are jittered at all: the laboratory's own stain must stay well known
# Of a jitter of strength 1.
HUE = 30.0  # degrees of 360
SATURATION = 1.6  # at most times, or divided by
BRIGHTNESS_RANGE = 1.25
GAMMA = 1.35
CHANNEL = 1.2


def augment(picture: Picture, chance: np.random.Generator, jitter: float = 0.0) -> Picture:
    """Return a randomly changed copy of a picture: same shape, uint8, RGB.

    Brightness +-5 %, contrast +-8 % about the mean, rotation +-15 degrees, horizontal and vertical flip (each with
    probability one half), JPEG noise of quality 30-100. Before all that six in ten get a stain jitter of some strength,
    see :func:`jitter_stain`.
    """
    if jitter > 0.0 and chance.random() < JITTERED:
        picture = jitter_stain(picture, chance, jitter)
    if chance.random() < 0.5:
        picture = picture[:, ::-1]
    if chance.random() < 0.5:
        picture = picture[::-1]
    return jpeg_noise(adjust(rotate(np.ascontiguousarray(picture), chance), chance), chance)


def rotate(picture: Picture, chance: np.random.Generator) -> Picture:
    """Rotate about the centre by up to 15 degrees, the border mirrored."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), chance.uniform(-ROTATION, ROTATION), 1.0)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def adjust(picture: Picture, chance: np.random.Generator) -> Picture:
    """Scale brightness by 0.95-1.05 and contrast by 0.92-1.08."""
    contrast = chance.uniform(1 - CONTRAST, 1 + CONTRAST)
    brightness = chance.uniform(1 - BRIGHTNESS, 1 + BRIGHTNESS)
    mean = float(picture.mean())
    return cv2.convertScaleAbs(picture, alpha=contrast * brightness, beta=mean * (1 - contrast) * brightness)


def jpeg_noise(picture: Picture, chance: np.random.Generator) -> Picture:
    """Compress and decompress with a quality of 30-100."""
    return recompress(picture, int(chance.integers(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1)))


def recompress(picture: Picture, quality: int) -> Picture:
    """What is left of a picture that was kept as a JPEG of some quality (0-100)."""
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB), np.uint8)


def jitter_stain(picture: Picture, chance: np.random.Generator, strength: float) -> Picture:
    """Another stain, lamp and camera: far beyond what one laboratory shows.

    Parameters
    ----------
    strength
        0 leaves the picture alone. 1 turns hue by up to 30 degrees either way, scales saturation by 0.63-1.6, brightness
        by 0.8-1.25, red and blue by 0.83-1.2 each, and bends all by a gamma of 0.74-1.35.
    """

    def factor(most: float) -> float:
        return float(most ** (strength * chance.uniform(-1.0, 1.0)))

    picture = turn_hue(picture, strength * chance.uniform(-HUE, HUE))
    picture = bend(scale_saturation(picture, factor(SATURATION)), factor(GAMMA))
    brightness = factor(BRIGHTNESS_RANGE)
    return scale_channels(picture, brightness * factor(CHANNEL), brightness, brightness * factor(CHANNEL))
