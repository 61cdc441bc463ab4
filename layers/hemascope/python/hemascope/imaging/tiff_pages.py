"""The pages of a TIFF file, and what they are to each other: colours of one picture, copies, or several pictures.

Sources: OME-TIFF specification; ImageJ's TIFF encoder; tifffile's description in JSON.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from hemascope.domain.picture_file import PictureFormat
from hemascope.imaging.declared import corrupt, truncated
from hemascope.imaging.tiff import MASK, MIN_IS_BLACK, Directory
from hemascope.imaging.tiff_tags import (
    DESCRIPTION,
    IMAGEJ,
    LENGTH,
    MOST_ENTRIES,
    NEW_SUBFILE_TYPE,
    SUB_IFDS,
    SUBFILE_TYPE,
    WIDTH,
    read_tags,
    unsupported,
)

_MOST_INSIDE = 16  # directories inside another one

_IMAGEJ_STACK = re.compile(rb"^(images|slices|frames)=(\d{1,9})\b", re.MULTILINE)
_IMAGEJ_CHANNELS = re.compile(rb"^channels=3$", re.MULTILINE)
_IMAGEJ_MODE = re.compile(rb"^mode=(composite|color)$", re.MULTILINE)
_OME_SIZE = re.compile(rb'Size([CZT])="(\d+)"')
_OME_CHANNEL = re.compile(rb"<(?:\w+:)?Channel\b([^>]*)>")
_OME_NAME, _OME_COLOUR = re.compile(rb'\bName="([^"]+)"'), re.compile(rb'\bColor="([^"]+)"')
_NAMES = ({b"r", b"red"}, {b"g", b"green"}, {b"b", b"blue"})
_OME_COLOURS = (b"-16776961", b"16711935", b"65535")
_IMAGEJ_TABLES = re.compile(rb"luts|stul")  # in either byte order
_RAMP, _ZEROS = bytes(range(256)), bytes(256)
_TABLES_OF_RGB = _RAMP + 3 * _ZEROS + _RAMP + 3 * _ZEROS + _RAMP
_NAMED_CHANNELS = re.compile(rb'"Name": \["R(?:ed)?", "G(?:reen)?", "B(?:lue)?"\]')


def read_directories(data: bytes) -> list[Directory]:
    """The pages of a TIFF or BigTIFF file in their order, without those that are copies or masks of others.

    Where a page holds others inside, the largest of them stands for it.

    Raises
    ------
    RejectedSmear
        ``corrupt``, ``truncated``; ``unsupported_format`` where there are only copies, as in cameras' raw files.
    """
    try:
        found = list(_walk(data))
    except (struct.error, IndexError) as error:
        raise truncated(PictureFormat.TIFF, "its header is cut off") from error
    full = [page for page in found if not _is_copy(page)]
    if not found:
        raise corrupt(PictureFormat.TIFF, "it holds no picture")
    if not full:
        raise unsupported("a file that holds only previews, such as a camera's raw file")
    return full


def _is_copy(page: Directory) -> bool:
    # Bit 0: a reduced copy of another page; bit 2: a transparency mask.
    return bool(page.number(NEW_SUBFILE_TYPE, 0) & 0b101) or page.number(SUBFILE_TYPE, 1) == 2 or page.photometric == MASK


def _pixels(page: Directory) -> int:
    return page.number(WIDTH, 0) * page.number(LENGTH, 0)


def _walk(data: bytes) -> Iterator[Directory]:
    order = "<" if data[:2] == b"II" else ">"
    (magic,) = struct.unpack_from(f"{order}H", data, 2)
    big = magic == 43
    counted, linked, entry_bytes = ("Q", "Q", 20) if big else ("H", "I", 12)
    (offset,) = struct.unpack_from(order + linked, data, 8 if big else 4)

    def read(offset: int) -> tuple[Directory, int, int]:
        (count,) = struct.unpack_from(order + counted, data, offset)
        if count > MOST_ENTRIES:
            raise corrupt(PictureFormat.TIFF, f"more than {MOST_ENTRIES} entries")
        first = offset + struct.calcsize(counted)
        end = first + entry_bytes * count
        return Directory(data, order, read_tags(data, order, range(first, end, entry_bytes), linked)), end, count

    seen: set[int] = set()
    entries = 0
    while offset:
        if offset in seen:
            raise corrupt(PictureFormat.TIFF, "its directories form a circle")
        seen.add(offset)
        page, end, count = read(offset)
        entries += 1 + count
        inside = [read(int(place)) for place in page.tags.get(SUB_IFDS, ())[:_MOST_INSIDE]]
        entries += sum(count for _, _, count in inside)
        if entries > MOST_ENTRIES:
            raise corrupt(PictureFormat.TIFF, f"more than {MOST_ENTRIES} entries")
        yield max([page, *(page for page, _, _ in inside)], key=_pixels)
        (offset,) = struct.unpack_from(order + linked, data, end)


def are_one_colour_picture(pages: Sequence[Directory]) -> bool:
    """Whether three pages are red, green and blue of one picture, as OME-TIFF and ImageJ write them."""
    if len(pages) != 3 or len({(page.size, page.bits, page.samples, page.photometric) for page in pages}) != 1:
        return False
    if pages[0].samples != 1 or pages[0].photometric != MIN_IS_BLACK:
        return False
    text = pages[0].text(DESCRIPTION)
    if text.startswith(b"ImageJ="):
        counts = {name: int(number) for name, number in _IMAGEJ_STACK.findall(text)}
        of_one = counts.get(b"slices", 1) == counts.get(b"frames", 1) == 1
        more = pages[0].text(IMAGEJ)
        as_rgb = not _IMAGEJ_TABLES.search(more) or _TABLES_OF_RGB in more
        return of_one and as_rgb and bool(_IMAGEJ_CHANNELS.search(text) and _IMAGEJ_MODE.search(text))
    if b"<OME" in text:
        sizes = dict(_OME_SIZE.findall(text))
        channels = _OME_CHANNEL.findall(text)
        are_rgb = len(channels) == 3 and all(map(_is_channel, channels, _NAMES, _OME_COLOURS))
        return are_rgb and sizes == {b"C": b"3", b"Z": b"1", b"T": b"1"}
    return bool(_NAMED_CHANNELS.search(text))


def _is_channel(attributes: bytes, names: AbstractSet[bytes], colour: bytes) -> bool:
    """Whether a channel of OME has one of these names, or no name and this colour: a stain may be shown in red."""
    name, shown = _OME_NAME.search(attributes), _OME_COLOUR.search(attributes)
    return name[1].lower() in names if name else shown is not None and shown[1] == colour


def count_pictures(pages: Sequence[Directory]) -> int:
    """How many pictures the pages are; a stack of ImageJ may stand behind a single directory."""
    if are_one_colour_picture(pages):
        return 1
    text = pages[0].text(DESCRIPTION)
    announced = {name: int(number) for name, number in _IMAGEJ_STACK.findall(text)} if text.startswith(b"ImageJ=") else {}
    return max(len(pages), announced.get(b"images", 1))
