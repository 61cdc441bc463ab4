"""What a TIFF file says of itself, and its full picture as files that hold nothing else.

No library reads the tags of a hostile file in bounded time and memory, and libvips does not show those that say what the
samples mean. So the tags are read here, and what is decoded is written anew around the same strips: one directory, only the
tags that pixels need, planes as pictures of one band (docs/adr/0041).

Source: TIFF 6.0 (Adobe, 1992); BigTIFF; Adobe Photoshop TIFF Technical Notes (2002).
"""

import re
import struct
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.imaging.colour_space import Chromaticities, unsupported_colour
from hemascope.imaging.strips import is_whole

Numbers = NDArray[Any]

NEW_SUBFILE_TYPE, SUBFILE_TYPE, WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 254, 255, 256, 257, 258, 259, 262
DESCRIPTION, STRIPS, ORIENTATION, SAMPLES, STRIP_BYTES, MAXIMUM, PLANAR = 270, 273, 274, 277, 279, 281, 284
WHITE_POINT, CHROMATICITIES, TILES, TILE_BYTES, INK_SET, EXTRA, SAMPLE_FORMAT = 318, 319, 324, 325, 332, 338, 339
ROWS, TRANSFER_FUNCTION, TILE_WIDTH, TILE_LENGTH, SUB_IFDS = 278, 301, 322, 323, 330
ICC_PROFILE, DNG_VERSION, IMAGEJ = 34675, 50706, 50839
# What stays as it is where the picture is written anew: fill order, rows a strip, fax options, predictor, palette, tile size,
# JPEG tables, and how luma and chroma are stored.
_KEPT = (WIDTH, LENGTH, COMPRESSION, 266, ROWS, 292, 293, 317, 320, TILE_WIDTH, TILE_LENGTH, 347, 529, 530, 531, 532)
_READ = {
    NEW_SUBFILE_TYPE, SUBFILE_TYPE, BITS, PHOTOMETRIC, DESCRIPTION, STRIPS, ORIENTATION, SAMPLES, STRIP_BYTES, MAXIMUM, PLANAR,
    WHITE_POINT, CHROMATICITIES, TILES, TILE_BYTES, INK_SET, EXTRA, SAMPLE_FORMAT, TRANSFER_FUNCTION, ICC_PROFILE,
    SUB_IFDS, DNG_VERSION, IMAGEJ, *_KEPT,
}  # fmt: skip
# BYTE, ASCII, SHORT, LONG, RATIONAL as pairs, UNDEFINED, IFD, LONG8, SLONG8, IFD8
_TYPES = {1: "u1", 2: "u1", 3: "u2", 4: "u4", 5: "u4", 7: "u1", 13: "u4", 16: "u8", 18: "u8"}
_RATIONAL = 5
_TYPE_NUMBERS = {1: 1, 2: 3, 4: 4}  # of whole numbers, by bytes
# Directory entries: honest files have a few hundred at most. A file of 32 MB could have millions.
_MOST_ENTRIES = 100_000
_MOST_INSIDE = 16  # directories inside another one
_MOST_VALUES = 1_000_000  # of a tag that is not bytes: a picture has at most a few strips for each row

MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE, MASK, SEPARATED, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
_BANDS = {MIN_IS_WHITE: 1, MIN_IS_BLACK: 1, RGB: 3, PALETTE: 1, SEPARATED: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}
_COMPRESSIONS = {
    1: "none", 2: "CCITT RLE", 3: "CCITT G3", 4: "CCITT G4", 5: "LZW", 7: "JPEG", 8: "Deflate", 32773: "PackBits",
    32946: "Deflate", 50001: "WebP",
}  # fmt: skip
_NOT_DECODED = {
    6: "old-style JPEG", 34712: "JPEG 2000", 33003: "JPEG 2000", 33005: "JPEG 2000", 34887: "LERC", 34925: "LZMA",
    50000: "Zstandard", 50002: "JPEG XL", 52546: "JPEG XL", 34892: "lossy DNG", 22610: "JPEG XR", 34934: "JPEG XR",
}  # fmt: skip


@dataclass(frozen=True)
class Directory:
    """The tags of one page; ``order`` is ``<`` or ``>``."""

    data: bytes
    order: str
    tags: dict[int, Numbers]

    def number(self, tag: int, default: int) -> int:
        """The first value of a tag."""
        return int(self.tags[tag].flat[0]) if tag in self.tags else default

    def text(self, tag: int) -> bytes:
        """The bytes of a tag; none where it is missing."""
        return self.tags[tag].tobytes() if tag in self.tags else b""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if WIDTH not in self.tags or LENGTH not in self.tags:
            raise _corrupt("its size is missing")
        return self.number(WIDTH, 0), self.number(LENGTH, 0)

    @property
    def photometric(self) -> int:
        """What the samples mean."""
        return self.number(PHOTOMETRIC, MIN_IS_BLACK)

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        return self.number(SAMPLES, 1)

    @property
    def colour_bands(self) -> int:
        """Samples of a pixel that are its colour; the others are extra."""
        return _BANDS[self.photometric]

    @property
    def bits(self) -> int:
        """Bits of a sample."""
        return self.number(BITS, 1)

    @property
    def alpha(self) -> tuple[int, bool] | None:
        """Band of the alpha channel and whether colours are multiplied by it; a sample without a meaning is none."""
        for band, meaning in enumerate(self.tags.get(EXTRA, ())[: self.samples - self.colour_bands], self.colour_bands):
            if meaning in (1, 2):
                return band, meaning == 1
        return None

    @property
    def is_uncompressed(self) -> bool:
        """Whether samples are stored as they are, so that no decoder can notice damage."""
        return self.number(COMPRESSION, 1) == 1

    @property
    def is_tiled(self) -> bool:
        """Whether samples are stored in tiles, else in strips."""
        return TILES in self.tags

    @property
    def is_planar(self) -> bool:
        """Whether each sample of a pixel is stored in a plane of its own."""
        return self.number(PLANAR, 1) == 2 and self.samples > 1

    @property
    def chromaticities(self) -> Chromaticities | None:
        """X and y of white, red, green and blue, where the file says them."""
        if CHROMATICITIES not in self.tags or self.tags[CHROMATICITIES].shape != (6, 2):
            return None
        white = self.tags.get(WHITE_POINT, np.array([[3127, 10000], [3290, 10000]]))
        pairs = np.concatenate([white, self.tags[CHROMATICITIES]]).astype(np.float64)
        found = (pairs[:, 0] / np.maximum(pairs[:, 1], 1)).tolist()
        return tuple(found) if len(found) == 8 else None

    @cached_property
    def _layout(self) -> tuple[int, int]:
        return (TILES, TILE_BYTES) if self.is_tiled else (STRIPS, STRIP_BYTES)

    def check(self) -> None:
        """Refuse what can't be decoded and what is not all there.

        Raises
        ------
        RejectedSmear
            ``unsupported_format`` with the name of what is not supported, ``truncated`` or ``corrupt``.
        """
        self._check_kind()
        self._check_samples()
        self._check_strips()

    def _check_kind(self) -> None:
        photometric = self.photometric
        if DNG_VERSION in self.tags or photometric in (32803, 34892):
            raise unsupported("a camera's raw file (DNG)")
        if photometric not in _BANDS:
            raise unsupported(f"photometric interpretation {photometric}")
        compression = self.number(COMPRESSION, 1)
        if compression not in _COMPRESSIONS:
            raise unsupported(f"{_NOT_DECODED.get(compression, 'unknown')} compression ({compression})")
        if photometric == YCBCR and (compression != 7 or self.is_planar):
            raise unsupported("luma and chroma without JPEG compression, or in planes of their own")
        if TRANSFER_FUNCTION in self.tags and ICC_PROFILE not in self.tags:
            raise unsupported_colour("a transfer function without a profile")
        if photometric == SEPARATED and self.number(INK_SET, 1) != 1:
            raise unsupported("inks other than CMYK")

    def _check_samples(self) -> None:
        samples = self.samples
        if SAMPLE_FORMAT in self.tags and set(self.tags[SAMPLE_FORMAT].flat) - {1, 4}:
            kind = "floating-point" if 3 in self.tags[SAMPLE_FORMAT] else "signed"
            raise unsupported(f"{kind} samples, which have no agreed range")
        if BITS in self.tags and len(set(self.tags[BITS].flat)) > 1:
            raise unsupported("samples of different depths")
        allowed = (1, 2, 4, 8, 16) if samples == 1 else (8, 16)
        if self.bits not in allowed:
            raise unsupported(f"{self.bits}-bit samples")
        if samples < self.colour_bands:
            raise _corrupt(f"{samples} samples a pixel are too few for its colours")
        if self.colour_bands == 1 and samples > 2:
            raise unsupported(f"{samples} samples a pixel of which the file doesn't say that they are colours")

    def _check_strips(self) -> None:
        offsets, lengths = (self.tags.get(tag) for tag in self._layout)
        if offsets is None or lengths is None or len(offsets) != len(lengths):
            raise _corrupt("its strips are missing")
        end = int((offsets.astype(np.float64) + lengths).max())
        if end > len(self.data):
            raise _truncated(f"{end} bytes expected, {len(self.data)} received")
        if not lengths.all() or not offsets.all():
            raise _corrupt("a strip was never written")

    def check_damage(self) -> None:
        """Refuse a strip that doesn't decode to its end. It takes about as long as decoding.

        Raises
        ------
        RejectedSmear
            ``corrupt``.
        """
        compression = self.number(COMPRESSION, 1)
        offsets, lengths = (self.tags[tag].tolist() for tag in self._layout)
        if self.is_tiled:
            width, rows = self.number(TILE_WIDTH, 0), self.number(TILE_LENGTH, 0)
        else:
            width, rows = self.size[0], min(self.number(ROWS, self.size[1]), self.size[1])
        row = (width * self.bits * (1 if self.is_planar else self.samples) + 7) // 8
        sizes = {row * rows} if self.is_tiled else {row * rows, row * (self.size[1] % max(rows, 1))}
        for offset, length in zip(offsets, lengths, strict=True):
            if not is_whole(self.data[offset : offset + length], compression, sizes):
                raise _corrupt("a strip of it doesn't decode to its end")

    def dead_tiles(self) -> tuple[tuple[slice, slice], ...]:
        """Rows and columns of the tiles that are stored as zeros, where samples are stored as they are."""
        if not (self.is_uncompressed and self.is_tiled):
            return ()
        width, height = max(self.number(TILE_WIDTH, 0), 1), max(self.number(TILE_LENGTH, 0), 1)
        across, down = -(-self.size[0] // width), -(-self.size[1] // height)
        places = zip(self.tags[TILES], self.tags[TILE_BYTES], strict=True)
        dead = {number % max(across * down, 1) for number, place in enumerate(places) if self._is_dead(*place)}
        corners = [(height * (number // across), width * (number % across)) for number in sorted(dead)]
        return tuple((slice(top, top + height), slice(left, left + width)) for top, left in corners)

    def _is_dead(self, offset: int, length: int) -> bool:
        return not np.frombuffer(self.data, np.uint8, int(length), int(offset)).any()

    def pictures(self) -> list[bytes]:
        """The page as TIFF files that hold nothing else: one, or one for each colour where planes are stored apart."""
        if not self.is_planar:
            return [self._alone(self.samples, slice(None))]
        share = len(self.tags[self._layout[0]]) // self.samples
        bands = [*range(self.colour_bands), *([self.alpha[0]] if self.alpha else [])]
        return [self._alone(1, slice(band * share, (band + 1) * share)) for band in bands]

    def _alone(self, samples: int, parts: slice) -> bytes:
        tags = {tag: self.tags[tag] for tag in _KEPT if tag in self.tags}
        # Bands come out as they are stored: what those of L*a*b* mean, and that white is zero, is for the conversion.
        as_stored = {MIN_IS_WHITE: MIN_IS_BLACK, CIELAB: RGB, ICCLAB: RGB}.get(self.photometric, self.photometric)
        tags[PHOTOMETRIC] = np.array([as_stored if samples == self.samples else MIN_IS_BLACK], "u2")
        tags[SAMPLES] = np.array([samples], "u2")
        tags[BITS] = np.full(samples, self.bits, "u2")
        if (extra := samples - self.colour_bands) > 0:
            tags[EXTRA] = np.zeros(extra, "u2")  # as they are stored: no decoder multiplies by one of them
        for tag in self._layout:
            tags[tag] = self.tags[tag][parts].astype("u4")
        return _with_directory(self.data, self.order, tags)


def _with_directory(data: bytes, order: str, tags: dict[int, Numbers]) -> bytes:
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
        raise _truncated("its header is cut off") from error
    full = [page for page in found if not _is_copy(page)]
    if not found:
        raise _corrupt("it holds no picture")
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
        if count > _MOST_ENTRIES:
            raise _corrupt(f"more than {_MOST_ENTRIES} entries")
        first = offset + struct.calcsize(counted)
        end = first + entry_bytes * count
        return Directory(data, order, _tags(data, order, range(first, end, entry_bytes), linked)), end, count

    seen: set[int] = set()
    entries = 0
    while offset:
        if offset in seen:
            raise _corrupt("its directories form a circle")
        seen.add(offset)
        page, end, count = read(offset)
        entries += 1 + count
        inside = [read(int(place)) for place in page.tags.get(SUB_IFDS, ())[:_MOST_INSIDE]]
        entries += sum(count for _, _, count in inside)
        if entries > _MOST_ENTRIES:
            raise _corrupt(f"more than {_MOST_ENTRIES} entries")
        yield max([page, *(page for page, _, _ in inside)], key=_pixels)
        (offset,) = struct.unpack_from(order + linked, data, end)


def _tags(data: bytes, order: str, places: Sequence[int], linked: str) -> dict[int, Numbers]:
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
            raise _corrupt(f"tag {tag} has {number} values")
        if where + size > len(data):
            raise _truncated(f"tag {tag} lies behind its end")
        values = np.frombuffer(data, form, number * parts, where)
        tags[tag] = values.reshape(-1, 2) if parts == 2 else values
    return tags


_IMAGEJ_STACK = re.compile(rb"^(images|slices|frames)=(\d+)", re.MULTILINE)
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
    announced = {name: int(number[:9]) for name, number in _IMAGEJ_STACK.findall(text)} if text.startswith(b"ImageJ=") else {}
    return max(len(pages), announced.get(b"images", 1))


def unsupported(what: str) -> RejectedSmear:
    """A TIFF file that is whole, but of a kind that is not decoded."""
    return RejectedSmear(
        RejectionReason.UNSUPPORTED_FORMAT,
        f"expected a TIFF file of 8 or 16 bits that is uncompressed or compressed by LZW, Deflate or JPEG, received {what}: "
        "export the field as TIFF of 8 bits or as PNG",
    )


def _truncated(detail: str) -> RejectedSmear:
    return RejectedSmear(RejectionReason.TRUNCATED, f"expected a whole TIFF file, received one that ends early: {detail}")


def _corrupt(detail: str) -> RejectedSmear:
    return RejectedSmear(RejectionReason.CORRUPT, f"expected a readable TIFF file, received a damaged one: {detail}")
