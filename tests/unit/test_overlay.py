import numpy as np
import pytest

from hemascope.contracts.errors import HemascopeError
from hemascope.imaging.decode import decode
from hemascope.imaging.overlay import draw_overlay, encode_png
from hemascope.imaging.segment import Segmentation


def green(overlay: np.ndarray) -> np.ndarray:
    """Where the outline is drawn; its edge is blended with what lies below."""
    red, green, blue = np.moveaxis(overlay.astype(int), -1, 0)
    return (green > red + 40) & (green > blue + 20)


def one_cell() -> Segmentation:
    mask = np.zeros((224, 224), bool)
    mask[50:100, 60:110] = True
    return Segmentation.of_mask(mask)


def test_the_outline_is_green_and_the_rest_is_as_photographed() -> None:
    picture = np.full((224, 224, 3), 240, np.uint8)

    overlay = draw_overlay(picture, one_cell())

    assert green(overlay)[[50, 75], [80, 60]].all()
    assert overlay[75, 80].tolist() == [240, 240, 240]
    assert overlay[10, 10].tolist() == [240, 240, 240]


def test_the_original_is_left_as_it_was() -> None:
    picture = np.full((224, 224, 3), 240, np.uint8)

    draw_overlay(picture, one_cell())

    assert (picture == 240).all()


def test_without_cells_the_overlay_is_the_picture() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (224, 224, 3), np.uint8)

    overlay = draw_overlay(picture, Segmentation.of_mask(np.zeros((224, 224), bool)))

    assert (overlay == picture).all()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((300, 400, 3), (300, 400, 3)),
        ((1944, 2592, 3), (768, 1024, 3)),
        ((2592, 1944, 3), (1024, 768, 3)),
        ((64, 6400, 3), (10, 1024, 3)),
    ],
)
def test_an_overlay_has_the_pictures_shape_and_at_most_1024_pixels_a_side(
    shape: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    overlay = draw_overlay(np.full(shape, 240, np.uint8), one_cell())

    assert overlay.shape == expected
    assert overlay.dtype == np.uint8
    assert green(overlay).any()


def test_a_png_holds_the_picture_exactly() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (70, 90, 3), np.uint8)

    assert (decode(encode_png(picture)) == picture).all()


def test_an_empty_array_is_no_picture() -> None:
    with pytest.raises(HemascopeError):
        encode_png(np.zeros((0, 0, 3), np.uint8))
