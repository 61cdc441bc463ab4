"""Pictures as they go into a printed page: small enough to send, fine enough to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from hemascope.domain.errors import RejectedSmear
from hemascope.imaging.decode import decode

_LONGEST_SIDE = 720  # pixels: 300 a inch where four stand beside each other, 200 where it is two
_QUALITY = 90  # of the JPEG


@dataclass(frozen=True)
class ReportPictures:
    """Files of the pictures; None where one is not stored any more, or never was."""

    smear: bytes | None = None
    overlay: bytes | None = None
    heat_maps: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Print:
    """A JPEG file and its size in pixels."""

    data: bytes
    width: int
    height: int


def to_print(data: bytes | None) -> Print | None:
    """Decode a picture as the screening does and make it small; None where there is none or it can't be decoded."""
    if data is None:
        return None
    try:
        picture = decode(data)
    except RejectedSmear:
        return None
    height, width = picture.shape[:2]
    scale = min(1.0, _LONGEST_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else picture
    _, encoded = cv2.imencode(".jpg", np.asarray(small)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return Print(encoded.tobytes(), *size)
