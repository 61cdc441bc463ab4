"""What a sender writes into a file is not what a decoder writes into a log."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.imaging.decode import decode

SMEAR = np.random.default_rng(5).integers(0, 256, (80, 70, 3)).astype(np.uint8)
NAME = b"Jane-Doe"


def with_chunks(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """The file with more chunks behind its first."""
    made = [
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    ]
    return png[:33] + b"".join(made) + png[33:]


@pytest.mark.parametrize("times", [1, 3])
def test_a_colour_profile_that_is_damaged_is_refused_and_not_named(times: int, capfd: pytest.CaptureFixture[str]) -> None:
    png = bytes(cv2.imencode(".png", SMEAR)[1])
    profile = (b"iCCP", NAME + b"\x00\x00" + zlib.compress(np.random.default_rng(6).bytes(400)))

    with pytest.raises(RejectedSmear) as refusal:
        decode(with_chunks(png, *[profile] * times, (b"tEXt", b"Comment\x00" + NAME)))

    assert refusal.value.reason is RejectionReason.UNSUPPORTED_COLOUR
    assert "Jane" not in str(refusal.value) + "".join(capfd.readouterr())


def test_a_chunk_that_libpng_would_warn_of_is_not_read_at_all(capfd: pytest.CaptureFixture[str]) -> None:
    png = bytes(cv2.imencode(".png", SMEAR)[1])
    odd = with_chunks(png, (b"tEXt", NAME * 20), (b"pHYs", b"\x00"), (b"bKGD", NAME))

    np.testing.assert_array_equal(decode(odd), SMEAR[..., ::-1])
    assert capfd.readouterr() == ("", "")
