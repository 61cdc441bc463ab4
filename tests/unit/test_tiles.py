import numpy as np
import pytest

from hemascope.domain.disease import ClassSpec
from hemascope.domain.errors import RejectedSmear
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.profile import MicroscopeProfile, Ruler
from hemascope.imaging.model_input import to_working_picture
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.imaging.tiles import Tile, cut_tile, plan_tiles, tile_side, working_tiles
from hemascope.model.aggregate import TileAnswer, aggregate

CELL = 19.3
CLASSES = tuple(
    ClassSpec(name=name, folder=name, display=name, urgent=name != "Benign") for name in ("Benign", "Pre-B", "Pro-B")
)


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


def test_without_a_ruler_a_field_is_one_tile_as_before() -> None:
    smear, spec = draw_synthetic_smear(4, side=448), PreprocessingSpec()

    ((tile, working),) = working_tiles(smear, spec, MicroscopeProfile())

    assert tile == Tile(0, 0, 448, 448)
    assert (working == to_working_picture(smear, spec)).all()


def test_a_large_field_gives_a_working_picture_for_each_tile_in_pixels_of_the_field() -> None:
    field = np.full((900, 1200, 3), 200, np.uint8)
    profile = MicroscopeProfile(ruler=Ruler(red_cell=2 * CELL, width=1200, height=900, fields=30))

    tiles = working_tiles(field, PreprocessingSpec(), profile)

    assert [tile[:2] for tile, _ in tiles] == [(0, 0), (0, 600), (450, 0), (450, 600)]
    assert {working.shape for _, working in tiles} == {(224, 224, 3)}


def tile(probabilities: list[float], cells: int, is_confident: bool = True) -> TileAnswer:
    return TileAnswer(np.array(probabilities), cells, is_confident)


def test_tiles_count_by_their_cells() -> None:
    answer = aggregate([tile([0.2, 0.8, 0.0], 30), tile([0.9, 0.1, 0.0], 10)], CLASSES)

    assert answer.probabilities == pytest.approx([0.375, 0.625, 0.0])
    assert (answer.label, answer.is_forbidden) == (1, False)


def test_tiles_without_cells_count_alike() -> None:
    assert aggregate([tile([0.2, 0.8, 0.0], 0), tile([0.9, 0.1, 0.0], 0)], CLASSES).probabilities == pytest.approx(
        [0.55, 0.45, 0]
    )


@pytest.mark.parametrize(("is_confident", "forbidden"), [(True, True), (False, False)])
def test_one_confident_malignant_tile_forbids_benign(is_confident: bool, forbidden: bool) -> None:
    answer = aggregate([tile([0.99, 0.01, 0.0], 90), tile([0.0, 0.1, 0.9], 3, is_confident)], CLASSES)

    assert (answer.label, answer.is_forbidden) == (0, forbidden)
