"""What the segments of a JPEG file say that its decoder passes over: lost scans and lost parts of a profile.

Source: ITU-T T.81 (segments, progression); ICC.1:2022, annex B (profiles in several segments).
"""

import re
import struct
from collections.abc import Iterable, Iterator

from hemascope.domain.picture_file import PictureFormat
from hemascope.imaging.colour_space import unsupported_colour
from hemascope.imaging.declared import corrupt, truncated
from hemascope.imaging.libvips import Error, Image

_MOST_SCANS = 64  # honest files have ten. Each costs a walk over the whole picture, whatever few bytes it has.
_MOST_SEGMENTS = 100_000  # honest files have a few thousand. A file of 32 MB could have millions.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # neither a coded 255, nor a fill byte, nor a restart
_TABLES, _END, _SCAN, _PROFILE = 0xC4, 0xD9, 0xDA, 0xE2
_RUN = 256  # bytes
_SEQUENTIAL = {0xC0, 0xC1}
_SHRINK = 8
_STRIP = 8 * _SHRINK  # rows that libvips decodes at once
_MOST_STRIPS = 1000  # libjpeg decodes 65,500 rows
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # sequential and progressive ones, of Huffman or arithmetic codes
_ICC = b"ICC_PROFILE\x00"
_COEFFICIENTS = 64  # of a block
_NEVER = 16  # bits that a coefficient lacks before its first scan


def check_segments(data: bytes) -> None:
    """Walk the first picture's segments to its end marker; a telephone may append other pictures, and a film.

    Raises
    ------
    RejectedSmear
        ``truncated`` without an end marker or without a scan that the frame announces, ``corrupt`` with more scans or
        segments than an honest file has, ``unsupported_colour`` where a part of the ICC profile is missing.
    """
    scans, parts = 0, list[tuple[int, int]]()
    lacks: dict[int, list[int]] = {}  # by component: bits that each coefficient lacks
    for marker, _, content in _segments(data):
        if marker in _FRAMES and not lacks:
            lacks = {component: [_NEVER] * _COEFFICIENTS for component in content[6::3]}
        elif marker == _PROFILE and content.startswith(_ICC) and len(content) >= len(_ICC) + 2:
            parts.append((content[len(_ICC)], content[len(_ICC) + 1]))
        elif marker == _SCAN:
            scans += 1
            if scans > _MOST_SCANS:
                raise corrupt(PictureFormat.JPEG, f"more than {_MOST_SCANS} scans")
            _note_scan(lacks, content)
    if any(map(any, lacks.values())):
        raise truncated(PictureFormat.JPEG)
    if parts and {number for number, _ in parts} != set(range(1, parts[0][1] + 1)):
        raise unsupported_colour("an ICC profile of which a part is missing")


def check_end(data: bytes) -> None:
    """Refuse coded blocks behind the last one of a picture of one scan, which decoders leave unread.

    Zeros are codes as others are. Where they end blocks, they decode to more blocks than the data that they stand for, so a
    hole shows only by what is left; where they don't, no encoder writes many. The same blocks are decoded once more, at an
    eighth of the size, as a narrow picture of a few strips more: that must fail.

    Raises
    ------
    RejectedSmear
        ``corrupt``.
    """
    segments = list(_segments(data))
    markers = [marker for marker, _, _ in segments]
    frames = [(start, content) for marker, start, content in segments if marker in _SEQUENTIAL]
    narrow = _narrow(frames[0][1]) if markers.count(_SCAN) == 1 and len(frames) == 1 else None
    if narrow is None:
        return  # of several scans, the decoder reads all before the first row, and looks for what follows
    strips, width = narrow
    size_at = frames[0][0] + 3
    coded = data[size_at + 4 : segments[-1][1] - 2].rstrip(b"\x00\xff")  # some encoders pad
    if bytes(_RUN) in coded and not _zeros_end_blocks(content for marker, _, content in segments if marker == _TABLES):
        raise corrupt(PictureFormat.JPEG, "the upload, the copy or the memory card lost a part of it")
    longer = data[:size_at] + struct.pack(">HH", _STRIP * strips, width) + coded + b"\xff\xd9"
    try:
        Image.jpegload_buffer(longer, shrink=_SHRINK, access="sequential", fail_on="warning").avg()
    except Error:
        return
    raise corrupt(
        PictureFormat.JPEG, "more is stored than the picture shows: the upload, the copy or the card lost a part of it"
    )


def _zeros_end_blocks(tables: Iterable[bytes]) -> bool:
    """Whether a code of zeros ends every block, as an encoder's own tables may have it, so that blank areas are zeros."""
    for table in tables:
        place = 0
        while place + 17 < len(table):
            if table[place] >> 4 == 1 and table[place + 17] != 0:  # the first symbol of a table of AC coefficients
                return False
            place += 17 + sum(table[place + 1 : place + 17])
    return True


def _narrow(frame: bytes) -> tuple[int, int] | None:
    """Strips and width in pixels of a narrow picture of a frame's blocks and a few more.

    libvips looks for warnings before it decodes a strip of rows, so there is one more strip than blocks need.
    """
    height, width, count = struct.unpack_from(">xHHB", frame)
    factors = frame[7::3] if count > 1 else b"\x11"
    across, down = 8 * max(factor >> 4 for factor in factors), 8 * max(factor & 15 for factor in factors)
    if not across or not down or _STRIP % down:
        return None
    blocks, rows = -(-width // across) * -(-height // down), _STRIP // down
    columns = -(-blocks // (rows * _MOST_STRIPS))
    return blocks // (rows * columns) + 2, columns * across


def _segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, place of the length behind it, and content of each segment; the last is the end marker."""
    position = 2
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(data, position)
        if found is None:
            raise truncated(PictureFormat.JPEG)
        start = found.end()
        if found[0][1] == _END:
            yield _END, start, b""
            return
        position = start + int.from_bytes(data[start : start + 2], "big")
        yield found[0][1], start, data[start + 2 : position]
    raise corrupt(PictureFormat.JPEG, f"more than {_MOST_SEGMENTS} segments")


def _note_scan(lacks: dict[int, list[int]], content: bytes) -> None:
    count = content[0] if content else 0
    if len(content) < 4 + 2 * count:
        raise corrupt(PictureFormat.JPEG, "the header of a scan is cut off")
    first, last, precision = content[1 + 2 * count : 4 + 2 * count]
    for component in content[1 : 1 + 2 * count : 2]:
        coefficients = slice(first, min(last, _COEFFICIENTS - 1) + 1)
        if component in lacks and first < _COEFFICIENTS:
            here = lacks[component]
            here[coefficients] = [precision & 15] * len(here[coefficients])
