"""Light and stain of a picture as it was photographed, before anything is corrected: what drift is told by."""

import cv2
import numpy as np

from hemascope.domain.drift import PhotographedFigures
from hemascope.imaging.decode import Picture
from hemascope.imaging.quality import purple_peak, unevenness_of, without_corner

_SIDE = 224  # pixels of the shrunk picture
_SPARED = 2  # times that side: of a larger picture only so many rows and columns are read
_EMPTY_SLIDE = 0.95  # quantile of each channel
_DARKEST = 1.0  # grey level; keeps the logarithm of a black picture finite


def photographed_figures(picture: Picture) -> PhotographedFigures:
    """Measure a picture of any size, without the lowest eighth, where a scale bar may be.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB.
    """
    if min(picture.shape[:2]) > _SPARED * _SIDE:
        picture = np.asarray(cv2.resize(picture, (_SPARED * _SIDE,) * 2, interpolation=cv2.INTER_NEAREST), np.uint8)
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    seen = without_corner(np.asarray(small, np.uint8))
    pixels = seen.reshape(-1, 3)
    slide = np.maximum(np.quantile(pixels, _EMPTY_SLIDE, axis=0), _DARKEST)
    median = np.maximum(np.median(pixels, axis=0), _DARKEST)
    red, green, blue = 100.0 * np.log(slide / 255.0)
    return PhotographedFigures(
        light=float((red + green + blue) / 3.0),
        exposure=float(100.0 * np.log(median / 255.0).mean()),
        warmth=float(red - blue),
        tint=float(green - (red + blue) / 2.0),
        unevenness=unevenness_of(np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), np.float32)),
        stain=purple_peak(seen),
    )
