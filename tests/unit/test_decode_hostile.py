"""Files that are made to keep a decoder busy: refused by their header, before it begins."""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.imaging.decode import decode

SMEAR = np.random.default_rng(8).integers(0, 256, (80, 70, 3)).astype(np.uint8)
LARGEST = 32 * 1024 * 1024


@contextmanager
def refused(*reasons: RejectionReason) -> Iterator[None]:
    begin = time.process_time()
    with pytest.raises(RejectedSmear) as refusal:
        yield
    assert refusal.value.reason in reasons
    assert time.process_time() - begin < 3.0


def test_a_jpeg_of_a_thousand_scans_is_refused() -> None:
    # 120 bytes make the decoder walk over every coefficient once more: a file of 32 MB could keep it busy for an hour.
    jpeg = bytes(cv2.imencode(".jpg", SMEAR, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1])
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]

    with refused(RejectionReason.CORRUPT):
        decode(jpeg[:-2] + 1000 * scan + b"\xff\xd9")

    assert decode(jpeg).shape == SMEAR.shape


def test_scans_of_the_film_that_a_telephone_appends_are_not_counted() -> None:
    jpeg = bytes(cv2.imencode(".jpg", SMEAR)[1])

    assert decode(jpeg + 1000 * (b"\xff\xda" + bytes(50))).shape == SMEAR.shape


@pytest.mark.parametrize("part", [b"\xff", b"\xff\xe0\x00\x02"], ids=["fill bytes", "empty segments"])
def test_a_jpeg_of_millions_of_parts_is_refused(part: bytes) -> None:
    with refused(RejectionReason.CORRUPT, RejectionReason.TRUNCATED):
        decode(b"\xff\xd8\xff\xe0\x00\x02" + part * ((LARGEST - 100) // len(part)))


def test_a_png_of_millions_of_chunks_is_refused() -> None:
    png = bytes(cv2.imencode(".png", SMEAR)[1])
    empty = struct.pack(">I", 0) + b"teXt" + bytes(4)

    with refused(RejectionReason.CORRUPT):
        decode(png[:33] + empty * 2_000_000 + png[33:])


def test_a_tiff_whose_every_tag_is_the_whole_file_is_refused() -> None:
    count = 65_535
    entries = b"".join(struct.pack("<HHII", 273 if number % 2 else 279, 1, LARGEST - 100, 8) for number in range(count))
    size = struct.pack("<HHIHH", 256, 3, 1, 80, 0) + struct.pack("<HHIHH", 257, 3, 1, 80, 0)
    directory = struct.pack("<H", count) + size + entries[: 12 * (count - 2)] + struct.pack("<I", 8)

    with refused(RejectionReason.CORRUPT):  # and the directories form a circle
        decode((b"II*\x00\x08\x00\x00\x00" + directory).ljust(LARGEST, b"\x00"))


def test_a_tiff_of_thousands_of_long_directories_is_refused() -> None:
    # Each lies two bytes behind the one before, and all of them share their entries.
    data = bytearray(b"II*\x00\x08\x00\x00\x00" + b"\xff\xff" * 500_000)
    struct.pack_into("<I", data, 8 + 2 + 12 * 65_535, 10)

    with refused(RejectionReason.CORRUPT):
        decode(bytes(data))


@pytest.mark.parametrize("tag", [254, 256, 257, 258, 262, 273, 277, 279])
def test_an_empty_tag_is_refused(tag: int) -> None:
    tiff = bytearray(cv2.imencode(".tiff", SMEAR)[1].tobytes())
    (directory,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, directory)
    places = [directory + 2 + 12 * number for number in range(count)]
    place = next((position for position in places if struct.unpack_from("<H", tiff, position)[0] == tag), places[0])
    struct.pack_into("<HHI", tiff, place, tag, 3, 0)

    with refused(RejectionReason.CORRUPT):
        decode(bytes(tiff))
