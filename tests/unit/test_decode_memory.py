"""How much memory a picture may take is known from its header, and refused before a pixel is decoded."""

import struct

import cv2
import numpy as np
import pytest

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.imaging.decode import check_header, decode

SMALL = np.random.default_rng(3).integers(0, 256, (64, 64, 4)).astype(np.uint8)


def encoded(extension: str, channels: int = 3, depth: type = np.uint8, *parameters: int) -> bytes:
    picture = SMALL[..., :channels].astype(depth) * (257 if depth is np.uint16 else 1)
    return bytes(cv2.imencode(extension, picture, list(parameters))[1])


def claiming(data: bytes, side: int) -> bytes:
    """The same file with another width and height in its header; OpenCV writes each field where it is looked for here."""
    damaged = bytearray(data)
    if data.startswith(b"\xff\xd8"):
        frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        struct.pack_into(">HH", damaged, frame + 5, side, side)
    elif data.startswith(b"\x89PNG"):
        struct.pack_into(">II", damaged, 16, side, side)
    else:
        (directory,) = struct.unpack_from("<I", data, 4)
        for tag in (256, 257):
            entry = damaged.index(struct.pack("<H", tag), directory)
            struct.pack_into("<HII", damaged, entry + 2, 4, 1, side)
    return bytes(damaged)


KINDS: dict[str, tuple[bytes, int]] = {
    "JPEG of one scan": (encoded(".jpg"), 100),
    "JPEG of several scans": (encoded(".jpg", 3, np.uint8, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), 66),
    "PNG": (encoded(".png"), 100),
    "PNG with alpha": (encoded(".png", 4), 100),
    "PNG of 16 bits": (encoded(".png", 3, np.uint16), 66),
    "PNG of 16 bits with alpha": (encoded(".png", 4, np.uint16), 57),
    "TIFF": (encoded(".tiff"), 88),
    "TIFF of 16 bits": (encoded(".tiff", 3, np.uint16), 53),
    "TIFF of 16 bits with alpha": (encoded(".tiff", 4, np.uint16), 42),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_takes_more_memory_may_have_fewer_pixels(kind: str) -> None:
    data, megapixels = KINDS[kind]
    largest = int((megapixels * 1_000_000) ** 0.5)

    with pytest.raises(RejectedSmear) as refusal:
        decode(claiming(data, largest + 100))

    assert refusal.value.reason is RejectionReason.TOO_MANY_PIXELS
    assert f"at most {megapixels} megapixels" in str(refusal.value)
    check_header(claiming(data, largest))  # and no more is refused


def test_what_is_half_transparent_is_blended_to_the_nearest_level() -> None:
    clear = np.random.default_rng(4).integers(0, 256, (150, 70, 4)).astype(np.uint8)

    decoded = decode(bytes(cv2.imencode(".png", clear)[1]))

    share = clear[..., 3:] / 255
    expected = clear[..., 2::-1] * share + 255 * (1 - share)
    np.testing.assert_allclose(decoded, expected, atol=0.51)
