"""What a picture file says of itself before a pixel is decoded, and how it is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.picture_file import PictureFormat
from hemascope.imaging.colour_space import UNDECLARED, ColourSpace
from hemascope.imaging.damage import LOST, Finder, Stored
from hemascope.imaging.libvips import Image


def no_damage(_stored: Stored) -> str:
    """Say nothing: the decoder finds all damage."""
    return ""


@dataclass(frozen=True)
class Declared:
    """What a file says before a pixel is decoded.

    ``bands`` are the colour's samples of a pixel, 0 for all of them. ``alpha`` is the band of the alpha channel and whether
    colours are multiplied by it. ``bits`` is what the file says that samples of 16 bits use, 0 where it says nothing.
    Inverted samples are 0 for white. ``pixel_bytes`` is what decoding takes at most for each pixel, buffers of the decoder
    included. ``damage`` is asked about the decoded picture as it is stored, for what the decoder did not tell.
    """

    format: PictureFormat
    width: int
    height: int
    load: Callable[[], Image]
    bands: int = 3
    alpha: tuple[int, bool] | None = None
    bits: int = 0
    is_inverted: bool = False
    orientation: int = 1
    space: ColourSpace = UNDECLARED
    pictures: int = 1
    pixel_bytes: int = 8
    damage: Finder = no_damage


# What libraries say of a file that is whole, but of a kind that they don't decode, and of one that ends early.
_NOT_SUPPORTED = re.compile(r"unsupported|not supported|not configured|not implemented|bad number of bands", re.IGNORECASE)
_ENDS_EARLY = re.compile(r"premature end of JPEG|end of file|truncated|not enough data|past end", re.IGNORECASE)


def refusal_of(picture_format: PictureFormat, error: Exception, *, is_decoding: bool = False) -> RejectedSmear:
    """Say in words of ours what a library said of a file, of its header or of its pixels."""
    # The libraries' own words may repeat what the sender wrote: they are looked at and not shown.
    words = str(error)
    # A marker of another kind of JPEG among the pixels is damage that looks like one.
    is_damage = is_decoding and ("marker" in words or "SOF" in words)
    if _NOT_SUPPORTED.search(words) and not is_damage:
        return not_decoded(picture_format)
    if _ENDS_EARLY.search(words):
        return truncated(picture_format)
    return corrupt(picture_format, LOST)


def not_decoded(picture_format: PictureFormat) -> RejectedSmear:
    """A file that is whole, but of a kind that no library here decodes."""
    return RejectedSmear(
        RejectionReason.UNSUPPORTED_FORMAT,
        f"expected a usual {picture_format} file, received one of a kind that is not decoded, such as 12 bits, lossless or "
        "old-style JPEG: export the field as PNG or as TIFF of 8 bits",
    )


def truncated(picture_format: PictureFormat, detail: str = "the upload or the copy stopped") -> RejectedSmear:
    """A file that ends early."""
    return RejectedSmear(
        RejectionReason.TRUNCATED, f"expected a whole {picture_format} file, received one that ends early: {detail}"
    )


def corrupt(picture_format: PictureFormat, detail: str) -> RejectedSmear:
    """A damaged file."""
    return RejectedSmear(
        RejectionReason.CORRUPT, f"expected a readable {picture_format} file, received a damaged one: {detail}"
    )
