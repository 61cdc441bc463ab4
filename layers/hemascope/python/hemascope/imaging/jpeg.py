"""What a JPEG file says that its decoder passes over: lost scans, lost parts of a profile, and what is left behind the picture.

Source: ITU-T T.81 (segments, progression); ICC.1:2022, annex B (profiles in several segments).
"""

import re
from collections.abc import Iterable, Iterator

from hemascope.domain.picture_file import PictureFormat
from hemascope.imaging.colour_space import unsupported_colour
from hemascope.imaging.damage import LOST
from hemascope.imaging.declared import corrupt, truncated
from hemascope.imaging.libvips import SourceCustom

_MOST_SCANS = 64  # honest files have ten. Each costs a walk over the whole picture, whatever few bytes it has.
_MOST_SEGMENTS = 100_000  # honest files have a few thousand. A file of 32 MB could have millions.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # neither a coded 255, nor a fill byte, nor a restart
_TABLES, _END, _SCAN, _PROFILE = 0xC4, 0xD9, 0xDA, 0xE2
_ZEROS = bytes(256)
_LAST_BYTES, _LAST_STEP = 64, 8  # bytes; the decoder reads eight ahead at most
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # sequential and progressive ones, of Huffman or arithmetic codes
_ICC = b"ICC_PROFILE\x00"
_COEFFICIENTS = 64  # of a block
_NEVER = 16  # bits that a coefficient lacks before its first scan


def check_segments(data: bytes) -> int:
    """Walk the first picture's segments to its end marker; a telephone may append other pictures, and a film.

    Returns
    -------
    where the picture ends, its end marker included

    Raises
    ------
    RejectedSmear
        ``truncated`` without an end marker or without a scan that the frame announces, ``corrupt`` with more scans or
        segments than an honest file has or a run of zeros that are no codes of blank blocks, ``unsupported_colour`` where a
        part of the ICC profile is missing.
    """
    scans, coded, end = 0, len(data), len(data)
    parts, tables = list[tuple[int, int]](), list[bytes]()
    lacks: dict[int, list[int]] = {}  # by component: bits that each coefficient lacks
    for marker, place, content in _segments(data):
        end = place
        if marker in _FRAMES and not lacks:
            lacks = {component: [_NEVER] * _COEFFICIENTS for component in content[6::3]}
        elif marker == _PROFILE and content.startswith(_ICC) and len(content) >= len(_ICC) + 2:
            parts.append((content[len(_ICC)], content[len(_ICC) + 1]))
        elif marker == _TABLES:
            tables.append(content)
        elif marker == _SCAN:
            scans, coded = scans + 1, min(coded, place)
            if scans > _MOST_SCANS:
                raise corrupt(PictureFormat.JPEG, f"more than {_MOST_SCANS} scans")
            _note_scan(lacks, content)
    if any(map(any, lacks.values())):
        raise truncated(PictureFormat.JPEG)
    if parts and {number for number, _ in parts} != set(range(1, parts[0][1] + 1)):
        raise unsupported_colour("an ICC profile of which a part is missing")
    if data.find(_ZEROS, coded, end) >= 0 and not _zeros_end_blocks(tables):
        raise corrupt(PictureFormat.JPEG, LOST)
    return end


class WatchedSource:
    """A JPEG's bytes, handed out so that it shows whether the decoder needed them all.

    Zeros are codes as others are. Where they end blocks, they decode to more blocks than the data that they stand for, and
    the decoder has its picture before the end marker. libjpeg would warn of what is left, but libvips does not ask it to read
    on.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = self._farthest = 0
        self.end = len(data)  # of the first picture, its end marker included
        self.source = SourceCustom()
        self.source.on_read(self._read)
        self.source.on_seek(self._seek)

    @property
    def was_needed_whole(self) -> bool:
        """Whether the decoder asked for the end marker since it began."""
        return self._farthest >= self.end

    def _read(self, size: int) -> bytes:
        before = self.end - _LAST_BYTES - self._position
        part = self._data[self._position : self._position + (min(size, before) if before > 0 else min(size, _LAST_STEP))]
        self._position += len(part)
        self._farthest = max(self._farthest, self._position)
        return part

    def _seek(self, offset: int, whence: int) -> int:
        self._position = self._farthest = offset + (0, self._position, len(self._data))[whence]
        return self._position


def _zeros_end_blocks(tables: Iterable[bytes]) -> bool:
    """Whether a code of zeros ends every block, as an encoder's own tables may have it, so that blank areas are zeros."""
    for table in tables:
        place = 0
        while place + 17 < len(table):
            if table[place] >> 4 == 1 and table[place + 17] != 0:  # the first symbol of a table of AC coefficients
                return False
            place += 17 + sum(table[place + 1 : place + 17])
    return True


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
