"""Reads format and dimensions from a picture's first bytes, so that limits hold before anything is decoded."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import RejectedSmear, RejectionReason

Numbers = NDArray[Any]
_FILLED = re.compile(rb"\xff+")  # a marker begins with one, and any number may stand before it
_JPEG_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_TIFF_TYPES = {1: "u1", 3: "u2", 4: "u4", 16: "u8"}  # BYTE, SHORT, LONG, LONG8: all that dimensions and strips may use
_TIFF_TAGS = {254, 256, 257, 258, 262, 273, 277, 279, 324, 325}  # all that is asked for below
# Segments, chunks, directory entries: honest files have a few thousand at most. A file of 32 MB could have millions.
_MOST_PARTS = 100_000
_MOST_VALUES = 1_000_000  # of a directory entry: a picture has at most a few strips for each row
_MOST_SCANS = 64  # of a JPEG; honest ones have ten. Each costs a walk over the whole picture, whatever few bytes it has.


@dataclass(frozen=True)
class Header:
    """What the first bytes of a picture say: format name, width and height in pixels, number of pictures, alpha.

    ``pixel_bytes`` is what decoding takes at most for each pixel, buffers of the decoder included.
    """

    format: str
    width: int
    height: int
    pictures: int = 1
    has_alpha: bool = False
    pixel_bytes: int = 8


def read_header(data: bytes) -> Header:
    """Read the header of a JPEG, PNG, TIFF, BMP or WebP file.

    Raises
    ------
    RejectedSmear
        ``unsupported_format`` where the bytes are none of these, ``truncated`` where the file ends before its end
        marker, ``corrupt`` where the header contradicts itself.
    """
    for magic, reader in _READERS:
        if data.startswith(magic):
            try:
                return reader(data)
            except (struct.error, IndexError) as error:
                raise _truncated(reader.__name__[1:].upper(), "its header is cut off") from error
    raise RejectedSmear(
        RejectionReason.UNSUPPORTED_FORMAT,
        f"expected a JPEG, PNG, TIFF, BMP or WebP picture, received a file that begins with {data[:4].hex()}",
    )


def _truncated(name: str, detail: str) -> RejectedSmear:
    return RejectedSmear(RejectionReason.TRUNCATED, f"expected a whole {name} file, received one that ends early: {detail}")


def _corrupt(name: str, detail: str) -> RejectedSmear:
    return RejectedSmear(RejectionReason.CORRUPT, f"expected a readable {name} file, received a damaged one: {detail}")


def _jpeg(data: bytes) -> Header:
    position, size, components, progressive = 2, None, 3, False
    for _ in range(_MOST_PARTS):
        if filled := _FILLED.match(data, position):
            position = filled.end() - 1
        if data[position] != 0xFF:
            raise _corrupt("JPEG", "a segment marker is missing")
        marker = data[position + 1]
        if marker in _JPEG_FRAMES:
            height, width, components = struct.unpack_from(">HHB", data, position + 5)
            size, progressive = (width, height), marker not in (0xC0, 0xC1)
        if marker == 0xDA:
            break
        (length,) = struct.unpack_from(">H", data, position + 2)
        position += 2 + length
    else:
        raise _corrupt("JPEG", f"more than {_MOST_PARTS} segments")
    if size is None:
        raise _corrupt("JPEG", "the scan has no frame header")
    if data.count(b"\xff\xda", position) > _MOST_SCANS:
        raise _corrupt("JPEG", f"more than {_MOST_SCANS} scans")
    # libjpeg fills what is missing with grey and says nothing; a smear that is grey below is not a smear.
    if data.rfind(b"\xff\xd9", position) < 0:
        raise _truncated("JPEG", "the end marker is missing")
    # Where a pixel comes in several scans, the decoder keeps every coefficient: two bytes for each component.
    scans = progressive or data[position + 4] < components
    return Header("JPEG", *size, pixel_bytes=6 + 2 * components if scans else 6)


def _png(data: bytes) -> Header:
    width, height, depth, colour_type = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR":
        raise _corrupt("PNG", "the first chunk is not IHDR")
    pictures, has_alpha, last, end = 1, colour_type in (4, 6), b"", 0
    for last, start, end in png_chunks(data):  # noqa: B007 - the last end is looked at behind the loop
        if last == b"acTL":
            (pictures,) = struct.unpack_from(">I", data, start + 8)
        has_alpha = has_alpha or last == b"tRNS"
    if last != b"IEND" or end > len(data):
        raise _truncated("PNG", "the end chunk is missing")
    return Header("PNG", width, height, pictures, has_alpha, 8 if depth <= 8 else 16 if has_alpha else 12)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk of a PNG, up to its end chunk; the last may end behind the file."""
    position, name = 8, b""
    for _ in range(_MOST_PARTS):
        if position + 12 > len(data) or name == b"IEND":
            return
        (length,) = struct.unpack_from(">I", data, position)
        start, name, position = position, data[position + 4 : position + 8], position + 12 + length
        yield name, start, position
    raise _corrupt("PNG", f"more than {_MOST_PARTS} chunks")


def without_colour_profile(data: bytes) -> bytes:
    """A PNG without its iCCP chunk, which the decoder does not use.

    The profile's name is whatever the sender wrote, and libpng repeats it in its warnings, which end up in a log.
    """
    profiles = [(start, end) for name, start, end in png_chunks(data) if name == b"iCCP"]
    starts, ends = [0, *(end for _, end in profiles)], [*(start for start, _ in profiles), len(data)]
    return b"".join(data[start:end] for start, end in zip(starts, ends, strict=True)) if profiles else data


def _bmp(data: bytes) -> Header:
    pixels, info_size = struct.unpack_from("<II", data, 10)
    if info_size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    height = abs(height)
    if width <= 0 or height == 0:
        raise _corrupt("BMP", f"its size is {width} x {height}")
    row = (width * bits + 31) // 32 * 4
    if compression in (0, 3) and len(data) < pixels + row * height:
        raise _truncated("BMP", f"{pixels + row * height} bytes expected, {len(data)} received")
    return Header("BMP", width, height)


def _webp(data: bytes) -> Header:
    if data[8:12] != b"WEBP":
        raise RejectedSmear(RejectionReason.UNSUPPORTED_FORMAT, "expected a WebP picture, received another RIFF file")
    (size,) = struct.unpack_from("<I", data, 4)
    if len(data) < size + 8:
        raise _truncated("WebP", f"{size + 8} bytes expected, {len(data)} received")
    kind = data[12:16]
    if kind == b"VP8X":
        flags = data[20]
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        frames = max(1, data.count(b"ANMF")) if flags & 0x02 else 1
        return Header("WebP", width, height, 2 if flags & 0x02 and frames == 1 else frames, bool(flags & 0x10))
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header("WebP", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), 1, bool(bits >> 28 & 1))
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("WebP", width & 0x3FFF, height & 0x3FFF)
    raise _corrupt("WebP", "its first chunk is unknown")


def _tiff(data: bytes) -> Header:
    order = "<" if data[:2] == b"II" else ">"
    (offset,) = struct.unpack_from(order + "I", data, 4)
    header, pages, seen, entries = None, 0, set(), 0
    while offset:
        if offset in seen:
            raise _corrupt("TIFF", "its directories form a circle")
        seen.add(offset)
        (count,) = struct.unpack_from(order + "H", data, offset)
        entries += 1 + count
        if entries > _MOST_PARTS:
            raise _corrupt("TIFF", f"more than {_MOST_PARTS} entries")
        tags = _tiff_tags(data, order, offset + 2, count)
        (offset,) = struct.unpack_from(order + "I", data, offset + 2 + 12 * count)
        if 254 not in tags or not int(tags[254][0]) & 1:  # bit 0: a reduced copy of another page, not a picture
            pages += 1
        header = header or _tiff_page(data, tags)
    if header is None:
        raise _corrupt("TIFF", "it holds no picture")
    return replace(header, pictures=max(pages, 1))


def _tiff_page(data: bytes, tags: dict[int, Numbers]) -> Header:
    if 256 not in tags or 257 not in tags:
        raise _corrupt("TIFF", "its size is missing")
    for offsets, lengths in ((273, 279), (324, 325)):  # strips, tiles
        if offsets in tags and lengths in tags:
            pairs = min(len(tags[offsets]), len(tags[lengths]))
            end = int((tags[offsets][:pairs].astype(np.float64) + tags[lengths][:pairs]).max())
            if end > len(data):
                raise _truncated("TIFF", f"{end} bytes expected, {len(data)} received")
    width, height, samples, photometric = (int(tags[tag][0]) if tag in tags else 1 for tag in (256, 257, 277, 262))
    colours = {2: 3, 5: 4, 6: 3}.get(photometric, 1)  # RGB, CMYK, YCbCr; else one grey or palette sample
    # A strip may be the whole picture, and is decoded into a buffer of its own.
    sample_bytes = (int(tags[258].max()) + 7) // 8 if 258 in tags else 1
    return Header("TIFF", width, height, 1, samples > colours, max(8, 2 * max(samples, 3) * sample_bytes))


def _tiff_tags(data: bytes, order: str, first: int, count: int) -> dict[int, Numbers]:
    """Values of the tags that are asked for; they are looked at where they stand, so many of them take no memory."""
    tags: dict[int, Numbers] = {}
    for entry in range(first, first + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, entry)
        if tag not in _TIFF_TAGS or kind not in _TIFF_TYPES:
            continue
        form = np.dtype(order + _TIFF_TYPES[kind])
        size = number * form.itemsize
        where = entry + 8 if size <= 4 else struct.unpack_from(order + "I", data, entry + 8)[0]
        if not 0 < number <= _MOST_VALUES or size > len(data):
            raise _corrupt("TIFF", f"tag {tag} has {number} values")
        if where + size > len(data):
            raise _truncated("TIFF", f"tag {tag} lies behind its end")
        tags[tag] = np.frombuffer(data, form, number, where)
    return tags


_READERS = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"II*\x00", _tiff),
    (b"MM\x00*", _tiff),
    (b"BM", _bmp),
    (b"RIFF", _webp),
)
