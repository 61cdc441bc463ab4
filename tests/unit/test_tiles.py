import numpy as np
import pytest

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.profile import MicroscopeProfile, Ruler
from hemascope.imaging.model_input import to_working_picture
from hemascope.imaging.scale import red_cell_diameter
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.imaging.tiles import Tile, cut_field, cut_tile, plan_tiles, relative_scale, tile_side, tiles_across

CELL = 19.3
SPEC = PreprocessingSpec()


def ruled(width: int, height: int, red_cell: float) -> MicroscopeProfile:
    return MicroscopeProfile(ruler=Ruler(red_cell=red_cell, width=width, height=height, fields=30))


def test_a_field_of_exactly_two_by_two_tiles_is_cut_into_them() -> None:
    assert plan_tiles(448, 598, CELL) == (
        Tile(0, 0, 224, 299),
        Tile(0, 299, 224, 299),
        Tile(224, 0, 224, 299),
        Tile(224, 299, 224, 299),
    )


@pytest.mark.parametrize("height", range(140, 1200, 37))
@pytest.mark.parametrize("width", [200, 299, 400, 455, 777, 1111])
def test_tiles_cover_the_field_at_nearly_the_scale_of_the_network(height: int, width: int) -> None:
    seen = np.zeros((height, width), np.int64)

    for top, left, high, wide in plan_tiles(height, width, CELL):
        seen[top : top + high, left : left + wide] += 1
        assert 0.59 <= high / 224 <= 1.31
        assert 0.59 <= wide / (224 * 4 / 3) <= 1.31

    assert seen.min() == 1
    assert (seen > 1).mean() < 0.6  # they overlap little, and only where they would be too small


@pytest.mark.parametrize(("height", "width"), [(130, 299), (224, 170)])
def test_a_field_that_shows_too_little_is_refused(height: int, width: int) -> None:
    with pytest.raises(RejectedSmear, match="objective of lower power"):
        plan_tiles(height, width, CELL)


def test_a_slightly_smaller_field_is_mirrored_to_a_whole_tile() -> None:
    field = np.arange(160 * 220 * 3, dtype=np.uint32).reshape(160, 220, 3).astype(np.uint8)
    (tile,) = plan_tiles(160, 220, CELL)

    cut = cut_tile(field, tile, CELL)

    assert cut.shape == (224, 299, 3)
    assert (cut[32 : 32 + 160, 39 : 39 + 220] == field).all()
    assert (cut[31] == cut[33]).all()  # mirrored at the first row


def test_a_field_that_is_nearly_a_tile_is_left_as_it_is() -> None:
    field = np.zeros((220, 290, 3), np.uint8)

    assert cut_tile(field, plan_tiles(220, 290, CELL)[0], CELL).shape == (220, 290, 3)


def test_a_tile_grows_with_the_red_cells() -> None:
    assert tile_side(2 * CELL) == pytest.approx((448, 2 * 224 * 4 / 3))


def test_a_field_of_more_than_a_hundred_tiles_is_refused() -> None:
    assert len(plan_tiles(2240, 2990, CELL)) == 100

    with pytest.raises(RejectedSmear, match="at most 100 tiles") as refused:
        plan_tiles(2240, 3290, CELL)

    assert refused.value.reason is RejectionReason.TOO_MANY_PIXELS


@pytest.mark.parametrize("profile", [None, MicroscopeProfile(), ruled(600, 448, 2 * CELL)])
def test_a_field_of_one_tile_is_its_working_picture_as_before(profile: MicroscopeProfile | None) -> None:
    smear = np.hstack([draw_synthetic_smear(4, side=448), draw_synthetic_smear(5, side=448)[:, :152]])

    cut = cut_field(smear, SPEC, profile)

    whole = Tile(0, 0, 224, 224)
    ((place, scaled, shown, working),) = cut.tiles
    assert (cut.height, cut.width) == (224, 224)
    assert (place, scaled, shown) == (Tile(0, 0, 448, 600), whole, whole)
    assert (working == to_working_picture(smear, SPEC)).all()


def test_a_large_field_gives_a_working_picture_for_each_tile_in_pixels_of_the_field() -> None:
    cut = cut_field(np.full((900, 1200, 3), 200, np.uint8), SPEC, ruled(1200, 900, 2 * CELL))

    assert (cut.height, cut.width) == (450, 600)
    assert [tile.place for tile in cut.tiles] == [
        Tile(0, 0, 450, 600),
        Tile(0, 600, 450, 600),
        Tile(450, 0, 450, 600),
        Tile(450, 600, 450, 600),
    ]
    assert {tile.working.shape for tile in cut.tiles} == {(224, 224, 3)}


def test_the_ruler_holds_at_any_resolution_of_the_frame() -> None:
    shapes = [cut_field(np.full((450 * by, 600 * by, 3), 200, np.uint8), SPEC, ruled(600, 450, CELL)) for by in (1, 2, 4)]

    assert [[tile.scaled for tile in cut.tiles] for cut in shapes] == [[tile.scaled for tile in shapes[0].tiles]] * 3


def test_a_mirrored_tile_says_which_part_of_its_working_picture_is_no_mirror() -> None:
    cut = cut_field(np.full((168, 224, 3), 200, np.uint8), SPEC, ruled(224, 168, CELL))

    (tile,) = cut.tiles
    assert tile.scaled == Tile(0, 0, 168, 224)
    assert tile.shown == Tile(28, 28, 168, 168)


def test_tiles_across_are_those_of_the_longer_side() -> None:
    field = np.zeros((900, 1800, 3), np.uint8)

    assert [tiles_across(field, profile) for profile in (None, MicroscopeProfile(), ruled(1800, 900, CELL))] == [1, 1, 6]


def test_a_field_is_compared_with_its_ruler_and_one_without_red_cells_with_nothing() -> None:
    field = np.hstack([draw_synthetic_smear(4, side=672), draw_synthetic_smear(5, side=672)[:, :224]])
    empty = np.full((672, 896, 3), 240, np.uint8)
    own = red_cell_diameter(field).diameter
    assert own is not None

    told = [relative_scale(field, ruled(896, 672, own * by)) for by in (0.5, 1.0, 2.0)]

    assert told == pytest.approx([2.0, 1.0, 0.5], rel=0.1)
    assert relative_scale(field, None) is None
    assert relative_scale(empty, ruled(896, 672, own)) is None
