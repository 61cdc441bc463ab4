"""Damage that decoders don't tell of: they fill in what is lost and say nothing.

Coded samples are as good as random: a run of one value among them was lost or never written, unless the picture is of one
colour. (A lossy WebP picture with black bars has runs of some hundred bytes, so only longer ones count there.) What was
overwritten by other data doesn't show in lossy WebP, HEIC and uncompressed files; in all others it does.

Sources: WebP container specification (Google), ISO/IEC 14496-12 (boxes of HEIC files).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Stored = NDArray[np.uint8]  # (height, width, bands), as the file stores it
Finder = Callable[[Stored], str]  # what is damaged; nothing where nothing is

LOST = "the upload, the copy or the memory card lost a part of it"
HEIC_RUN, WEBP_RUN = 512, 2048  # bytes
_DEAD_ROWS = 8
_DARK, _MOSTLY = 32, 0.9  # of 255; share of a line


def has_run(coded: Iterable[bytes], length: int) -> bool:
    """Whether a coded picture holds that many zeros or ones in a row."""
    return any(lost in part for part in coded for lost in (bytes(length), b"\xff" * length))


def lost_run(coded: Iterable[bytes], length: int) -> Finder:
    """Find that many zeros or ones in a row; a picture of one colour may hold them."""
    has_one = has_run(coded, length)
    return lambda stored: LOST if has_one and not _is_of_one_value(stored, stored) else ""


def dead_rows(end: int) -> Finder:
    """Find rows of one value where a file that can't show damage ends: -1 in the last rows, 0 in the first."""

    def find(stored: Stored) -> str:
        rows = stored[-_DEAD_ROWS:] if end else stored[:_DEAD_ROWS]
        is_dead = _is_of_one_value(rows, rows) and not _is_of_one_value(stored, rows)
        return "it ends in rows of one value: the upload or the copy stopped" if is_dead else ""

    return find


def dead_tiles(tiles: Sequence[tuple[slice, slice]]) -> Finder:
    """Find a tile, of those that are stored as zeros, that was never written: it borders on what isn't dark.

    The tiles of a vignette and of a frame don't, as those end anywhere but at a tile's edge.
    """
    return lambda stored: "a tile was never written" if any(_is_hole(stored, *tile) for tile in tiles) else ""


def _is_hole(stored: Stored, rows: slice, columns: slice) -> bool:
    above, below = stored[max(rows.start - 1, 0) : rows.start, columns], stored[rows.stop : rows.stop + 1, columns]
    left, right = stored[rows, max(columns.start - 1, 0) : columns.start], stored[rows, columns.stop : columns.stop + 1]
    return any(line.size and np.mean(line > _DARK) > _MOSTLY for line in (above, below, left, right))


def _is_of_one_value(pixels: Stored, model: Stored) -> bool:
    return bool((pixels == model[0, 0]).all())


def webp_pictures(data: bytes) -> Iterator[bytes]:
    """The coded pictures of a WebP file, lossy and lossless."""
    position = 12
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if data[position : position + 4] in (b"VP8 ", b"VP8L"):
            yield data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2


def heic_pictures(data: bytes) -> Iterator[bytes]:
    """The media data of a HEIC file."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:  # its size has 8 bytes
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:  # up to the end
            size = len(data) - position
        if data[position + 4 : position + 8] == b"mdat":
            yield data[position + 8 : position + size]
        position += size
