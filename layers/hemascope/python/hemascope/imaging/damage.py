"""Damage that decoders don't tell of: they fill in what is lost and say nothing.

Coded samples are as good as random: a sector of one value among them was lost or never written, unless the picture shows one
colour. What was overwritten by other data doesn't show in lossy WebP, HEIC and uncompressed files; in all others it does.

Sources: WebP container specification (Google), ISO/IEC 14496-12 (boxes of HEIC files).
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

LOST = "the upload, the copy or the memory card lost a part of it"
STOPPED = "it ends in rows of one value: the upload or the copy stopped"
_SECTOR = 512  # bytes
_DEAD = (bytes(_SECTOR), b"\xff" * _SECTOR)
_DEAD_ROWS = 8

Stored = NDArray[np.uint8]


def lost_sector(coded: Iterable[bytes]) -> Callable[[Stored], str]:
    """Find a sector of zeros or of ones in coded pictures; a picture of one colour may hold one."""
    is_dead = any(dead in part for part in coded for dead in _DEAD)
    return lambda stored: LOST if is_dead and not _is_of_one_value(stored, stored) else ""


def dead_rows(end: int) -> Callable[[Stored], str]:
    """Find rows of one value where a file that can't show damage ends: -1 in the last rows, 0 in the first."""

    def find(stored: Stored) -> str:
        rows = stored[-_DEAD_ROWS:] if end else stored[:_DEAD_ROWS]
        return STOPPED if _is_of_one_value(rows, rows) and not _is_of_one_value(stored, rows) else ""

    return find


def _is_of_one_value(pixels: Stored, model: Stored) -> bool:
    return bool((pixels == model[0, 0]).all())


def webp_pictures(data: bytes) -> Iterator[bytes]:
    """The lossy pictures of a WebP file; the decoder finds damage in lossless ones itself."""
    position = 12
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if data[position : position + 4] == b"VP8 ":
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
