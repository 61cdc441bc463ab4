"""Bytes of a picture file -> RGB array. The only decoder: training, command line and Lambda all come through here.

What a file declares (colour space, depth, orientation, which samples are colour, which page is the picture) is obeyed or
refused, never passed over; what a decoder would fill in is refused (docs/adr/0041).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.picture_file import FIRST_BYTES, DepthSource, PictureFormat, check_size, identify
from hemascope.domain.report import SourcePicture
from hemascope.imaging import colour_space
from hemascope.imaging.colour_space import CIELAB, ICCLAB
from hemascope.imaging.declared import Declared, corrupt, refusal_of
from hemascope.imaging.libvips import WHITE, Error, Image, to_array
from hemascope.imaging.readers import READERS

MAXIMUM_PIXELS = 100_000_000
_MAXIMUM_MEMORY = 800_000_000  # bytes while decoding: the function has little more than a gigabyte
MINIMUM_SIDE = 64  # pixels; below it a cell is a handful of pixels

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Decoded:
    """The picture as it is to be seen, uint8 RGB in sRGB, and what its file declared."""

    picture: Picture
    source: SourcePicture


def decode(data: bytes) -> Picture:
    """Decode a JPEG, PNG, TIFF, BMP, WebP or HEIC file; see :func:`decode_file`.

    Returns
    -------
    array of shape (height, width, 3), uint8, RGB in sRGB, C-contiguous
    """
    return decode_file(data).picture


def decode_file(data: bytes) -> Decoded:
    """Decode a picture file as a colour-managed viewer shows it.

    Orientation is applied, declared colours are converted to sRGB at full depth, grey and CMYK become RGB, and what is
    transparent shows a white slide.

    Parameters
    ----------
    data
        The file as received. Size and dimensions are checked before a single pixel is decoded.

    Raises
    ------
    RejectedSmear
        With the reason, where the file is empty, too large, no picture, truncated, damaged, too small, holds several
        pictures, or declares what can't be obeyed.
    """
    check_size(len(data))
    _check_repetition(data)
    declared = _declared(data)
    _check(declared)
    try:
        return _decode(declared)
    except Error as error:
        raise refusal_of(declared.format, error, is_decoding=True) from error


def check_header(data: bytes) -> PictureFormat:
    """The format of a file whose header and end are there, as far as that shows without decoding.

    Raises
    ------
    RejectedSmear
        As :func:`decode_file`, but for what only pixels show.
    """
    declared = _declared(data)
    _check(declared)
    return declared.format


def _check_repetition(data: bytes) -> None:
    """Refuse a file that begins again in its middle; where formats have checksums or end markers, the decoders see it."""
    picture_format = identify(data)
    if picture_format is not PictureFormat.JPEG and data.find(data[:FIRST_BYTES], 1) > 0:
        raise corrupt(picture_format, "it begins a second time: an upload or a copy was resumed at the wrong place")


def _declared(data: bytes) -> Declared:
    picture_format = identify(data)
    try:
        return READERS[picture_format](data)
    except Error as error:
        raise refusal_of(picture_format, error) from error


def _check(declared: Declared) -> None:
    size = f"{declared.width} x {declared.height}"
    if declared.pictures > 1:
        raise RejectedSmear(
            RejectionReason.SEVERAL_PICTURES,
            f"expected one picture, received a {declared.format} file of {declared.pictures}",
        )
    if declared.width * declared.height > MAXIMUM_PIXELS:
        raise RejectedSmear(RejectionReason.TOO_MANY_PIXELS, f"expected at most 100 megapixels, received {size}")
    if declared.width * declared.height * declared.pixel_bytes > _MAXIMUM_MEMORY:
        most = _MAXIMUM_MEMORY // declared.pixel_bytes // 1_000_000
        raise RejectedSmear(
            RejectionReason.TOO_MANY_PIXELS, f"expected at most {most} megapixels of this kind, received {size}"
        )
    if min(declared.width, declared.height) < MINIMUM_SIDE:
        raise RejectedSmear(RejectionReason.TOO_SMALL, f"expected at least {MINIMUM_SIDE} pixels on each side, received {size}")


def _decode(declared: Declared) -> Decoded:
    loaded = declared.load()
    bands = declared.bands or loaded.bands
    if loaded.bands < bands or loaded.format not in WHITE:
        raise corrupt(declared.format, "its pixels are not those that its header announces")
    if loaded.format == "ushort":
        loaded = loaded.copy_memory()  # the brightest sample is looked for before any is converted
    colour = loaded if loaded.bands == bands else loaded[0:bands]
    alpha = loaded[declared.alpha[0]] if declared.alpha else None
    depth = _significant_bits(colour, declared)
    if loaded.format == "ushort" and depth.bits < 16:
        colour = _to_sixteen_bits(colour, depth.bits)
        if alpha and alpha.max() < 2**depth.bits:
            alpha = _to_sixteen_bits(alpha, depth.bits)
    if alpha and declared.alpha and declared.alpha[1]:
        colour = colour.bandjoin(alpha).unpremultiply(max_alpha=WHITE[loaded.format]).cast(loaded.format)[0:bands]
    if declared.is_inverted:
        colour = colour.invert()
    shown, converted = colour_space.to_srgb(colour, declared.space)
    shown = _to_eight_bits(shown)
    if alpha:
        # In front of white, to the nearest level.
        shown = ((shown - 255) * (_to_eight_bits(alpha) / 255)).linear(1, 255.5, uchar=True)
    picture = to_array(shown)
    if damage := declared.damage(picture):
        raise corrupt(declared.format, damage)
    if picture.shape[2] == 1:
        picture = np.repeat(picture, 3, axis=2)
    picture = np.ascontiguousarray(_upright(picture, declared.orientation))
    source = SourcePicture(
        format=declared.format,
        width=picture.shape[1],
        height=picture.shape[0],
        bits=depth.bits,
        bits_from=depth.known_from,
        colour=declared.space.declaration,
        converted=converted,
    )
    return Decoded(picture, source)


class _Depth(NamedTuple):
    bits: int
    known_from: DepthSource


def _significant_bits(colour: Image, declared: Declared) -> _Depth:
    """How many bits of each sample are used: cameras store 10 or 12 bits in the low bits of 16, and few say so."""
    if colour.format == "uchar":
        return _Depth(8, DepthSource.FILE)
    if declared.space in (CIELAB, ICCLAB):
        return _Depth(16, DepthSource.FILE)
    brightest = int(colour.max())
    if 8 <= declared.bits <= 16 and brightest < 2**declared.bits:
        return _Depth(declared.bits, DepthSource.FILE)
    if brightest >= 2**14:  # a quarter of white; a picture that stays below it has fewer bits or shows nothing
        return _Depth(16, DepthSource.FILE)
    for bits in (10, 12):
        if 2 ** (bits - 1) <= brightest < 2**bits:
            return _Depth(bits, DepthSource.DATA)
    raise RejectedSmear(
        RejectionReason.UNSUPPORTED_FORMAT,
        f"expected 16 bits, or a file that says how many bits are used, received samples of at most {brightest} of 65535: "
        "export the field as TIFF of 8 bits or as PNG",
    )


def _to_sixteen_bits(picture: Image, bits: int) -> Image:
    return picture.linear(65535 / (2**bits - 1), 0.5).cast("ushort")


def _to_eight_bits(picture: Image) -> Image:
    return picture if picture.format == "uchar" else picture.linear(255 / 65535, 0.5, uchar=True)


def _upright(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The stored rows and columns as they are to be seen; ``orientation`` is that of EXIF and TIFF."""
    match orientation:
        case 2:
            return picture[:, ::-1]
        case 3:
            return picture[::-1, ::-1]
        case 4:
            return picture[::-1]
        case 5:
            return picture.swapaxes(0, 1)
        case 6:
            return picture.swapaxes(0, 1)[:, ::-1]
        case 7:
            return picture.swapaxes(0, 1)[::-1, ::-1]
        case 8:
            return picture.swapaxes(0, 1)[::-1]
        case _:
            return picture
