import numpy as np
import pytest

from hemascope.imaging.heat_map import _every_nth, draw_heat_maps, positive_sum, share_of_evidence, shrink_for_heat_maps


def drawn_on(picture: np.ndarray, contributions: np.ndarray, hottest: float) -> np.ndarray:
    """The heat map of a branch beside another one whose hottest cell is given."""
    return draw_heat_maps(picture, {"shown": contributions, "other": np.full((8, 8), hottest, np.float32)})["shown"]


def one_hot_cell(row: int, column: int, value: float = 3.0) -> np.ndarray:
    contributions = np.zeros((8, 8), np.float32)
    contributions[row, column] = value
    return contributions


def test_the_hottest_place_turns_yellow_and_the_rest_stays_as_photographed() -> None:
    picture = np.full((224, 224, 3), 200, np.uint8)

    contributions = one_hot_cell(1, 6) + one_hot_cell(1, 5) + one_hot_cell(2, 6) + one_hot_cell(2, 5)
    drawn = drawn_on(picture, contributions, 3.0)

    # Viridis ends in (253, 231, 37), laid on with 65 %; rows 42-69, columns 154-181 lie between the four cells' centres.
    assert drawn[56, 168].tolist() == pytest.approx([234, 220, 94], abs=2)
    assert drawn[182, 42].tolist() == [200, 200, 200]


def test_half_the_heat_is_laid_on_half_as_strong() -> None:
    picture = np.zeros((224, 224, 3), np.uint8)

    drawn = drawn_on(picture, np.ones((8, 8), np.float32), 2.0)

    # Viridis' middle is (33, 145, 140), by half of 65 %.
    assert drawn[100, 100].tolist() == pytest.approx([11, 47, 45], abs=2)


def test_what_speaks_against_the_class_is_not_drawn() -> None:
    picture = np.full((224, 224, 3), 200, np.uint8)

    drawn = drawn_on(picture, one_hot_cell(2, 2, -5.0), 1.0)

    assert (drawn == 200).all()


def test_where_nothing_speaks_for_the_class_the_picture_is_left_alone() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8)

    drawn = drawn_on(picture, np.full((8, 8), -1.0, np.float32), -1.0)

    assert (drawn == picture).all()
    assert drawn is not picture


def test_the_original_is_left_as_it_was() -> None:
    picture = np.full((224, 224, 3), 240, np.uint8)

    drawn_on(picture, np.ones((8, 8), np.float32), 1.0)

    assert (picture == 240).all()


@pytest.mark.parametrize(("shape", "drawn"), [((224, 224), (224, 224)), ((1944, 2592), (384, 512)), ((9, 5000), (1, 512))])
def test_a_heat_map_has_the_pictures_shape_and_no_more_pixels_than_eyes_need(
    shape: tuple[int, int], drawn: tuple[int, int]
) -> None:
    picture = np.zeros((*shape, 3), np.uint8)

    assert drawn_on(picture, np.ones((8, 8), np.float32), 1.0).shape == (*drawn, 3)


def test_evidence_on_one_cell_alone_is_all_its_own() -> None:
    labels = np.zeros((224, 224), np.int32)
    labels[100:112, 100:112] = 1
    labels[:84, 140:] = 2

    shares = share_of_evidence(one_hot_cell(1, 6), labels)

    assert shares.tolist() == [0.0, 1.0]


def test_even_evidence_is_shared_by_area_and_the_background_keeps_its_part() -> None:
    labels = np.zeros((224, 224), np.int32)
    labels[:56, :112] = 1
    labels[112:] = 2

    shares = share_of_evidence(np.full((8, 8), 0.25, np.float32), labels)

    assert shares.tolist() == pytest.approx([0.125, 0.5])


def test_what_speaks_against_the_class_is_nobodys_evidence() -> None:
    labels = np.ones((224, 224), np.int32)
    labels[112:] = 2
    contributions = np.ones((8, 8), np.float32)
    contributions[4:] = -7.0

    shares = share_of_evidence(contributions, labels)

    assert shares[0] > 0.93  # the ramp between the halves reaches into the second
    assert shares.sum() == pytest.approx(1.0)


def test_only_what_speaks_for_the_class_adds_up() -> None:
    one, other = np.array([[1.0, -4.0]], np.float32), np.array([[-2.0, 3.0]], np.float32)

    assert positive_sum([one, other]).tolist() == [[1.0, 3.0]]


def test_without_evidence_no_cell_has_a_share() -> None:
    labels = np.ones((224, 224), np.int32)

    assert share_of_evidence(np.zeros((8, 8), np.float32), labels).tolist() == [0.0]


def test_without_cells_there_are_no_shares() -> None:
    assert share_of_evidence(np.ones((8, 8), np.float32), np.zeros((224, 224), np.int32)).shape == (0,)


@pytest.mark.parametrize(
    ("shape", "expected"), [((1200, 1600), (384, 512)), ((1537, 2049), (384, 512)), ((1000, 700), (512, 358))]
)
def test_of_a_large_picture_some_pixels_are_averaged(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    picture = np.zeros((*shape, 3), np.uint8)
    picture[: shape[0] // 2, :, 0] = 200

    shrunk = shrink_for_heat_maps(picture)

    assert shrunk.shape == (*expected, 3)
    assert shrunk[10, 10].tolist() == [200, 0, 0]
    assert shrunk[-10, 10].tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(1944, 2592), (1945, 2591)])
def test_maps_are_the_same_on_a_picture_that_was_shrunk_before(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    maps = {"original": one_hot_cell(2, 3)}

    (early,) = draw_heat_maps(shrink_for_heat_maps(picture), maps).values()

    assert (early == draw_heat_maps(picture, maps)["original"]).all()


def test_every_other_pixel_is_the_same_pixel_whether_sides_are_even_or_not() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (2048, 2048, 3), np.uint8)
    one_more = np.pad(picture, ((0, 1), (0, 1), (0, 0)))

    assert (_every_nth(picture, 2) == picture[::2, ::2]).all()
    assert (_every_nth(one_more, 2) == one_more[::2, ::2]).all()
