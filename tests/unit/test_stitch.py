"""What is put together of tiles: literal small fields."""

import cv2
import numpy as np
import pytest

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.profile import MicroscopeProfile, Ruler
from hemascope.imaging.segment import Segmentation
from hemascope.imaging.stitch import stitch_maps, stitch_pictures, stitch_segmentations, weigh_maps
from hemascope.imaging.tiles import CutField, cut_field
from tests.support.tiled_fields import find_dark

# Two tiles of 224 x 299 beside each other; what is drawn lies on a white slide.
HEIGHT, WIDTH = 224, 598


def cut(field: np.ndarray) -> CutField:
    height, width = field.shape[:2]
    return cut_field(
        field, PreprocessingSpec(), MicroscopeProfile(ruler=Ruler(red_cell=19.3, width=width, height=height, fields=30))
    )


def slide(*boxes: tuple[slice, slice], shape: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    field = np.full((*shape, 3), 255, np.uint8)
    for box in boxes:
        field[box] = (120, 60, 200)
    return field


def stitched(field: np.ndarray) -> Segmentation:
    tiles = cut(field)
    return stitch_segmentations(tiles, find_dark(tiles))


def test_a_cell_that_the_border_cuts_is_one_cell() -> None:
    found = stitched(slide(np.s_[50:80, 280:320]))

    assert found.cell_count == 1
    rows, columns = np.nonzero(found.labels)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((50, 79, 280, 319), abs=2)
    assert (found.mask == (found.labels > 0)).all()


def test_two_cells_that_meet_at_the_border_with_little_of_their_edges_stay_two() -> None:
    assert stitched(slide(np.s_[50:80, 260:299], np.s_[72:102, 299:340])).cell_count == 2


@pytest.mark.parametrize("height", [525, 526])
def test_what_a_border_and_the_white_corner_leave_of_a_cell_is_one_cell(height: int) -> None:
    # A disc at the right edge of a field that is mirrored: of its upper part the corner hides all but a strip.
    field = np.full((height, 200, 3), 255, np.uint8)
    cv2.circle(field, (195, 255), 15, (120, 60, 200), cv2.FILLED)
    ruler = Ruler(red_cell=20.5, width=200, height=height, fields=30)
    tiles = cut_field(field, PreprocessingSpec(), MicroscopeProfile(ruler=ruler))

    assert stitch_segmentations(tiles, find_dark(tiles)).cell_count == 1


def test_cells_of_both_tiles_are_numbered_together_from_top_to_bottom() -> None:
    found = stitched(slide(np.s_[20:40, 400:430], np.s_[60:80, 100:130], np.s_[120:140, 500:530]))

    assert found.cell_count == 3
    assert [found.labels[row, column] for row, column in ((30, 415), (70, 115), (130, 515))] == [1, 2, 3]


def test_where_tiles_overlap_a_cell_counts_once() -> None:
    # 320 rows are cut into two tiles of 168, of which sixteen rows are in both.
    tiles = cut(slide(np.s_[150:175, 100:130], shape=(320, 299)))
    assert [(tile.scaled.top, tile.scaled.height) for tile in tiles.tiles] == [(0, 168), (152, 168)]

    found = stitch_segmentations(tiles, find_dark(tiles))

    assert found.cell_count == 1
    assert found.labels.shape == (320, 299)


def test_what_is_left_of_a_cell_across_the_border_is_no_cell_of_its_own() -> None:
    tiles = cut(slide(np.s_[50:80, 296:302]))
    left, right = find_dark(tiles)
    nothing = Segmentation.of_mask(np.zeros((224, 224), np.bool_))

    assert stitch_segmentations(tiles, [left, nothing]).cell_count == 1
    assert (
        stitch_segmentations(
            cut(slide(np.s_[50:53, 296:302])), [find_dark(cut(slide(np.s_[50:53, 296:302])))[0], nothing]
        ).cell_count
        == 0
    )
    assert right.cell_count == 1


def test_tiles_of_the_size_of_a_working_picture_are_put_together_too() -> None:
    found = stitched(slide(np.s_[50:80, 30:60], np.s_[300:330, 300:330], shape=(448, 448)))

    assert found.labels.shape == (448, 448)
    assert found.cell_count == 2


def test_the_mirrors_of_a_small_field_are_left_out() -> None:
    field = slide(np.s_[0:20, 0:20], shape=(168, 224))
    tiles = cut(field)
    (seen,) = find_dark(tiles)

    found = stitch_segmentations(tiles, [seen])

    assert seen.mask.sum() > 2 * found.mask.sum()  # the corner is seen four times in its mirrors
    assert found.cell_count == 1
    assert found.labels.shape == (168, 224)


def test_pictures_lie_where_their_tiles_lie() -> None:
    field = slide(np.s_[50:80, 280:320])
    tiles = cut(field)

    whole = stitch_pictures(tiles, [tile.working for tile in tiles.tiles])

    assert whole.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(whole[:190].astype(int) - field[:190]).mean() < 2.0


def test_maps_lie_where_their_tiles_lie_and_what_speaks_against_is_left_out() -> None:
    left, right = np.full((8, 8), 2.0, np.float32), np.full((8, 8), -3.0, np.float32)

    whole = stitch_maps(cut(slide()), [left, right])

    assert whole.shape == (HEIGHT, WIDTH)
    assert (whole[100, 100], whole[100, 500]) == (2.0, 0.0)


def test_each_map_sums_to_the_weight_of_its_tile_and_a_single_one_stays() -> None:
    maps = [np.full((2, 2), 4.0, np.float32), np.zeros((2, 2), np.float32)]

    assert [float(weighed.sum()) for weighed in weigh_maps(maps, [0.75, 0.25])] == [0.75, 0.0]
    assert weigh_maps(maps[:1], [1.0])[0] is maps[0]
