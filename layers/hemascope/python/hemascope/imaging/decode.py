"""Bytes of a picture file -> RGB array. The only decoder: training, command line and Lambda all come through here."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.picture_file import check_size
from hemascope.imaging.header import Header, read_header, without_colour_profile

MAXIMUM_PIXELS = 100_000_000
_MAXIMUM_MEMORY = 800_000_000  # bytes while decoding: the function has little more than a gigabyte
MINIMUM_SIDE = 64  # pixels; below it a cell is a handful of pixels
_ROWS = 64  # blended at a time, so that no copy of a large picture is made

Picture = NDArray[np.uint8]


def decode(data: bytes) -> Picture:
    """Decode a JPEG, PNG, TIFF, BMP or WebP file.

    EXIF orientation is applied, 16 bits become 8 (the high byte), grey and CMYK become RGB, and what is transparent
    shows a white slide.

    Parameters
    ----------
    data
        The file as received. Size and dimensions are checked before a single pixel is decoded.

    Returns
    -------
    array of shape (height, width, 3), uint8, RGB, C-contiguous

    Raises
    ------
    RejectedSmear
        With the reason, where the file is empty, too large, no picture, truncated, damaged, too small, or holds
        several pictures.
    """
    check_size(len(data))
    header = read_header(data)
    _check(header)
    buffer = np.frombuffer(without_colour_profile(data) if header.format == "PNG" else data, np.uint8)
    try:
        picture = _with_alpha(buffer) if header.has_alpha else _opaque(buffer, header.format)
    except cv2.error as error:
        raise _corrupt(header) from error
    if picture is None:
        raise _corrupt(header)
    return np.ascontiguousarray(picture)


def _corrupt(header: Header) -> RejectedSmear:
    return RejectedSmear(
        RejectionReason.CORRUPT, f"expected a readable {header.format} file, received one whose pixels can't be decoded"
    )


def _check(header: Header) -> None:
    size = f"{header.width} x {header.height}"
    if header.pictures > 1:
        raise RejectedSmear(
            RejectionReason.SEVERAL_PICTURES, f"expected one picture, received a {header.format} file of {header.pictures}"
        )
    if header.width * header.height > MAXIMUM_PIXELS:
        raise RejectedSmear(RejectionReason.TOO_MANY_PIXELS, f"expected at most 100 megapixels, received {size}")
    if header.width * header.height * header.pixel_bytes > _MAXIMUM_MEMORY:
        raise RejectedSmear(
            RejectionReason.TOO_MANY_PIXELS,
            f"expected at most {_MAXIMUM_MEMORY // header.pixel_bytes // 1_000_000} megapixels of this kind, received {size}",
        )
    if min(header.width, header.height) < MINIMUM_SIDE:
        raise RejectedSmear(RejectionReason.TOO_SMALL, f"expected at least {MINIMUM_SIDE} pixels on each side, received {size}")


def _opaque(buffer: NDArray[np.uint8], name: str = "") -> Picture | None:
    if name == "JPEG":  # 8 bits, and the decoder itself lays the channels in our order: no copy of a large picture
        return _eight_bits(cv2.imdecode(buffer, cv2.IMREAD_COLOR_RGB))
    # Depth and colour order are ours to change: OpenCV takes the high byte of a PNG but rounds a TIFF, and its
    # IMREAD_COLOR_RGB mixes up the channels of a TIFF of 16 bits (5.0.0).
    picture = _eight_bits(cv2.imdecode(buffer, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH))
    return None if picture is None else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=picture), np.uint8)


def _with_alpha(buffer: NDArray[np.uint8]) -> Picture | None:
    picture = _eight_bits(cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED))
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:  # the file claimed an alpha channel and has none
        return _opaque(buffer)
    shown = np.empty((*picture.shape[:2], 3), np.uint8)
    for top in range(0, len(picture), _ROWS):
        rows = picture[top : top + _ROWS].astype(np.uint16)
        colour, alpha = rows[..., 2::-1], rows[..., 3:]
        shown[top : top + _ROWS] = (colour * alpha + 255 * (255 - alpha) + 127) // 255
    return shown


def _eight_bits(picture: NDArray[Any] | None) -> Picture | None:
    if picture is None or picture.dtype == np.uint8:
        return picture
    if picture.dtype == np.uint16:
        shown = np.empty(picture.shape, np.uint8)
        np.right_shift(picture, 8, out=shown, casting="unsafe")  # without a copy of 16 bits
        return shown
    return None  # floating-point pixels have no agreed range
