"""The tags of a TIFF file, read in bounded time and memory, and written.

Source: TIFF 6.0 (Adobe, 1992); BigTIFF; Adobe Photoshop TIFF Technical Notes (2002).
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.picture_file import PictureFormat
from hemascope.imaging.declared import corrupt, truncated

Numbers = NDArray[Any]

NEW_SUBFILE_TYPE, SUBFILE_TYPE, WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 254, 255, 256, 257, 258, 259, 262
DESCRIPTION, STRIPS, ORIENTATION, SAMPLES, STRIP_BYTES, MAXIMUM, PLANAR = 270, 273, 274, 277, 279, 281, 284
WHITE_POINT, CHROMATICITIES, TILES, TILE_BYTES, INK_SET, EXTRA, SAMPLE_FORMAT = 318, 319, 324, 325, 332, 338, 339
ROWS, TRANSFER_FUNCTION, TILE_WIDTH, TILE_LENGTH, SUB_IFDS = 278, 301, 322, 323, 330
ICC_PROFILE, DNG_VERSION, IMAGEJ = 34675, 50706, 50839
# What stays as it is where the picture is written anew: fill order, rows a strip, fax options, predictor, palette, tile size,
# JPEG tables, and how luma and chroma are stored.
KEPT = (WIDTH, LENGTH, COMPRESSION, 266, ROWS, 292, 293, 317, 320, TILE_WIDTH, TILE_LENGTH, 347, 529, 530, 531, 532)
_READ = {
    NEW_SUBFILE_TYPE, SUBFILE_TYPE, BITS, PHOTOMETRIC, DESCRIPTION, STRIPS, ORIENTATION, SAMPLES, STRIP_BYTES, MAXIMUM, PLANAR,
    WHITE_POINT, CHROMATICITIES, TILES, TILE_BYTES, INK_SET, EXTRA, SAMPLE_FORMAT, TRANSFER_FUNCTION, ICC_PROFILE,
    SUB_IFDS, DNG_VERSION, IMAGEJ, *KEPT,
}  # fmt: skip
# BYTE, ASCII, SHORT, LONG, RATIONAL as pairs, UNDEFINED, IFD, LONG8, SLONG8, IFD8
_TYPES = {1: "u1", 2: "u1", 3: "u2", 4: "u4", 5: "u4", 7: "u1", 13: "u4", 16: "u8", 18: "u8"}
_RATIONAL = 5
_TYPE_NUMBERS = {1: 1, 2: 3, 4: 4}  # of whole numbers, by bytes
# Directory entries: honest files have a few hundred at most. A file of 32 MB could have millions.
MOST_ENTRIES = 100_000
_MOST_VALUES = 1_000_000  # of a tag that is not bytes: a picture has at most a few strips for each row


def read_tags(data: bytes, order: str, places: Sequence[int], linked: str) -> dict[int, Numbers]:
    """Values of the tags that are asked for; they are looked at where they stand, so many of them take no memory."""
    tags: dict[int, Numbers] = {}
    inline = struct.calcsize(linked)
    for entry in places:
        tag, kind, number = struct.unpack_from(f"{order}HH{linked}", data, entry)
        if tag not in _READ or kind not in _TYPES:
            continue
        form = np.dtype(f"{order}{_TYPES[kind]}")
        parts = 2 if kind == _RATIONAL else 1
        size = number * parts * form.itemsize
        where = entry + 4 + inline
        if size > inline:
            (where,) = struct.unpack_from(order + linked, data, where)
        if number < 1 or size > len(data) or (form.itemsize > 1 and number > _MOST_VALUES):
            raise corrupt(PictureFormat.TIFF, f"tag {tag} has {number} values")
        if where + size > len(data):
            raise truncated(PictureFormat.TIFF, f"tag {tag} lies behind its end")
        values = np.frombuffer(data, form, number * parts, where)
        tags[tag] = values.reshape(-1, 2) if parts == 2 else values
    return tags


def with_directory(data: bytes, order: str, tags: Mapping[int, Numbers]) -> bytes:
    """The file with this directory alone; all offsets in it are those of the file."""
    start = len(data) + len(data) % 2
    values_at = start + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag in sorted(tags):
        numbers = tags[tag]
        size = min(numbers.dtype.itemsize, 4)  # a file of 32 MB has no use for the 8 bytes of a BigTIFF
        content = numbers.astype(f"{order}u{size}").tobytes()
        if len(content) > 4:
            where = struct.pack(f"{order}I", values_at + len(values))
            values += content + bytes(len(content) % 2)
        else:
            where = content.ljust(4, b"\x00")
        kind = _RATIONAL if numbers.ndim == 2 else _TYPE_NUMBERS[size]
        entries += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + where
    header = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", start)
    directory = struct.pack(f"{order}H", len(tags)) + entries + bytes(4)
    return b"".join((header, data[8:], bytes(len(data) % 2), directory, values))


def unsupported(what: str) -> RejectedSmear:
    """A TIFF file that is whole, but of a kind that is not decoded."""
    return RejectedSmear(
        RejectionReason.UNSUPPORTED_FORMAT,
        f"expected a TIFF file of 8 or 16 bits that is uncompressed or compressed by LZW, Deflate or JPEG, received {what}: "
        "export the field as TIFF of 8 bits or as PNG",
    )
