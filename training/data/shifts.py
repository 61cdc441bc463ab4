"""Shifts of stain, light and camera, applied to the decoded picture before all other steps.

Hue is in degrees, 0-360. A shift treats cells and background alike.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from hemascope.imaging.decode import Picture
from training.data.augment import recompress
from training.data.colour import apply_gamma, scale_channels, scale_saturation, turn_hue

BLUR = 1 / 224  # standard deviation as a share of the longer side: one pixel of the working picture
ANGLE = 10.0  # degrees
KEPT = 0.9  # share of each side that a crop keeps


@dataclass(frozen=True)
class Shift:
    """A named change of a picture; ``moves`` says whether pixels change their place, so that the mask has to move too."""

    name: str
    apply: Callable[[Picture], Picture]
    moves: bool = False


def blur(picture: Picture) -> Picture:
    """Gaussian blur with a standard deviation of one pixel of the working picture."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), BLUR * max(picture.shape[:2])), np.uint8)


def halve(picture: Picture) -> Picture:
    """Halve the number of pixels of each side."""
    height, width = picture.shape[:2]
    return np.asarray(cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)


def turn_and_crop(picture: Picture) -> Picture:
    """Rotate by 10 degrees about the centre, the border mirrored, and keep the middle 90 % of each side."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), ANGLE, 1.0)
    turned = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    top, left = round(height * (1 - KEPT) / 2), round(width * (1 - KEPT) / 2)
    return np.ascontiguousarray(turned[top : height - top, left : width - left], np.uint8)


NONE = Shift("none", lambda picture: picture)
SHIFTS = (
    Shift("hue +8 degrees", lambda picture: turn_hue(picture, 8.0)),
    Shift("hue -8 degrees", lambda picture: turn_hue(picture, -8.0)),
    Shift("hue +15 degrees", lambda picture: turn_hue(picture, 15.0)),
    Shift("hue -15 degrees", lambda picture: turn_hue(picture, -15.0)),
    Shift("saturation x 0.7", lambda picture: scale_saturation(picture, 0.7)),
    Shift("saturation x 1.3", lambda picture: scale_saturation(picture, 1.3)),
    Shift("brightness +15 %", lambda picture: scale_channels(picture, 1.15, 1.15, 1.15)),
    Shift("brightness -15 %", lambda picture: scale_channels(picture, 0.85, 0.85, 0.85)),
    Shift("gamma 0.8", lambda picture: apply_gamma(picture, 0.8)),
    Shift("gamma 1.25", lambda picture: apply_gamma(picture, 1.25)),
    Shift("warm lamp (red +12 %, blue -12 %)", lambda picture: scale_channels(picture, 1.12, 1.0, 0.88)),
    Shift("cold lamp (red -12 %, blue +12 %)", lambda picture: scale_channels(picture, 0.88, 1.0, 1.12)),
    Shift("blur of one pixel", blur),
    Shift("JPEG quality 30", lambda picture: recompress(picture, 30)),
    Shift("half resolution", halve),
    Shift("turned 10 degrees, cropped to 90 %", turn_and_crop, moves=True),
)
