"""Damage in the compressed strips of a TIFF file that libtiff passes over: it stops where the last row is full.

Sources: TIFF 6.0 (PackBits), RFC 1950 (zlib's checksum).
"""

import zlib
from collections.abc import Set as AbstractSet

from hemascope.domain.errors import RejectedSmear
from hemascope.imaging.damage import WEBP_RUN, has_run
from hemascope.imaging.jpeg import check_segments

_DEFLATE, _PACKBITS, _JPEG, _WEBP = (8, 32946), 32773, 7, 50001
_AT_ONCE = 1 << 20  # bytes


def is_whole(strip: bytes, compression: int, sizes: AbstractSet[int]) -> bool:
    """Whether a strip decodes to its end; true where its compression can't tell.

    Parameters
    ----------
    strip
        The strip or tile as it is stored.
    compression
        The tag of that name.
    sizes
        Bytes that it may have when decoded: those of its rows, the last strip's of as many as the others have, too.
    """
    if compression in _DEFLATE:
        return _has_checksum(strip, max(sizes))
    if compression == _PACKBITS:
        return _unpacked(strip) in sizes
    if compression == _WEBP:
        return not has_run([strip], WEBP_RUN)
    if compression == _JPEG:
        try:
            check_segments(strip)
        except RejectedSmear:
            return False
    return True


def _has_checksum(strip: bytes, most_bytes: int) -> bool:
    inflater, rest, length = zlib.decompressobj(), strip, 0
    try:
        while not inflater.eof:
            part = inflater.decompress(rest, _AT_ONCE)
            rest, length = inflater.unconsumed_tail, length + len(part)
            if length > most_bytes or not (part or rest or inflater.eof):
                return False
    except zlib.error:
        return False
    return True


def _unpacked(strip: bytes) -> int:
    """How many bytes the runs of a strip stand for; none where the last one ends behind the strip."""
    place, end, length = 0, len(strip), 0
    while place < end:
        code = strip[place]
        if code < 128:
            place, length = place + code + 2, length + code + 1
        elif code > 128:
            place, length = place + 2, length + 257 - code
        else:
            place += 1
    return length if place == end else -1
