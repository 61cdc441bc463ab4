"""The six augmentations of Islam et al. (2024), on working pictures, before segmentation: as serving would see them."""

import cv2
import numpy as np

from hemascope.imaging.decode import Picture

BRIGHTNESS = 0.05
CONTRAST = 0.08
ROTATION = 15.0  # degrees
JPEG_QUALITY = (30, 100)


def augment(picture: Picture, chance: np.random.Generator) -> Picture:
    """Return a randomly changed copy of a picture: same shape, uint8, RGB.

    Brightness +-5 %, contrast +-8 % about the mean, rotation +-15 degrees, horizontal and vertical flip (each with
    probability one half), JPEG noise of quality 30-100.
    """
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
    quality = int(chance.integers(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1))
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB), np.uint8)
