"""What a decoder would fill in is refused, and what only looks odd is not."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import tifffile

from hemascope.domain.errors import RejectionReason
from hemascope.imaging.synthetic import draw_synthetic_smear
from tests.support.picture_declarations import Pixels, as_tiff, difference, refusal, saved, seen, with_segment

NOISE = np.random.default_rng(3)
SMEAR = np.clip(draw_synthetic_smear(6, side=256, cells=5).astype(int) + NOISE.integers(-6, 7, (256, 256, 3)), 0, 255).astype(
    np.uint8
)
SECTOR = 4096
DAMAGED = {RejectionReason.CORRUPT, RejectionReason.TRUNCATED}

JPEGS = {
    "JPEG": saved(SMEAR, "JPEG", quality=95, subsampling=0),
    "JPEG 4:2:0": saved(SMEAR, "JPEG", quality=95, subsampling=2),
    "JPEG progressive": saved(SMEAR, "JPEG", quality=95, progressive=True),
    "JPEG with restarts": saved(SMEAR, "JPEG", quality=95, restart_marker_rows=1),
    "JPEG of grey": saved(np.ascontiguousarray(SMEAR[..., 1]), "JPEG", quality=97),
}
LAYOUTS: dict[str, dict[str, Any]] = {
    "a strip": {"rowsperstrip": 256},
    "strips": {"rowsperstrip": 32},
    "tiles": {"tile": (64, 64)},
}
TIFFS = {
    f"TIFF {compression} in {name}": as_tiff(SMEAR, compression=compression, **layout)
    for compression in ("lzw", "zlib", "packbits", "jpeg")
    for name, layout in LAYOUTS.items()
} | {
    f"TIFF {compression} in planes": as_tiff(SMEAR, compression=compression, planarconfig="separate")
    for compression in ("lzw", "zlib")
}
OTHERS = {
    "PNG": saved(SMEAR, "PNG"),
    "WebP": saved(SMEAR, "WEBP", quality=97),
    "WebP lossless": saved(SMEAR, "WEBP", lossless=True),
    "HEIC": saved(SMEAR, "HEIF", quality=90, chroma=444),
}
RAW = {"BMP": saved(SMEAR, "BMP"), "TIFF": as_tiff(SMEAR, rowsperstrip=16)}
CODED = JPEGS | TIFFS | OTHERS


BLIND = ("WebP", "HEIC")  # without checksums, and their coders take any bytes: what was overwritten doesn't show


@pytest.mark.parametrize("place", [0.3, 0.6, 0.85])
@pytest.mark.parametrize(
    ("name", "hole"),
    [
        (name, hole)
        for name in CODED
        for hole in ("zeros", "ones", "removed", "noise")
        if hole != "noise" or not name.startswith(BLIND)
    ],
)
def test_a_hole_of_four_kilobytes_is_refused(name: str, hole: str, place: float) -> None:
    whole = CODED[name]
    start = int(len(whole) * place)
    size = min(SECTOR, len(whole) - start - 64)
    filling = {"zeros": bytes(size), "ones": b"\xff" * size, "removed": b"", "noise": np.random.default_rng(5).bytes(size)}[
        hole
    ]

    error = refusal(whole[:start] + filling + whole[start + size :])

    assert error
    assert error.reason in DAMAGED


@pytest.mark.parametrize("name", CODED | RAW)
def test_a_file_cut_anywhere_is_refused(name: str) -> None:
    whole = (CODED | RAW)[name]

    reasons = {error and error.reason for error in (refusal(whole[: len(whole) * part // 60]) for part in range(2, 60))}

    assert reasons <= DAMAGED


@pytest.mark.parametrize("part", [0.4, 0.7])
@pytest.mark.parametrize("filling", [b"\x00", b"\xff"], ids=["zeros", "ones"])
@pytest.mark.parametrize("name", CODED | RAW)
def test_a_tail_that_was_never_written_is_refused(name: str, filling: bytes, part: float) -> None:
    whole = (CODED | RAW)[name]
    written = int(len(whole) * part)

    error = refusal(whole[:written] + filling * (len(whole) - written))

    assert error
    assert error.reason in DAMAGED


@pytest.mark.parametrize("part", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("name", CODED | RAW)
def test_a_file_appended_to_its_own_half_is_refused(name: str, part: float) -> None:
    whole = (CODED | RAW)[name]

    error = refusal(whole[: int(len(whole) * part)] + whole)

    assert error
    assert error.reason in DAMAGED


def test_restart_markers_that_are_lost_are_noticed() -> None:
    jpeg = JPEGS["JPEG with restarts"]
    places = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", jpeg)]

    for count in (1, 8):
        error = refusal(jpeg[: places[4]] + jpeg[places[4 + count] :])
        assert error
        assert error.reason in DAMAGED


def test_every_scan_of_a_progressive_jpeg_is_needed() -> None:
    jpeg = JPEGS["JPEG progressive"]
    scans = [found.start() for found in re.finditer(rb"\xff\xda", jpeg)]
    cut = [jpeg[:place] + b"\xff\xd9" for place in scans[1:]]

    for data in cut:
        error = refusal(data)
        assert error
        assert error.reason is RejectionReason.TRUNCATED


@pytest.mark.parametrize("tag", [279, 273], ids=["lengths", "offsets"])
def test_a_strip_of_a_tiff_that_was_never_written_is_refused(tag: int) -> None:
    data = bytearray(as_tiff(SMEAR, rowsperstrip=16, compression="lzw"))
    entry = tifffile.TiffFile(BytesIO(bytes(data))).pages[0].tags[tag]  # type: ignore[union-attr]
    size = 2 if entry.dtype == 3 else 4
    data[entry.valueoffset + 5 * size : entry.valueoffset + 6 * size] = bytes(size)

    error = refusal(bytes(data))

    assert error
    assert error.reason is RejectionReason.CORRUPT


def test_a_tile_that_was_never_written_is_refused() -> None:
    data = as_tiff(SMEAR, tile=(64, 64))
    start = len(data) - SMEAR.size + 5 * 64 * 64 * 3

    error = refusal(data[:start] + bytes(64 * 64 * 3) + data[start + 64 * 64 * 3 :])

    assert error
    assert error.reason is RejectionReason.CORRUPT


def test_a_refusal_says_what_is_to_blame() -> None:
    error = refusal(JPEGS["JPEG"][: len(JPEGS["JPEG"]) // 2])

    assert error
    assert "the upload or the copy stopped" in str(error)


def bars(picture: Pixels) -> Pixels:
    framed = picture.copy()
    framed[:30] = framed[-30:] = 0
    return framed


def vignette(picture: Pixels) -> Pixels:
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    inside = np.hypot(rows - picture.shape[0] / 2, columns - picture.shape[1] / 2) < picture.shape[0] / 2
    return np.where(inside[..., np.newaxis], picture, 0).astype(np.uint8)


@pytest.mark.parametrize("frame", [bars, vignette])
@pytest.mark.parametrize(
    "write",
    [
        lambda picture: saved(picture, "JPEG", quality=95),
        lambda picture: saved(picture, "PNG"),
        lambda picture: saved(picture, "WEBP", quality=95),
        lambda picture: saved(picture, "HEIF", quality=90),
        lambda picture: as_tiff(picture, compression="lzw"),
        lambda picture: as_tiff(picture, tile=(16, 16)),
        lambda picture: as_tiff(picture, tile=(64, 64)),
    ],
    ids=["JPEG", "PNG", "WebP", "HEIC", "TIFF", "small tiles", "tiles"],
)
def test_black_bars_and_a_vignette_are_no_damage(write: Callable[[Pixels], bytes], frame: Callable[[Pixels], Pixels]) -> None:
    assert refusal(write(frame(SMEAR))) is None


@pytest.mark.parametrize("level", [0, 128, 238, 255])
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "HEIF", "TIFF", "BMP"])
def test_a_blank_picture_is_no_damage(name: str, level: int) -> None:
    assert refusal(saved(np.full((1500, 2000, 3) if name == "WEBP" else (200, 300, 3), level, np.uint8), name)) is None


def test_large_texts_and_padding_are_no_damage() -> None:
    jpeg = JPEGS["JPEG"]
    texts = with_segment(
        with_segment(jpeg, 0xE1, b"Exif\x00\x00" + bytes(65_000)), 0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + b" " * 60_000
    )
    heic = saved(SMEAR, "HEIF", quality=90, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00" + bytes(4000))

    assert difference(texts, seen(jpeg))[0] == 0
    assert difference(jpeg + bytes(65_536), seen(jpeg))[0] == 0
    assert difference(heic, seen(heic))[0] <= 1


def test_a_heic_whose_decoder_has_no_parameters_is_damaged() -> None:
    grey = saved(np.ascontiguousarray(SMEAR[..., 1]), "HEIF", quality=80)

    error = refusal(grey.replace(b"hvcC", b"hv\xff\xff"))

    assert error
    assert error.reason is RejectionReason.CORRUPT
