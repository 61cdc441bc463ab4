"""The readers: bytes of a file -> what it declares, and how its pixels are loaded.

JPEG, PNG, TIFF and WebP are decoded by libvips, BMP by Pillow, HEIC by libheif.
"""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.picture_file import PictureFormat
from hemascope.imaging import colour_space, tiff, tiff_tags
from hemascope.imaging.colour_space import ColourSpace
from hemascope.imaging.damage import (
    HEIC_RUN,
    LOST,
    WEBP_RUN,
    Finder,
    dead_rows,
    dead_tiles,
    heic_pictures,
    lost_run,
    webp_pictures,
)
from hemascope.imaging.declared import Declared, corrupt, no_damage, refusal_of, truncated
from hemascope.imaging.jpeg import WatchedSource, check_segments
from hemascope.imaging.libvips import Image
from hemascope.imaging.png import read_png
from hemascope.imaging.tiff_pages import count_pictures, read_directories

# Entries of EXIF's directories, big-endian and little-endian: R03 of DCF, and the colour space's number. libvips shows numbers
# for both that its library made up.
_DCF_ADOBE_RGB = re.compile(rb"\x00\x01\x00\x02\x00\x00\x00\x04R03\x00|\x01\x00\x02\x00\x04\x00\x00\x00R03\x00")
_EXIF_COLOUR = re.compile(rb"\xa0\x01\x00\x03\x00\x00\x00\x01(..)|\x01\xa0\x03\x00\x01\x00\x00\x00(..)", re.DOTALL)
_EXIF_SRGB, _EXIF_ADOBE_RGB = (b"\x00\x01", b"\x01\x00"), (b"\x00\x02", b"\x02\x00")
_VIPS_FORMATS = {np.dtype(np.uint8): "uchar", np.dtype(np.uint16): "ushort"}
# The picture and the decoder's buffers, measured; samples of 16 bits take more.
_LEAST_PIXEL_BYTES = {PictureFormat.JPEG: 6, PictureFormat.PNG: 6, PictureFormat.WEBP: 14}
# libvips fails at the first warning: whatever its libraries warn of, they fill in.
_STRICTLY = {"access": "sequential", "fail_on": "warning"}
# What the two libraries raise for files that they can't read.
_PILLOW_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError, struct.error)
_HEIF_ERRORS = (ValueError, EOFError, OSError, RuntimeError, SyntaxError, NotImplementedError)


def _jpeg(data: bytes) -> Declared:
    watched = WatchedSource(data)
    declared = _of_header(PictureFormat.JPEG, Image.jpegload_source(watched.source, **_STRICTLY))
    watched.end = check_segments(data)
    return replace(declared, damage=lambda _: "" if watched.was_needed_whole else LOST)


def _png(data: bytes) -> Declared:
    png = read_png(data)
    declared = _of_header(PictureFormat.PNG, Image.pngload_buffer(png.data, **_STRICTLY))
    space = declared.space if png.space is colour_space.UNDECLARED else png.space
    return replace(declared, space=space, bits=png.significant_bits, pictures=png.frames)


def _webp(data: bytes) -> Declared:
    size = 8 + int.from_bytes(data[4:8], "little")
    if size > len(data):
        raise truncated(PictureFormat.WEBP)
    declared = _of_header(PictureFormat.WEBP, Image.webpload_buffer(data, **_STRICTLY))
    return replace(declared, damage=lost_run(webp_pictures(data), WEBP_RUN))


def _of_header(picture_format: PictureFormat, image: Image) -> Declared:
    """What libvips reads in a header."""
    bands = image.bands
    alpha = bands - 1 if bands in (2, 4) and image.interpretation != "cmyk" else None
    deep, in_passes = image.format == "ushort", _field(image, "interlaced", 0)
    # Where a pixel comes in several scans or passes, the decoder keeps the whole picture.
    kept = bands * (2 if picture_format is PictureFormat.JPEG or deep else 1)
    return Declared(
        picture_format,
        image.width,
        image.height,
        lambda: image,
        bands=bands if alpha is None else alpha,
        alpha=None if alpha is None else (alpha, False),
        orientation=_field(image, "orientation", 1),
        space=_embedded_space(image),
        pictures=_field(image, "n-pages", 1),
        pixel_bytes=_LEAST_PIXEL_BYTES[picture_format] + (2 * bands if deep else 0) + (kept if in_passes else 0),
    )


def _field(image: Image, name: str, default: int) -> int:
    return int(image.get(name)) if image.get_typeof(name) else default


def _embedded_space(image: Image) -> ColourSpace:
    if image.get_typeof("icc-profile-data"):
        return colour_space.of_icc_profile(image.get("icc-profile-data"))
    if image.interpretation == "cmyk":
        return colour_space.CMYK
    return _exif_space(image.get("exif-data")) if image.get_typeof("exif-data") else colour_space.UNDECLARED


def _exif_space(exif: bytes) -> ColourSpace:
    found = _EXIF_COLOUR.search(exif)
    said = (found[1] or found[2]) if found else None
    if said in _EXIF_ADOBE_RGB or _DCF_ADOBE_RGB.search(exif):
        return colour_space.adobe_rgb()
    if said in _EXIF_SRGB:
        return colour_space.SRGB
    if said is not None:
        raise colour_space.unsupported_colour("colours that EXIF calls uncalibrated, without a profile")
    return colour_space.UNDECLARED


def _tiff(data: bytes) -> Declared:
    pages = read_directories(data)
    pictures = count_pictures(pages)
    page = pages[0]
    if pictures == 1:
        for each in pages:
            each.check()
    is_split = len(pages) > 1 or page.is_planar
    alpha = page.alpha if page.alpha is None or not page.is_planar else (page.colour_bands, page.alpha[1])
    return Declared(
        PictureFormat.TIFF,
        *page.size,
        lambda: _load_tiff(pages),
        # A palette becomes grey or RGB, whichever its colours are.
        bands=0 if page.photometric == tiff.PALETTE else len(pages) if len(pages) > 1 else page.colour_bands,
        alpha=alpha,
        bits=page.number(tiff_tags.MAXIMUM, 0).bit_length() if page.bits == 16 else 0,
        is_inverted=page.photometric == tiff.MIN_IS_WHITE,
        orientation=page.number(tiff_tags.ORIENTATION, 1),
        space=_tiff_space(page),
        pictures=pictures,
        # A strip may be the whole picture, and is decoded into a buffer of its own.
        pixel_bytes=max(8, (3 if is_split else 2) * max(page.samples, 3) * ((page.bits + 7) // 8) + 3),
        damage=_tiff_damage(page) if pictures == 1 and page.is_uncompressed else no_damage,
    )


def _tiff_damage(page: tiff.Directory) -> Finder:
    return dead_tiles(page.dead_tiles()) if page.is_tiled else dead_rows(-1)


def _load_tiff(pages: Sequence[tiff.Directory]) -> Image:
    for page in pages:
        page.check_damage()
    files = [file for page in pages for file in page.pictures()]
    images = [Image.tiffload_buffer(file, **_STRICTLY) for file in files]
    return images[0] if len(images) == 1 else images[0].bandjoin(images[1:])


def _tiff_space(page: tiff.Directory) -> ColourSpace:
    if page.photometric in (tiff.CIELAB, tiff.ICCLAB):
        return colour_space.CIELAB if page.photometric == tiff.CIELAB else colour_space.ICCLAB
    if profile := page.text(tiff_tags.ICC_PROFILE):
        return colour_space.of_icc_profile(profile)
    if page.photometric == tiff.SEPARATED:
        return colour_space.CMYK
    if (primaries := page.chromaticities) is not None:
        return colour_space.of_chromaticities(primaries)
    return colour_space.UNDECLARED


def _bmp(data: bytes) -> Declared:
    import PIL.Image  # only for this format: it takes longer to import than a smear to decode

    PIL.Image.MAX_IMAGE_PIXELS = None  # the limits are ours
    try:
        image = PIL.Image.open(BytesIO(data), formats=["BMP"])
    except _PILLOW_ERRORS as error:
        raise refusal_of(PictureFormat.BMP, error) from error

    def load() -> Image:
        try:
            return _of_array(np.asarray(image.convert("RGBA" if image.mode == "RGBA" else "RGB")))
        except _PILLOW_ERRORS as error:
            raise refusal_of(PictureFormat.BMP, error) from error

    is_top_down = int.from_bytes(data[22:26], "little", signed=True) < 0
    return Declared(
        PictureFormat.BMP,
        *image.size,
        load,
        alpha=(3, False) if image.mode == "RGBA" else None,
        pixel_bytes=12,
        damage=dead_rows(-1 if is_top_down else 0),
    )


def _heic(data: bytes) -> Declared:
    import pi_heif  # only for this format: it imports Pillow

    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False
    pi_heif.options.DECODE_THREADS = 1
    try:
        file = pi_heif.open_heif(data, convert_hdr_to_8bit=False)
    except _HEIF_ERRORS as error:
        raise refusal_of(PictureFormat.HEIC, error) from error
    if not 0 <= file.primary_index < len(file):
        raise corrupt(PictureFormat.HEIC, "it holds no picture")

    def load() -> Image:
        try:
            return _of_array(np.asarray(file))
        except _HEIF_ERRORS as error:
            raise refusal_of(PictureFormat.HEIC, error) from error

    colours = 1 if file.mode.startswith("L") else 3
    return Declared(
        PictureFormat.HEIC,
        file.size[0],
        file.size[1],
        load,
        bands=colours,
        alpha=(colours, file.premultiplied_alpha) if file.has_alpha else None,
        space=_heic_space(file.info),
        pictures=len(file),
        pixel_bytes=12 if ";" in file.mode else 9,
        damage=lost_run(heic_pictures(_without_metadata(data, file.info)), HEIC_RUN),
    )


def _without_metadata(data: bytes, info: Mapping[str, Any]) -> bytes:
    """The file without what lies among the coded pictures and may be padded: EXIF and XMP."""
    exif: bytes = info.get("exif") or b""
    for padded in (exif.removeprefix(b"Exif\x00\x00"), info.get("xmp") or b""):
        if padded:
            data = data.replace(padded, b"\x01" * len(padded))  # as long, so that boxes keep their sizes
    return data


def _heic_space(info: Mapping[str, Any]) -> ColourSpace:
    if profile := info.get("icc_profile"):
        return colour_space.of_icc_profile(profile)
    if points := info.get("nclx_profile"):
        return colour_space.of_code_points(points["color_primaries"], points["transfer_characteristics"])
    return _exif_space(info.get("exif") or b"")


def _of_array(array: NDArray[Any]) -> Image:
    height, width, *bands = array.shape
    return Image.new_from_memory(array, width, height, bands[0] if bands else 1, _VIPS_FORMATS[array.dtype])


READERS: Mapping[PictureFormat, Callable[[bytes], Declared]] = {
    PictureFormat.JPEG: _jpeg,
    PictureFormat.PNG: _png,
    PictureFormat.TIFF: _tiff,
    PictureFormat.BMP: _bmp,
    PictureFormat.WEBP: _webp,
    PictureFormat.HEIC: _heic,
}
