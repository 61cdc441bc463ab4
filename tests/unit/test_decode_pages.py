"""Pages, and pictures inside others: which is the picture, and which files hold several."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
import tifffile
from PIL import Image

from hemascope.domain.errors import RejectionReason
from tests.support.picture_declarations import (
    GREY,
    SMEAR,
    Pixels,
    as_tiff,
    difference,
    refusal,
    saved,
    seen,
)

PLANES = np.ascontiguousarray(np.moveaxis(SMEAR, -1, 0))
SMALL = np.ascontiguousarray(SMEAR[::2, ::2])
RGB_COLOURS = [-16776961, 16711935, 65535]


def pages(write: Callable[[tifffile.TiffWriter], object], **options: object) -> bytes:
    file = BytesIO()
    with tifffile.TiffWriter(file, **options) as writer:  # type: ignore[arg-type]
        write(writer)
    return file.getvalue()


def ome(planes: Pixels = PLANES, axes: str = "CYX", **channel: object) -> bytes:
    file = BytesIO()
    metadata = {"axes": axes} | ({"Channel": channel} if channel else {})
    tifffile.imwrite(file, planes, ome=True, photometric="minisblack", metadata=metadata)
    return file.getvalue()


def imagej(planes: Pixels, **metadata: object) -> bytes:
    file = BytesIO()
    tifffile.imwrite(file, planes, imagej=True, metadata=metadata)
    return file.getvalue()


def table(*colours: int) -> Pixels:
    """A colour table of ImageJ: a ramp in these channels."""
    return np.stack([np.arange(256, dtype=np.uint8) * (channel in colours) for channel in range(3)])


@pytest.mark.parametrize(
    "data",
    [
        pages(lambda file: (file.write(SMEAR, photometric="rgb"), file.write(SMALL, photometric="rgb", subfiletype=1))),
        pages(lambda file: (file.write(SMALL, photometric="rgb", subfiletype=1), file.write(SMEAR, photometric="rgb"))),
        pages(
            lambda file: (file.write(SMEAR, photometric="rgb", subifds=1), file.write(SMALL, photometric="rgb", subfiletype=1))
        ),
        pages(lambda file: (file.write(SMALL, photometric="rgb", subifds=1), file.write(SMEAR, photometric="rgb"))),
        pages(
            lambda file: (file.write(SMALL, photometric="rgb", subfiletype=1, subifds=1), file.write(SMEAR, photometric="rgb"))
        ),
        pages(lambda file: (file.write(SMEAR, photometric="rgb"), file.write(GREY > 128, subfiletype=4))),
    ],
    ids=["behind", "before", "inside", "around", "tagged and around", "a mask"],
)
def test_of_a_picture_and_its_copies_the_full_one_is_judged(data: bytes) -> None:
    assert difference(data, SMEAR)[0] == 0


def test_two_pages_of_which_none_is_called_a_copy_are_refused() -> None:
    error = refusal(pages(lambda file: (file.write(SMEAR, photometric="rgb"), file.write(SMALL, photometric="rgb"))))

    assert error
    assert error.reason is RejectionReason.SEVERAL_PICTURES


@pytest.mark.parametrize(
    "data",
    [
        ome(Name=["Red", "Green", "Blue"]),
        ome(Name=["R", "G", "B"]),
        ome(Color=RGB_COLOURS),
        ome(PLANES.astype(np.uint16) * 257, Name=["R", "G", "B"]),
        imagej(PLANES, axes="CYX", mode="composite"),
        imagej(PLANES, axes="CYX", mode="composite", LUTs=[table(0), table(1), table(2)]),
        imagej(SMEAR, axes="YXS"),
    ],
    ids=["OME names", "OME letters", "OME colours", "OME 16 bits", "ImageJ", "ImageJ tables", "ImageJ RGB"],
)
def test_red_green_and_blue_as_pages_are_one_picture(data: bytes) -> None:
    assert difference(data, SMEAR)[0] == 0


@pytest.mark.parametrize(
    "data",
    [
        ome(Name=["DAPI", "FITC", "TRITC"]),
        ome(Name=["TRITC", "FITC", "DAPI"], Color=RGB_COLOURS),
        ome(Name=["B", "G", "R"]),
        ome(axes="ZYX"),
        imagej(PLANES, axes="ZYX"),
        imagej(PLANES, axes="CYX", mode="grayscale"),
        imagej(PLANES[:2], axes="CYX", mode="composite"),
        imagej(PLANES, axes="CYX", mode="composite", LUTs=[table(1, 2), table(0, 2), table(0, 1)]),
        as_tiff(PLANES, photometric="minisblack"),
    ],
    ids=[
        "stains",
        "coloured stains",
        "other order",
        "OME stack",
        "ImageJ stack",
        "grey",
        "two",
        "cyan, magenta, yellow",
        "pages",
    ],
)
def test_stains_and_stacks_are_several_pictures(data: bytes) -> None:
    error = refusal(data)

    assert error
    assert error.reason is RejectionReason.SEVERAL_PICTURES


@pytest.mark.parametrize("options", [{"chroma": 420}, {"chroma": 444}, {"quality": -1}], ids=str)
def test_a_heic_is_what_libheif_sees(options: dict[str, int]) -> None:
    data = saved(SMEAR, "HEIF", **options)

    assert difference(data, seen(data))[0] <= 1


def test_a_heic_of_several_pictures_is_refused() -> None:
    error = refusal(saved(Image.fromarray(SMEAR), "HEIF", save_all=True, append_images=[Image.fromarray(SMEAR)]))

    assert error
    assert error.reason is RejectionReason.SEVERAL_PICTURES


@pytest.mark.parametrize(
    "trailer", [bytes(3_000_000), b"\xff" * 4096, b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 4000, b"\n"]
)
def test_what_a_telephone_appends_to_a_jpeg_changes_nothing(trailer: bytes) -> None:
    jpeg = saved(SMEAR, "JPEG", quality=95)

    assert difference(jpeg + trailer, seen(jpeg))[0] == 0


def test_of_several_pictures_of_a_telephone_the_first_is_judged() -> None:
    data = saved(Image.fromarray(SMEAR), "MPO", save_all=True, append_images=[Image.fromarray(SMEAR[::-1].copy())], quality=95)

    assert difference(data, seen(data))[0] == 0
