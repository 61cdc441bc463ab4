import numpy as np
import pytest

from hemascope.domain.errors import HemascopeError
from hemascope.domain.report import CellRow
from hemascope.imaging.cells import measure_cells
from hemascope.imaging.decode import decode
from hemascope.imaging.overlay import draw_overlay, encode_png, encode_pngs, shrink_for_overlay
from hemascope.imaging.segment import Segmentation


def green(overlay: np.ndarray) -> np.ndarray:
    """Where the outline is drawn; its edge is blended with what lies below."""
    red, green, blue = np.moveaxis(overlay.astype(int), -1, 0)
    return (green > red + 40) & (green > blue + 20)


def one_cell() -> Segmentation:
    mask = np.zeros((224, 224), bool)
    mask[50:100, 60:110] = True
    return Segmentation.of_mask(mask)


def two_cells() -> tuple[Segmentation, tuple[CellRow, ...]]:
    """Rows 50-99, columns 60-109 and 110-159."""
    mask = np.zeros((224, 224), bool)
    mask[50:100, 60:160] = True
    labels = mask.astype(np.int32)
    labels[:, 110:] *= 2
    return Segmentation(mask, 2, labels), measure_cells(labels, np.zeros((224, 224, 3), np.uint8), np.zeros(2))


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


def test_touching_cells_have_an_outline_each_and_a_number_in_the_middle() -> None:
    found, cells = two_cells()

    overlay = draw_overlay(np.full((448, 448, 3), 150, np.uint8), found, cells)

    assert overlay.shape == (448, 448, 3)
    assert green(overlay)[120:180, 216:224].any(axis=1).all()  # the line between them
    for column in (170, 270):  # the middles, at twice the working size
        number = overlay[140:162, column - 12 : column + 12]
        assert (number.min(axis=2) > 230).any()
        assert (number.max(axis=2) < 110).any()  # its halo
    assert not green(overlay)[:90].any()


def test_what_the_mask_holds_beside_cells_is_outlined_in_grey() -> None:
    found, cells = two_cells()
    found.labels[found.labels == 2] = 0

    overlay = draw_overlay(np.full((448, 448, 3), 240, np.uint8), found, cells[:1])

    assert not green(overlay)[:, 230:].any()
    grey = overlay[:, 230:].astype(int)
    assert ((np.ptp(grey, axis=2) < 5) & (grey.mean(axis=2) < 190)).any()


def test_a_small_picture_is_doubled_so_that_numbers_leave_the_cells_visible() -> None:
    found, cells = two_cells()

    overlay = draw_overlay(np.full((224, 200, 3), 240, np.uint8), found, cells)

    assert overlay.shape == (448, 400, 3)


def test_a_number_is_bright_on_a_dark_cell_and_dark_on_a_pale_one() -> None:
    found, (cell, _) = two_cells()
    pale = cell.model_copy(update={"brightness": 190.0})

    overlays = [draw_overlay(np.full((448, 448, 3), 150, np.uint8), found, [item]) for item in (cell, pale)]

    # The row through the middle crosses the stroke of the 1.
    rows = [overlay[151, 158:182].mean(axis=1) - 150 for overlay in overlays]
    strokes = [row[np.abs(row).argmax()] for row in rows]
    assert strokes[0] > 30
    assert strokes[1] < -30


@pytest.mark.parametrize("place", [(0, 0), (0, 223), (223, 0), (223, 223)])
def test_the_number_of_a_cell_at_the_edge_is_not_cut_off(place: tuple[int, int]) -> None:
    mask = np.zeros((224, 224), bool)
    rows, columns = (slice(0, 8) if coordinate == 0 else slice(216, 224) for coordinate in place)
    mask[rows, columns] = True
    found = Segmentation.of_mask(mask)
    (cell,) = measure_cells(found.labels, np.zeros((224, 224, 3), np.uint8), np.zeros(1))
    many = cell.model_copy(update={"number": 88})

    in_corner = draw_overlay(np.full((448, 448, 3), 150, np.uint8), found, [many])
    middle = cell.model_copy(update={"number": 88, "row": 112.0, "column": 112.0})
    whole = draw_overlay(np.full((448, 448, 3), 150, np.uint8), found, [middle])

    bright = [(item.min(axis=2) > 200).sum() for item in (in_corner, whole)]
    assert bright[0] >= 0.8 * bright[1] > 20


def test_a_png_holds_the_picture_exactly() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (70, 90, 3), np.uint8)

    assert (decode(encode_png(picture)) == picture).all()


def test_an_empty_array_is_no_picture() -> None:
    with pytest.raises(HemascopeError):
        encode_png(np.zeros((0, 0, 3), np.uint8))


def test_a_large_picture_may_be_shrunk_before_it_is_drawn_on() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (1500, 2000, 3), np.uint8)
    segmentation, cells = two_cells()

    shrunk = shrink_for_overlay(picture)

    assert shrunk.shape == (768, 1024, 3)
    assert (draw_overlay(shrunk, segmentation, cells) == draw_overlay(picture, segmentation, cells)).all()


def test_a_small_picture_is_not_copied_to_be_shrunk() -> None:
    picture = np.zeros((1024, 700, 3), np.uint8)

    assert shrink_for_overlay(picture) is picture


def test_several_pictures_are_encoded_in_their_order() -> None:
    pictures = [np.full((64, 64, 3), level, np.uint8) for level in (10, 20, 30)]

    files = list(encode_pngs(pictures))

    assert [decode(file)[0, 0].tolist() for file in files] == [[10, 10, 10], [20, 20, 20], [30, 30, 30]]


def test_one_empty_picture_among_several_is_an_error() -> None:
    pictures = [np.zeros((64, 64, 3), np.uint8), np.zeros((0, 0, 3), np.uint8)]

    with pytest.raises(HemascopeError, match="expected an RGB picture"):
        list(encode_pngs(pictures))
