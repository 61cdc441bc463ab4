"""Depth, extra samples, orientation: how pixels lie in a file changes nothing of what is seen."""

from io import BytesIO

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from hemascope.domain.errors import RejectionReason
from hemascope.domain.picture_file import DepthSource
from tests.support.picture_declarations import (
    DEEP,
    GREY,
    LOSSLESS,
    SMEAR,
    Pixels,
    as_tiff,
    chunk,
    difference,
    refusal,
    saved,
    with_chunks,
)

HEIGHT, WIDTH = GREY.shape
GREY_SEEN = np.dstack([GREY] * 3)
HALF = np.tile(np.linspace(60, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
SHARE = HALF[..., np.newaxis] / 255
ON_WHITE = np.rint(SMEAR * SHARE + 255 * (1 - SHARE)).astype(np.uint8)
LAYOUTS = {
    "a strip": {"rowsperstrip": HEIGHT},
    "strips": {"rowsperstrip": 7},
    "tiles": {"tile": (48, 32)},
    "a tile": {"tile": (256, 256)},
}


def most(bits: int, samples: int = 3) -> dict[str, object]:
    return {"extratags": [(281, 3, samples, (2**bits - 1,) * samples, True)]}


def low(bits: int) -> Pixels:
    return np.rint(SMEAR / 255 * (2**bits - 1)).astype(np.uint16)


def png16(picture: Pixels) -> bytes:
    return bytes(cv2.imencode(".png", picture[..., [2, 1, 0, *range(3, picture.shape[2])]])[1])


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize(
    "layout", [{}, {"planarconfig": "separate"}, {"tile": (32, 32), "compression": "lzw", "predictor": True}]
)
def test_the_largest_sample_that_a_tiff_names_says_its_bits(layout: dict[str, object], bits: int) -> None:
    apart, decoded = difference(as_tiff(low(bits), **layout, **most(bits)), SMEAR)

    assert apart <= 1
    assert (decoded.source.bits, decoded.source.bits_from) == (bits, DepthSource.FILE)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("alpha_bits", [None, 8, 16])
def test_the_significant_bits_of_a_png_say_its_bits(alpha_bits: int | None, bits: int) -> None:
    alpha = [] if alpha_bits is None else [np.full(GREY.shape, 65535, np.uint16)]
    said = bytes([bits] * 3 + ([] if alpha_bits is None else [alpha_bits]))
    data = with_chunks(png16(np.dstack([low(bits), *alpha])), chunk(b"sBIT", said))

    apart, decoded = difference(data, SMEAR)

    assert apart <= 1
    assert (decoded.source.bits, decoded.source.bits_from) == (bits, DepthSource.FILE)


@pytest.mark.parametrize("bits", [10, 12])
def test_bits_that_no_file_says_are_those_of_the_brightest_sample(bits: int) -> None:
    for data in (as_tiff(low(bits)), png16(low(bits))):
        apart, decoded = difference(data, SMEAR)
        assert apart <= 1
        assert (decoded.source.bits, decoded.source.bits_from) == (bits, DepthSource.DATA)


@pytest.mark.parametrize(
    "data", [as_tiff(low(14)), png16(low(14)), as_tiff(SMEAR.astype(np.uint16))], ids=["tiff", "png", "8 bits"]
)
def test_bits_that_nobody_can_tell_are_refused(data: bytes) -> None:
    error = refusal(data)

    assert error
    assert error.reason is RejectionReason.UNSUPPORTED_FORMAT


def test_a_file_that_says_sixteen_bits_is_dark_where_its_samples_are() -> None:
    dark = (DEEP // 32).astype(np.uint16)

    for data in (as_tiff(dark, **most(16)), with_chunks(png16(dark), chunk(b"sBIT", bytes([16, 16, 16])))):
        assert difference(data, np.rint(dark / 257).astype(np.uint8))[0] <= 1


@pytest.mark.parametrize("samples", ["unassalpha", "assocalpha", "unspecified"])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_an_alpha_channel_has_as_few_bits_as_the_colours(bits: int, samples: str) -> None:
    opaque = np.full(GREY.shape, 2**bits - 1, np.uint16)

    assert difference(as_tiff(np.dstack([low(bits), opaque]), extrasamples=[samples], **most(bits, 4)), SMEAR)[0] <= 1


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_white_is_zero(bits: int) -> None:
    stored = (2**bits - 1 - np.rint(GREY / 255 * (2**bits - 1))).astype(np.uint8 if bits == 8 else np.uint16)

    assert difference(as_tiff(stored, photometric="miniswhite", **(most(12, 1) if bits == 12 else {})), GREY_SEEN)[0] <= 1


@pytest.mark.parametrize("kind", [np.float32, np.int16, np.int8, np.uint32], ids=lambda kind: kind.__name__)
def test_samples_without_an_agreed_range_are_refused_by_name(kind: type) -> None:
    error = refusal(as_tiff(SMEAR.astype(kind)))

    assert error
    assert error.reason is RejectionReason.UNSUPPORTED_FORMAT
    assert "as TIFF of 8 bits or as PNG" in str(error)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("samples", ["unspecified", "unassalpha", "assocalpha"])
def test_extra_samples_are_what_the_file_says(samples: str, deep: bool, planar: str, layout: str) -> None:
    colours = SMEAR * (SHARE if samples == "assocalpha" else 1.0)
    stored = np.rint(np.dstack([colours, HALF]) * (257 if deep else 1)).astype(np.uint16 if deep else np.uint8)
    wanted = SMEAR if samples == "unspecified" else ON_WHITE

    of_colour = as_tiff(stored, extrasamples=[samples], planarconfig=planar, **LAYOUTS[layout])
    of_grey = as_tiff(
        stored[..., [1, 3]], photometric="minisblack", extrasamples=[samples], planarconfig=planar, **LAYOUTS[layout]
    )

    assert difference(of_colour, wanted)[0] <= 2
    assert difference(of_grey, np.dstack([wanted[..., 1]] * 3))[0] <= 2


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_of_five_samples_the_one_that_is_alpha_is_alpha(planar: str) -> None:
    five = np.dstack([SMEAR, GREY, HALF])

    data = as_tiff(five, extrasamples=["unspecified", "unassalpha"], planarconfig=planar)

    assert difference(data, ON_WHITE)[0] <= 1


def test_three_samples_that_no_file_calls_colours_are_refused() -> None:
    error = refusal(as_tiff(SMEAR, photometric="minisblack", planarconfig="contig"))

    assert error
    assert error.reason is RejectionReason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "with alpha"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied(orientation: int, alpha: bool) -> None:
    tag = Image.Exif()
    tag[274] = orientation
    stored, wanted = (np.dstack([SMEAR, HALF]), ON_WHITE) if alpha else (SMEAR, SMEAR)
    upright = Image.fromarray(wanted)
    upright.getexif()[274] = orientation
    turned = np.asarray(ImageOps.exif_transpose(upright))
    extra = {"extrasamples": ["unassalpha"]} if alpha else {}
    tags = {"extratags": [(274, 3, 1, orientation, True)]}
    files = [saved(stored, kind, exif=tag, **LOSSLESS[kind]) for kind in ("PNG", "WEBP")]
    files += [as_tiff(stored, **layout, **extra, **tags) for layout in LAYOUTS.values()]
    files += [as_tiff(stored, planarconfig="separate", **extra, **tags)]
    files += [as_tiff(stored.astype(np.uint16) * 257, tile=(32, 32), **extra, **tags)]

    for data in files:
        assert difference(data, turned)[0] <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_behind_the_pixels_of_a_png_is_applied(orientation: int) -> None:
    tag = Image.Exif()
    tag[274] = orientation
    png = saved(SMEAR, "PNG")
    behind = png[:-12] + chunk(b"eXIf", tag.tobytes().removeprefix(b"Exif\x00\x00")) + png[-12:]

    assert difference(behind, np.asarray(ImageOps.exif_transpose(Image.open(BytesIO(behind)))))[0] == 0


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_heic_of_a_telephone_is_upright(orientation: int) -> None:
    tag = Image.Exif()
    tag[274] = orientation
    data = saved(Image.fromarray(SMEAR), "HEIF", quality=90, exif=tag)

    assert difference(data, np.asarray(ImageOps.exif_transpose(Image.open(BytesIO(data)))))[0] <= 1


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}, {"byteorder": ">", "bigtiff": True}], ids=str)
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits"])
def test_a_tiff_of_any_layout_is_read_pixel_by_pixel(
    compression: str | None, options: dict[str, object], planar: str, layout: str
) -> None:
    predictor = compression in ("lzw", "zlib")

    for picture in (SMEAR, DEEP):
        data = as_tiff(picture, compression=compression, predictor=predictor, planarconfig=planar, **options, **LAYOUTS[layout])
        assert difference(data, SMEAR)[0] == 0


@pytest.mark.parametrize("compression", ["jpeg", "webp"])
@pytest.mark.parametrize("layout", [{"rowsperstrip": 16}, {"tile": (32, 32)}], ids=["strips", "tiles"])
def test_lossy_compression_of_a_tiff_is_decoded(layout: dict[str, object], compression: str) -> None:
    data = as_tiff(SMEAR, compression=compression, compressionargs={"level": 95}, **layout)

    assert difference(data, tifffile.imread(BytesIO(data)))[0] <= 2


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_ccitt", "group3", "group4", "packbits"])
def test_black_and_white_of_a_tiff_is_decoded(compression: str) -> None:
    two = Image.fromarray(SMEAR).convert("1")

    assert difference(saved(two, "TIFF", compression=compression), np.asarray(two.convert("RGB")))[0] == 0


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_a_palette_is_looked_up(kind: str) -> None:
    few = Image.fromarray(SMEAR).quantize(60)

    assert difference(saved(few, kind), np.asarray(few.convert("RGB")))[0] == 0


@pytest.mark.parametrize("compression", ["zstd", "lzma", "jpeg2000", "jpegxl"])
def test_compression_that_is_not_decoded_is_named(compression: str) -> None:
    error = refusal(as_tiff(SMEAR, compression=compression))

    assert error
    assert error.reason is RejectionReason.UNSUPPORTED_FORMAT
    assert "compression" in str(error)
