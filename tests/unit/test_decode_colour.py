"""Colours that a file declares are seen as a colour-managed viewer shows them; LittleCMS in Pillow says how."""

import struct
import zlib

import cv2
import numpy as np
import pytest
import pyvips
from PIL import Image

from hemascope.domain.errors import RejectionReason
from hemascope.domain.picture_file import ColourDeclaration
from tests.support.picture_declarations import (
    DEEP,
    GREY,
    LOSSLESS,
    PROFILES,
    SMEAR,
    Pixels,
    as_tiff,
    by_littlecms,
    chunk,
    difference,
    exif,
    grey_profile,
    refusal,
    saved,
    seen,
    to_lab,
    with_chunks,
    with_segment,
)

PNG = saved(SMEAR, "PNG")
JPEG = saved(SMEAR, "JPEG", quality=98, subsampling=0)
LINEAR, ADOBE, P3 = PROFILES["linear"], PROFILES["Adobe RGB of version 4"], PROFILES["P3 with an exponent"]
GAMMA_OF_LINEAR = chunk(b"gAMA", struct.pack(">I", 100_000))
SRGB_CHUNK = chunk(b"sRGB", b"\x00")


def iccp(icc: bytes) -> bytes:
    return chunk(b"iCCP", b"profile\x00\x00" + zlib.compress(icc))


def cicp(primaries: int, transfer: int, full_range: int = 1) -> bytes:
    return chunk(b"cICP", bytes([primaries, transfer, 0, full_range]))


def to_linear(picture: Pixels) -> Pixels:
    share = picture / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_profile_is_obeyed(kind: str, name: str) -> None:
    data = saved(SMEAR, kind, icc_profile=PROFILES[name], **LOSSLESS[kind])

    apart, decoded = difference(data, by_littlecms(SMEAR, PROFILES[name]))

    assert apart <= 1
    assert (decoded.source.colour, decoded.source.converted) == (ColourDeclaration.ICC_PROFILE, True)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_of_a_jpeg_is_obeyed(name: str) -> None:
    data = saved(SMEAR, "JPEG", quality=98, subsampling=0, icc_profile=PROFILES[name])

    assert difference(data, by_littlecms(seen(data), PROFILES[name]))[0] <= 1


def test_a_profile_of_a_heic_is_obeyed() -> None:
    data = saved(SMEAR, "HEIF", quality=-1, chroma=444, icc_profile=P3)

    assert difference(data, by_littlecms(seen(data), P3))[0] <= 1


def test_a_profile_in_several_segments_is_obeyed_and_one_with_a_lost_segment_is_refused() -> None:
    long = struct.pack(">I", len(LINEAR) + 100_000) + LINEAR[4:] + bytes(100_000)
    data = saved(SMEAR, "JPEG", quality=98, subsampling=0, icc_profile=long)
    start = data.index(b"ICC_PROFILE\x00\x01") - 4
    (length,) = struct.unpack_from(">H", data, start + 2)

    lost = refusal(data[:start] + data[start + 2 + length :])

    assert difference(data, by_littlecms(seen(data), LINEAR))[0] <= 1
    assert lost
    assert lost.reason is RejectionReason.UNSUPPORTED_COLOUR


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_a_profile_of_grey_is_obeyed(kind: str, gamma: float) -> None:
    data = saved(GREY, kind, icc_profile=grey_profile(gamma), **({"quality": 100} if kind == "JPEG" else {}))

    assert difference(data, by_littlecms(seen(data)[..., 0].copy(), grey_profile(gamma), "L"))[0] <= 1


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_grey_with_a_profile_of_colours_is_grey_in_those_colours(kind: str) -> None:
    data = saved(GREY, kind, icc_profile=LINEAR)

    assert difference(data, by_littlecms(seen(data), LINEAR))[0] <= 1


@pytest.mark.parametrize("kind", ["TIFF", "JPEG", "TIFF of 16 bits"])
def test_a_profile_of_cmyk_is_obeyed(kind: str) -> None:
    icc = bytes(pyvips.Operation.call("profile_load", "cmyk"))
    height, width = GREY.shape
    plain = pyvips.Image.new_from_memory(SMEAR.tobytes(), width, height, 3, "uchar").copy(interpretation="srgb")
    inks = plain.icc_transform("cmyk", input_profile="srgb", intent="relative").numpy()
    if kind == "TIFF of 16 bits":
        data = as_tiff(inks.astype(np.uint16) * 257, photometric="separated", iccprofile=icc)
    else:
        image = Image.frombytes("CMYK", (width, height), inks.tobytes())
        data = saved(image, kind, icc_profile=icc, **({"quality": 100, "subsampling": 0} if kind == "JPEG" else {}))

    apart, _ = difference(data, by_littlecms(inks, icc, "CMYK"))

    assert apart <= (12 if kind == "JPEG" else 1)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_profile_of_lab_makes_the_samples_lab(kind: str) -> None:
    lab = to_lab(SMEAR) ^ np.array([0, 128, 128], np.uint8)
    header = b"\x02\x10\x00\x00abstLab Lab ".rjust(24, b"\x00").ljust(36, b"\x00") + b"acsp"
    data = saved(lab, kind, icc_profile=header.ljust(200, b"\x00"), **LOSSLESS[kind])

    apart, decoded = difference(data, SMEAR)

    assert apart <= 6
    assert decoded.source.colour is ColourDeclaration.ICCLAB


@pytest.mark.parametrize("kind", [*LOSSLESS, "JPEG"])
@pytest.mark.parametrize(
    "icc",
    [LINEAR[:20], LINEAR[:200], LINEAR[:-20], LINEAR[:12] + b"link" + LINEAR[16:], LINEAR[:128] + bytes(4), grey_profile(1.0)],
    ids=["header cut", "table cut", "tag cut", "of two devices", "no tags", "of grey"],
)
def test_a_profile_that_cannot_be_used_is_refused(kind: str, icc: bytes) -> None:
    error = refusal(saved(SMEAR, kind, icc_profile=icc, **LOSSLESS.get(kind, {})))

    assert error
    assert error.reason is RejectionReason.UNSUPPORTED_COLOUR


@pytest.mark.parametrize(
    ("chunks", "icc"),
    [
        ((GAMMA_OF_LINEAR,), LINEAR),
        ((SRGB_CHUNK, GAMMA_OF_LINEAR), None),
        ((iccp(ADOBE), SRGB_CHUNK, GAMMA_OF_LINEAR), ADOBE),
        ((iccp(ADOBE), cicp(1, 8)), LINEAR),
        ((cicp(1, 13), iccp(ADOBE), GAMMA_OF_LINEAR), None),
        ((chunk(b"gAMA", struct.pack(">I", 45455)),), None),
        ((chunk(b"eXIf", exif(2)),), ADOBE),
        ((chunk(b"eXIf", exif(2)), SRGB_CHUNK), None),
    ],
    ids=["gamma", "sRGB, gamma", "profile, sRGB", "profile, cICP", "cICP, profile", "gamma of sRGB", "EXIF", "EXIF, sRGB"],
)
def test_the_chunks_of_a_png_hold_in_the_order_of_its_specification(chunks: tuple[bytes, ...], icc: bytes | None) -> None:
    apart, decoded = difference(with_chunks(PNG, *chunks), by_littlecms(SMEAR, icc) if icc else SMEAR)

    assert apart <= 1
    assert decoded.source.converted is (icc is not None)


def test_gamma_with_primaries_of_a_png_is_a_wide_gamut() -> None:
    adobe = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
    data = with_chunks(PNG, chunk(b"gAMA", struct.pack(">I", round(100_000 * 256 / 563))), chunk(b"cHRM", adobe))

    apart, decoded = difference(data, by_littlecms(SMEAR, ADOBE))

    assert apart <= 1
    assert decoded.source.colour is ColourDeclaration.GAMMA


@pytest.mark.parametrize("declaration", [cicp(9, 16), cicp(9, 18), cicp(1, 13, full_range=0), cicp(200, 200)])
def test_code_points_that_need_tone_mapping_or_mean_nothing_are_refused(declaration: bytes) -> None:
    error = refusal(with_chunks(PNG, declaration, SRGB_CHUNK))

    assert error
    assert error.reason is RejectionReason.UNSUPPORTED_COLOUR


def test_a_damaged_chunk_about_colour_is_damage() -> None:
    damaged = bytearray(with_chunks(PNG, GAMMA_OF_LINEAR))
    damaged[damaged.index(b"gAMA") + 6] ^= 0x40

    error = refusal(bytes(damaged))

    assert error
    assert error.reason is RejectionReason.CORRUPT


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("number", [2, 0xFFFF])
def test_the_letters_r03_of_a_camera_mean_adobe_rgb(number: int, order: str) -> None:
    data = with_segment(JPEG, 0xE1, b"Exif\x00\x00" + exif(number, b"R03\x00", order))

    apart, decoded = difference(data, by_littlecms(seen(JPEG), ADOBE))

    assert apart <= 1
    assert decoded.source.colour is ColourDeclaration.ADOBE_RGB


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_that_says_srgb_changes_nothing_and_uncalibrated_is_refused(order: str) -> None:
    srgb, uncalibrated = (with_segment(JPEG, 0xE1, b"Exif\x00\x00" + exif(number, b"R98\x00", order)) for number in (1, 0xFFFF))

    error = refusal(uncalibrated)

    assert difference(srgb, seen(JPEG))[0] == 0
    assert error
    assert error.reason is RejectionReason.UNSUPPORTED_COLOUR


@pytest.mark.parametrize("layout", [{}, {"tile": (32, 48)}, {"planarconfig": "separate"}, {"byteorder": ">"}])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", ["cielab", "icclab"])
def test_lab_of_a_tiff_is_seen_in_srgb(kind: str, bits: int, layout: dict[str, object]) -> None:
    lab = to_lab(SMEAR)
    opponents = lab[..., 1:].view(np.int8).astype(int) + (128 if kind == "icclab" else 0)
    if bits == 16:
        stored = np.dstack([lab[..., 0].astype(int) * 257, opponents * 256]).astype(np.int64)
        lab = (stored % 65536).astype(np.uint16)
    else:
        lab = (np.dstack([lab[..., 0].astype(int), opponents]) % 256).astype(np.uint8)

    apart, decoded = difference(as_tiff(lab, photometric=kind, **layout), SMEAR)

    assert apart <= 6  # 8 bits of L*a*b* are coarse
    assert (decoded.source.colour, decoded.source.converted) == (ColourDeclaration(kind), True)


def test_linear_sixteen_bits_are_converted_at_full_depth() -> None:
    linear = np.rint(to_linear(SMEAR) * 65535).astype(np.uint16)
    png = with_chunks(bytes(cv2.imencode(".png", linear[..., ::-1])[1]), GAMMA_OF_LINEAR)

    for data in (png, as_tiff(linear, iccprofile=LINEAR), as_tiff(linear, iccprofile=LINEAR, planarconfig="separate")):
        apart, decoded = difference(data, SMEAR)
        assert apart <= 1
        assert (decoded.source.bits, decoded.source.converted) == (16, True)


def test_wide_gamut_sixteen_bits_are_those_of_eight() -> None:
    icc = PROFILES["ProPhoto"]

    assert difference(as_tiff(DEEP, iccprofile=icc), by_littlecms(SMEAR, icc))[0] <= 1


@pytest.mark.parametrize(("primaries", "transfer", "icc"), [(1, 13, None), (2, 2, None), (1, 8, LINEAR)])
def test_code_points_of_a_heic_are_obeyed(primaries: int, transfer: int, icc: bytes | None) -> None:
    data = saved(
        SMEAR, "HEIF", quality=-1, chroma=444, color_primaries=primaries, transfer_characteristics=transfer,
        matrix_coefficients=6, full_range_flag=1, save_nclx_profile=True,
    )  # fmt: skip

    assert difference(data, by_littlecms(seen(data), icc) if icc else seen(data))[0] <= 1


def test_a_transfer_function_of_a_tiff_is_refused() -> None:
    curve = tuple(np.tile(np.rint(np.linspace(0, 1, 256) * 65535).astype(int), 3).tolist())

    error = refusal(as_tiff(SMEAR, extratags=[(301, 3, 768, curve, True)]))

    assert error
    assert error.reason is RejectionReason.UNSUPPORTED_COLOUR


@pytest.mark.parametrize("kind", LOSSLESS)
def test_no_declaration_means_srgb(kind: str) -> None:
    apart, decoded = difference(saved(SMEAR, kind, **LOSSLESS[kind]), SMEAR)

    assert apart == 0
    assert (decoded.source.colour, decoded.source.converted) == (ColourDeclaration.NONE, False)
