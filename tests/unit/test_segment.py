"""Tiny smears with exact answers, then what must hold of any."""

import numpy as np
import pytest

from hemascope.domain.preprocessing import SegmentationSpec
from hemascope.imaging.segment import masked, segment, segment_mask
from hemascope.imaging.synthetic import draw_synthetic_smear

SLIDE = (240, 240, 245)
PURPLE = (120, 60, 200)
SPEC = SegmentationSpec()


def slide(*cells: tuple[slice, slice, tuple[int, int, int]]) -> np.ndarray:
    picture = np.full((224, 224, 3), SLIDE, np.uint8)
    for rows, columns, colour in cells:
        picture[rows, columns] = colour
    return picture


def test_an_empty_slide_has_no_cell_and_an_empty_mask() -> None:
    found = segment(slide(), SPEC)

    assert found.cell_count == 0
    assert found.coverage == 0.0
    assert found.mask.shape == (224, 224)
    assert found.mask.dtype == np.bool_


def test_two_purple_cells_are_two_and_covered_whole() -> None:
    picture = slide((slice(20, 50), slice(20, 50), PURPLE), (slice(100, 140), slice(100, 140), PURPLE))

    found = segment(picture, SPEC)

    assert found.cell_count == 2
    assert found.mask[35, 35]
    assert found.mask[120, 120]
    # Opening with an ellipse rounds the corners of a square; nothing else is lost.
    assert 30 * 30 + 40 * 40 - 32 <= found.mask.sum() <= 30 * 30 + 40 * 40


def test_touching_squares_without_a_waist_count_as_one() -> None:
    picture = slide((slice(20, 50), slice(20, 50), PURPLE), (slice(20, 50), slice(50, 80), PURPLE))

    assert segment(picture, SPEC).cell_count == 1


@pytest.mark.parametrize(("side", "count"), [(7, 0), (9, 1)])
def test_specks_below_the_minimum_area_are_no_cells(side: int, count: int) -> None:
    picture = slide((slice(60, 60 + side), slice(60, 60 + side), PURPLE))

    assert segment(picture, SPEC).cell_count == count


def test_lines_as_thin_as_burned_in_text_are_no_cells() -> None:
    picture = slide((slice(60, 63), slice(10, 200), PURPLE))

    assert segment(picture, SPEC).cell_count == 0


def test_a_pale_hole_in_a_cell_is_filled() -> None:
    picture = slide((slice(40, 80), slice(40, 80), PURPLE), (slice(55, 65), slice(55, 65), SLIDE))

    found = segment(picture, SPEC)

    assert found.cell_count == 1
    assert found.mask[60, 60]


def test_what_is_paler_than_half_of_the_well_stained_pixels_is_no_cell() -> None:
    # Saturations: 179 of the cell, 60 of the rim.
    picture = slide((slice(40, 80), slice(40, 80), PURPLE), (slice(120, 140), slice(120, 140), (190, 170, 222)))

    assert segment(picture, SPEC).cell_count == 1
    assert not segment_mask(picture, SPEC)[130, 130]
    assert segment_mask(picture, SPEC.model_copy(update={"relative_saturation": 0.0}))[130, 130]


def test_a_pale_stain_is_measured_by_itself() -> None:
    picture = slide((slice(40, 80), slice(40, 80), (190, 170, 222)))

    assert segment(picture, SPEC).cell_count == 1


def test_a_hue_interval_may_wrap_over_red() -> None:
    picture = slide((slice(40, 80), slice(40, 80), (220, 30, 60)), (slice(120, 160), slice(120, 160), (220, 60, 30)))
    wrapping = SPEC.model_copy(update={"hue_low": 170, "hue_high": 10})

    found = segment_mask(picture, wrapping)

    assert found[60, 60]
    assert found[140, 140]
    assert not segment_mask(picture, SPEC).any()


def test_value_limits_take_out_black_and_glare() -> None:
    picture = slide((slice(40, 80), slice(40, 80), (12, 6, 20)))

    assert segment(picture, SPEC).cell_count == 1
    assert segment(picture, SPEC.model_copy(update={"value_low": 60})).cell_count == 0


def test_the_segmented_picture_is_black_outside_the_mask_and_the_smear_inside() -> None:
    picture = draw_synthetic_smear(1, side=224)
    found = segment(picture, SPEC)

    segmented = masked(picture, found)

    np.testing.assert_array_equal(segmented[found.mask], picture[found.mask])
    assert not segmented[~found.mask].any()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_smear_has_the_mirrored_mask(seed: int, axis: int) -> None:
    picture = draw_synthetic_smear(seed, side=225)

    found, mirrored = segment(picture, SPEC), segment(np.flip(picture, axis).copy(), SPEC)

    assert mirrored.cell_count == found.cell_count
    np.testing.assert_array_equal(mirrored.mask, np.flip(found.mask, axis))


def test_the_smear_itself_is_not_changed() -> None:
    picture = draw_synthetic_smear(2, side=224)
    before = picture.copy()

    segment(picture, SPEC)

    np.testing.assert_array_equal(picture, before)


@pytest.mark.dataset
def test_cells_are_found_in_smears_of_every_class(dataset: object) -> None:
    from pathlib import Path

    from hemascope.domain.preprocessing import PreprocessingSpec
    from hemascope.imaging.decode import decode
    from hemascope.imaging.model_input import to_working_picture

    spec = PreprocessingSpec()
    for folder in ("Benign", "Early", "Pre", "Pro"):
        files = sorted((Path(str(dataset)) / "Original" / folder).glob("*.jpg"))[::10]

        counts = [segment(to_working_picture(decode(file.read_bytes()), spec), spec.segmentation).cell_count for file in files]

        assert min(counts) >= 1, folder
        assert np.mean(counts) > 4, folder
