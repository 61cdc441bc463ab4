"""Every kind of picture that a microscope, a phone or an accident may send."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.picture_file import MAXIMUM_BYTES, check_size
from hemascope.imaging.decode import decode
from tests.unit.picture_files import ANIMATED_PNG, ANIMATED_WEBP, CMYK_JPEG, CMYK_TIFF

LOSSLESS = [".png", ".tiff", ".bmp"]
FORMATS = [".jpg", ".png", ".tiff", ".bmp", ".webp"]


def noise(height: int = 96, width: int = 80) -> np.ndarray:
    """RGB noise: nothing in it looks like anything else, so a misplaced pixel shows."""
    return np.random.default_rng(7).integers(0, 256, (height, width, 3)).astype(np.uint8)


def encode(extension: str, picture: np.ndarray) -> bytes:
    bgr = picture[..., ::-1] if picture.ndim == 3 and picture.shape[2] == 3 else picture
    return bytes(cv2.imencode(extension, bgr)[1])


def reason_of(data: bytes) -> RejectionReason:
    with pytest.raises(RejectedSmear) as refusal:
        decode(data)
    return refusal.value.reason


def png_that_claims(width: int, height: int, pixels: bytes = b"") -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def with_exif(jpeg: bytes, orientation: int, thumbnail: bytes = b"") -> bytes:
    directory = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + bytes([orientation, 0, 0, 0]) + bytes(4)
    content = b"Exif\x00\x00" + directory + thumbnail
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


@pytest.mark.parametrize("extension", LOSSLESS)
def test_a_lossless_picture_is_read_pixel_by_pixel(extension: str) -> None:
    picture = noise()

    decoded = decode(encode(extension, picture))

    np.testing.assert_array_equal(decoded, picture)
    assert decoded.flags.c_contiguous


@pytest.mark.parametrize("extension", [".jpg", ".webp"])
def test_a_lossy_picture_keeps_size_and_colour_order(extension: str) -> None:
    picture = np.full((96, 80, 3), (200, 60, 120), np.uint8)

    decoded = decode(encode(extension, picture))

    assert decoded.shape == (96, 80, 3)
    np.testing.assert_allclose(decoded.mean(axis=(0, 1)), [200, 60, 120], atol=4)


@pytest.mark.parametrize("data", [encode(".jpg", noise()), encode(".jpg", noise()[..., 0])])
def test_a_jpeg_is_bit_by_bit_the_one_that_opencv_decodes(data: bytes) -> None:
    blue_first = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)

    np.testing.assert_array_equal(decode(data), blue_first[..., ::-1])


@pytest.mark.parametrize("extension", FORMATS)
def test_grey_becomes_three_equal_channels(extension: str) -> None:
    grey = np.full((64, 64), 150, np.uint8)

    decoded = decode(encode(extension, grey))

    assert decoded.shape == (64, 64, 3)
    np.testing.assert_allclose(decoded, 150, atol=2)


@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_sixteen_bits_become_the_nearest_of_eight(extension: str) -> None:
    deep = np.empty((64, 64, 3), np.uint16)
    deep[:] = (0x12FF, 0x80FF, 0xFE00)

    decoded = decode(encode(extension, deep))

    np.testing.assert_array_equal(decoded[5, 5], np.rint([0x12FF / 257, 0x80FF / 257, 0xFE00 / 257]))


@pytest.mark.parametrize("data", [CMYK_JPEG, CMYK_TIFF], ids=["jpeg", "tiff"])
def test_cmyk_is_read_as_the_colours_a_person_sees(data: bytes) -> None:
    decoded = decode(data)

    np.testing.assert_allclose(decoded[10, 10], [255, 0, 0], atol=3)
    np.testing.assert_allclose(decoded[50, 10], [0, 0, 255], atol=3)


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_what_is_transparent_shows_a_white_slide(extension: str) -> None:
    clear = np.zeros((64, 64, 4), np.uint8)
    clear[:, :32] = (30, 20, 10, 255)

    decoded = decode(encode(extension, clear))

    np.testing.assert_allclose(decoded[5, 5], [10, 20, 30], atol=3)
    np.testing.assert_array_equal(decoded[5, 60], [255, 255, 255])


def test_half_transparent_is_half_way_to_white() -> None:
    half = np.zeros((64, 64, 4), np.uint8)
    half[:] = (0, 0, 0, 128)

    decoded = decode(encode(".png", half))

    assert set(decoded.ravel().tolist()) == {127}


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda picture: picture),
        (2, np.fliplr),
        (3, lambda picture: np.rot90(picture, 2)),
        (4, np.flipud),
        (5, lambda picture: picture.transpose(1, 0, 2)),
        (6, lambda picture: np.rot90(picture, -1)),
        (7, lambda picture: np.rot90(picture, 2).transpose(1, 0, 2)),
        (8, np.rot90),
    ],
)
def test_exif_orientation_is_applied(orientation: int, turn: object) -> None:
    jpeg = encode(".jpg", np.kron(noise(4, 3), np.ones((24, 32, 1), np.uint8)))
    upright = decode(jpeg)

    decoded = decode(with_exif(jpeg, orientation))

    np.testing.assert_array_equal(decoded, turn(upright))  # type: ignore[operator]


@pytest.mark.parametrize("extension", FORMATS)
def test_a_file_cut_anywhere_is_refused_and_never_half_a_picture(extension: str) -> None:
    whole = encode(extension, noise())

    reasons = {reason_of(whole[:length]) for length in range(8, len(whole), max(1, len(whole) // 60))}

    assert reasons <= {RejectionReason.TRUNCATED, RejectionReason.CORRUPT, RejectionReason.UNSUPPORTED_FORMAT}
    assert RejectionReason.TRUNCATED in reasons


def test_the_end_marker_of_a_thumbnail_does_not_hide_that_the_picture_is_cut() -> None:
    jpeg = with_exif(encode(".jpg", noise()), 1, thumbnail=encode(".jpg", noise(64, 64)))

    cut = jpeg[: len(jpeg) * 3 // 4]

    assert reason_of(cut) is RejectionReason.TRUNCATED


def test_bytes_behind_the_end_of_a_jpeg_do_no_harm() -> None:
    jpeg = encode(".jpg", noise())

    decoded = decode(jpeg + b"camera maker's notes")

    np.testing.assert_array_equal(decoded, decode(jpeg))


def test_an_empty_file_is_refused() -> None:
    assert reason_of(b"") is RejectionReason.EMPTY_FILE


@pytest.mark.parametrize("data", [b"patient seen on monday", b"GIF89a" + bytes(40), b"%PDF-1.7", b"\x00" * 64, b"RIFF1234WAVE"])
def test_what_is_no_picture_of_ours_is_refused(data: bytes) -> None:
    assert reason_of(data) is RejectionReason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("extension", FORMATS)
def test_one_pixel_is_too_small(extension: str) -> None:
    assert reason_of(encode(extension, noise(1, 1))) is RejectionReason.TOO_SMALL


def test_sixty_four_pixels_are_enough_and_sixty_three_are_not() -> None:
    assert decode(encode(".png", noise(64, 64))).shape == (64, 64, 3)
    assert reason_of(encode(".png", noise(64, 63))) is RejectionReason.TOO_SMALL


def test_a_header_of_20000_x_20000_is_refused_before_a_pixel_is_decoded() -> None:
    jpeg = bytearray(encode(".jpg", noise()))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 20_000, 20_000)

    assert reason_of(bytes(jpeg)) is RejectionReason.TOO_MANY_PIXELS


def test_a_png_bomb_is_refused_by_what_it_claims() -> None:
    bomb = png_that_claims(30_000, 30_000, bytes(10_000_000))

    assert len(bomb) < 20_000
    assert reason_of(bomb) is RejectionReason.TOO_MANY_PIXELS


def test_a_png_without_the_pixels_it_claims_is_corrupt() -> None:
    assert reason_of(png_that_claims(200, 200, bytes(100))) is RejectionReason.CORRUPT


def test_more_than_32_megabytes_are_refused_by_size_alone() -> None:
    check_size(MAXIMUM_BYTES)

    with pytest.raises(RejectedSmear, match="33554433") as refusal:
        check_size(MAXIMUM_BYTES + 1)

    assert refusal.value.reason is RejectionReason.FILE_TOO_LARGE
    assert reason_of(bytes(MAXIMUM_BYTES + 1)) is RejectionReason.FILE_TOO_LARGE


@pytest.mark.parametrize("data", [ANIMATED_PNG, ANIMATED_WEBP], ids=["png", "webp"])
def test_an_animation_is_refused(data: bytes) -> None:
    assert reason_of(data) is RejectionReason.SEVERAL_PICTURES


def test_a_tiff_of_several_pages_is_refused() -> None:
    done, pages = cv2.imencodemulti(".tiff", [noise(), noise()])

    assert done
    assert reason_of(bytes(pages)) is RejectionReason.SEVERAL_PICTURES


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_whose_directories_form_a_circle_is_refused(order: str) -> None:
    magic = b"II*\x00" if order == "<" else b"MM\x00*"
    entries = struct.pack(f"{order}HHIHH", 256, 3, 1, 64, 0) + struct.pack(f"{order}HHIHH", 257, 3, 1, 64, 0)
    circle = magic + struct.pack(f"{order}I", 8) + struct.pack(f"{order}H", 2) + entries + struct.pack(f"{order}I", 8)

    assert reason_of(circle) is RejectionReason.CORRUPT


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("extension", FORMATS)
def test_all_black_and_all_white_are_read_rightly(extension: str, value: int) -> None:
    decoded = decode(encode(extension, np.full((96, 80, 3), value, np.uint8)))

    np.testing.assert_allclose(decoded, value, atol=2)


def test_floating_point_pixels_have_no_agreed_range_and_are_refused() -> None:
    assert reason_of(encode(".tiff", noise().astype(np.float32) / 255)) is RejectionReason.UNSUPPORTED_FORMAT
