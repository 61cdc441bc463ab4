"""What a page of a TIFF file says of itself, and its picture as files that hold nothing else.

No library reads the tags of a hostile file in bounded time and memory, and libvips does not show those that say what the
samples mean. So the tags are read here, and what is decoded is written anew around the same strips: one directory, only the
tags that pixels need, planes as pictures of one band (docs/adr/0031).

Source: TIFF 6.0 (Adobe, 1992); BigTIFF; Adobe Photoshop TIFF Technical Notes (2002).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hemascope.domain.picture_file import PictureFormat
from hemascope.imaging.colour_space import Chromaticities, unsupported_colour
from hemascope.imaging.declared import corrupt, truncated
from hemascope.imaging.strips import is_whole
from hemascope.imaging.tiff_tags import (
    BITS,
    CHROMATICITIES,
    COMPRESSION,
    DNG_VERSION,
    EXTRA,
    ICC_PROFILE,
    INK_SET,
    KEPT,
    LENGTH,
    PHOTOMETRIC,
    PLANAR,
    ROWS,
    SAMPLE_FORMAT,
    SAMPLES,
    STRIP_BYTES,
    STRIPS,
    TILE_BYTES,
    TILE_LENGTH,
    TILE_WIDTH,
    TILES,
    TRANSFER_FUNCTION,
    WHITE_POINT,
    WIDTH,
    Numbers,
    unsupported,
    with_directory,
)

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
            raise corrupt(PictureFormat.TIFF, "its size is missing")
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
            raise corrupt(PictureFormat.TIFF, f"{samples} samples a pixel are too few for its colours")
        if self.colour_bands == 1 and samples > 2:
            raise unsupported(f"{samples} samples a pixel of which the file doesn't say that they are colours")

    def _check_strips(self) -> None:
        offsets, lengths = (self.tags.get(tag) for tag in self._layout)
        if offsets is None or lengths is None or len(offsets) != len(lengths):
            raise corrupt(PictureFormat.TIFF, "its strips are missing")
        end = int((offsets.astype(np.float64) + lengths).max())
        if end > len(self.data):
            raise truncated(PictureFormat.TIFF, f"{end} bytes expected, {len(self.data)} received")
        if not lengths.all() or not offsets.all():
            raise corrupt(PictureFormat.TIFF, "a strip was never written")

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
                raise corrupt(PictureFormat.TIFF, "a strip of it doesn't decode to its end")

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
        tags = {tag: self.tags[tag] for tag in KEPT if tag in self.tags}
        # Bands come out as they are stored: what those of L*a*b* mean, and that white is zero, is for the conversion.
        as_stored = {MIN_IS_WHITE: MIN_IS_BLACK, CIELAB: RGB, ICCLAB: RGB}.get(self.photometric, self.photometric)
        tags[PHOTOMETRIC] = np.array([as_stored if samples == self.samples else MIN_IS_BLACK], "u2")
        tags[SAMPLES] = np.array([samples], "u2")
        tags[BITS] = np.full(samples, self.bits, "u2")
        if (extra := samples - self.colour_bands) > 0:
            tags[EXTRA] = np.zeros(extra, "u2")  # as they are stored: no decoder multiplies by one of them
        for tag in self._layout:
            tags[tag] = self.tags[tag][parts].astype("u4")
        return with_directory(self.data, self.order, tags)
