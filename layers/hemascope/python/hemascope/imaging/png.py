"""What a PNG file says of itself, and the file without what pixels don't need.

libvips shows none of the chunks that say what colours mean; libpng warns of some that nobody needs, and repeats in its
warnings what the sender wrote. So the chunks are walked here, and what is decoded holds only those that pixels need.

Source: Portable Network Graphics, third edition (W3C, 2025).
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hemascope.domain.picture_file import PictureFormat
from hemascope.imaging.colour_space import (
    SRGB,
    UNDECLARED,
    ColourSpace,
    of_code_points,
    of_gamma,
    of_icc_profile,
    unsupported_colour,
)
from hemascope.imaging.declared import corrupt, truncated

_SIGNATURE = 8  # bytes
_MOST_CHUNKS = 100_000  # honest files have a few thousand at most. A file of 32 MB could have millions.
_MOST_PROFILE_BYTES = 8 * 1024 * 1024
_FOR_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_SAID = {b"acTL", b"sBIT", b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"}


@dataclass(frozen=True)
class DeclaredPng:
    """The file to decode, the frames of its animation, its significant bits (0: not said) and its colour space."""

    data: bytes
    frames: int
    significant_bits: int
    space: ColourSpace


def read_png(data: bytes) -> DeclaredPng:
    """Read what the chunks of a PNG file say.

    Raises
    ------
    RejectedSmear
        ``truncated`` without its end chunk, ``corrupt``, ``unsupported_colour``.
    """
    needed, said = [data[:_SIGNATURE]], dict[bytes, bytes]()
    name, end = b"", 0
    for name, start, end in _chunks(data):
        if name == b"eXIf":
            # Behind the header: it may stand behind the pixels, where libvips has no use for it
            needed.insert(2, data[start:end])
        elif name in _FOR_PIXELS:
            needed.append(data[start:end])
        else:
            content = data[start + 8 : end - 4]
            if name in _SAID and zlib.crc32(name + content) != int.from_bytes(data[end - 4 : end], "big"):
                raise corrupt(PictureFormat.PNG, f"the checksum of its chunk {name.decode()} is wrong")
            said.setdefault(name, content)
    if name != b"IEND" or end > len(data):
        raise truncated(PictureFormat.PNG, "the end chunk is missing")
    try:
        frames = struct.unpack_from(">I", said[b"acTL"])[0] if b"acTL" in said else 1
        return DeclaredPng(b"".join(needed), frames, _significant_bits(said.get(b"sBIT", b"")), _space(said))
    except struct.error as error:
        raise corrupt(PictureFormat.PNG, "a chunk is too short") from error


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk of a PNG, up to its end chunk; the last may end behind the file."""
    position, name = _SIGNATURE, b""
    for _ in range(_MOST_CHUNKS):
        if position + 12 > len(data) or name == b"IEND":
            return
        (length,) = struct.unpack_from(">I", data, position)
        start, name, position = position, data[position + 4 : position + 8], position + 12 + length
        yield name, start, position
    raise corrupt(PictureFormat.PNG, f"more than {_MOST_CHUNKS} chunks")


def _significant_bits(said: bytes) -> int:
    colours = said[: len(said) - 1] if len(said) in (2, 4) else said  # the last of two or four is the alpha channel's
    return min(colours, default=0)


def _space(said: Mapping[bytes, bytes]) -> ColourSpace:
    """The first of cICP, iCCP, sRGB, gAMA with cHRM holds, as the specification says."""
    if b"cICP" in said:
        primaries, transfer, _, full_range = struct.unpack_from(">4B", said[b"cICP"])
        if not full_range:
            raise unsupported_colour("narrow-range RGB")
        return of_code_points(primaries, transfer)
    if b"iCCP" in said:
        return of_icc_profile(_inflate(said[b"iCCP"].partition(b"\x00")[2][1:]))
    if b"sRGB" in said:
        return SRGB
    if b"gAMA" in said or b"cHRM" in said:
        (gamma,) = struct.unpack_from(">I", said.get(b"gAMA", struct.pack(">I", 45455)))
        primaries = struct.unpack_from(">8I", said[b"cHRM"]) if b"cHRM" in said else None
        return of_gamma(100_000 / max(gamma, 1), tuple(value / 100_000 for value in primaries) if primaries else None)
    return UNDECLARED


def _inflate(compressed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(compressed, _MOST_PROFILE_BYTES)
    except zlib.error as error:
        raise unsupported_colour("an ICC profile that is damaged") from error
    if not inflater.eof:
        raise unsupported_colour("an ICC profile that is cut off or larger than 8 MB")
    return profile
