"""What the segments of a JPEG file say that its decoder passes over: lost scans and lost parts of a profile.

Source: ITU-T T.81 (segments, progression); ICC.1:2022, annex B (profiles in several segments).
"""

import re
from collections.abc import Iterator

from hemascope.domain.picture_file import PictureFormat
from hemascope.imaging.colour_space import unsupported_colour
from hemascope.imaging.declared import corrupt, truncated

_MOST_SCANS = 64  # honest files have ten. Each costs a walk over the whole picture, whatever few bytes it has.
_MOST_SEGMENTS = 100_000  # honest files have a few thousand. A file of 32 MB could have millions.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # neither a coded 255, nor a fill byte, nor a restart
_END, _SCAN, _PROFILE = 0xD9, 0xDA, 0xE2
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
    for marker, content in _segments(data):
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


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 2
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(data, position)
        if found is None:
            raise truncated(PictureFormat.JPEG)
        if found[0][1] == _END:
            return
        start = found.end()
        position = start + int.from_bytes(data[start : start + 2], "big")
        yield found[0][1], data[start + 2 : position]
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
