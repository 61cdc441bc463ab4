"""Cells that touch are separated, what is no cell isn't numbered, and the mask stays what it was."""

import cv2
import numpy as np
import pytest

from hemascope.domain.preprocessing import PreprocessingSpec, SegmentationSpec, SeparationSpec, StainSpec
from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import to_network_inputs
from hemascope.imaging.segment import Segmentation, segment, segment_mask
from hemascope.imaging.separate import separate

SLIDE, PURPLE, PALE = (240, 240, 245), (120, 60, 200), (180, 130, 222)
SPEC = SegmentationSpec(separation=SeparationSpec())


def discs(*places: tuple[int, int, int], colour: tuple[int, int, int] = PURPLE, on: Picture | None = None) -> Picture:
    """Row, column and radius of each cell."""
    picture = np.full((224, 224, 3), SLIDE, np.uint8) if on is None else on.copy()
    for row, column, radius in places:
        cv2.circle(picture, (column, row), radius, colour, cv2.FILLED)
    return picture


def test_two_round_cells_that_overlap_are_two_and_parted_at_the_neck() -> None:
    found = segment(discs((100, 80, 14), (100, 104, 14)), SPEC)

    assert found.cell_count == 2
    assert found.labels.dtype == np.int32
    left, right = found.labels[100, 80], found.labels[100, 104]
    assert {left, right} == {1, 2}
    # The neck is at column 92.
    assert (found.labels[86:115, 66:90][found.mask[86:115, 66:90]] == left).all()
    assert (found.labels[86:115, 95:119][found.mask[86:115, 95:119]] == right).all()


def test_a_small_cell_at_a_large_one_keeps_its_size() -> None:
    found = segment(discs((100, 80, 20), (100, 107, 10)), SPEC)

    small = (found.labels == found.labels[100, 109]).sum()

    assert found.cell_count == 2
    assert 0.6 * np.pi * 10**2 < small < 1.2 * np.pi * 10**2


@pytest.mark.parametrize("count", [3, 7])
def test_a_chain_of_cells_is_as_many_as_it_has_links(count: int) -> None:
    chain = [(100, 24 + 24 * number, 14) for number in range(count)]

    assert segment(discs(*chain), SPEC).cell_count == count


def test_overlapping_nuclei_are_parted_where_the_outline_shows_nothing() -> None:
    # One oval of cytoplasm blue, two nuclei in it: the distance transform alone has a single summit.
    picture = np.full((224, 224, 3), SLIDE, np.uint8)
    cv2.ellipse(picture, (100, 100), (26, 15), 0, 0, 360, (90, 85, 190), cv2.FILLED)
    picture = discs((100, 87, 11), (100, 113, 11), colour=(150, 70, 200), on=picture)

    assert segment(picture, SPEC).cell_count == 2


@pytest.mark.parametrize("axes", [(20, 20), (24, 12), (14, 9)])
@pytest.mark.parametrize("angle", [0, 30, 90])
def test_one_oval_cell_stays_one(axes: tuple[int, int], angle: int) -> None:
    picture = discs()
    cv2.ellipse(picture, (100, 100), axes, angle, 0, 360, PURPLE, cv2.FILLED)

    assert segment(picture, SPEC).cell_count == 1


@pytest.mark.parametrize("place", [(100, 0), (0, 100), (223, 60), (2, 2)])
def test_a_cell_that_the_pictures_edge_cuts_is_one(place: tuple[int, int]) -> None:
    found = segment(discs((*place, 16)), SPEC)

    assert found.cell_count == 1
    assert found.labels[place] == 1


def test_every_pixel_of_a_kept_part_has_a_number() -> None:
    found = segment(discs((100, 80, 14), (100, 104, 14), (40, 40, 12)), SPEC)

    assert found.cell_count == 3
    assert ((found.labels > 0) == found.mask).all()


def test_a_smudge_far_paler_than_the_cells_lies_in_the_mask_and_is_not_counted() -> None:
    picture = discs((60, 160, 18), colour=PALE, on=discs((60, 60, 14), (120, 60, 14), (160, 140, 14)))

    found = segment(picture, SPEC)

    assert found.cell_count == 3
    assert found.mask[60, 160]
    assert found.labels[60, 160] == 0


def test_a_platelet_is_not_counted_but_a_cell_cut_to_its_size_is() -> None:
    cells = discs((60, 60, 14), (120, 60, 14), (160, 140, 14))
    platelet, cut = discs((60, 160, 5), on=cells), discs((60, 223, 9), on=cells)

    assert segment(platelet, SPEC).cell_count == 3
    assert segment(platelet, SPEC).mask[60, 160]
    assert segment(cut, SPEC).cell_count == 4


def test_an_empty_mask_has_no_cells() -> None:
    labels = separate(np.zeros((224, 224), np.bool_), discs(), SeparationSpec())

    assert labels.shape == (224, 224)
    assert not labels.any()


def test_cells_that_touch_are_one_component_of_the_mask_and_two_cells() -> None:
    smear = discs((100, 80, 14), (100, 104, 14), (40, 40, 12))

    found = segment(smear, SPEC)

    assert Segmentation.of_mask(segment_mask(smear, SPEC)).cell_count == 2
    assert sorted(np.unique(found.labels).tolist()) == [0, 1, 2, 3]
    assert found.labels[100, 80] != found.labels[100, 104]
    np.testing.assert_array_equal(found.mask, segment_mask(smear, SPEC))


@pytest.mark.parametrize("name", SeparationSpec.model_fields)
def test_every_field_of_the_separation_changes_the_digest(name: str) -> None:
    value = getattr(SeparationSpec(), name)
    other = SeparationSpec(**{name: value + 2 if isinstance(value, int) else value / 2})
    spec = PreprocessingSpec()

    assert spec.model_copy(update={"segmentation": SegmentationSpec(separation=other)}).digest != spec.digest


def test_cells_may_be_numbered_by_a_stain_of_their_own_while_the_network_sees_its_mask() -> None:
    plain = PreprocessingSpec()
    stained = plain.model_copy(update={"counting": StainSpec(network_sees="photographed")})
    # Nuclei under a lamp so warm that they leave the thresholds' range of hues.
    red_cells = discs((150, 60, 14), (60, 150, 14), (40, 110, 14), colour=(190, 175, 180))
    warm = discs((60, 60, 16), (120, 120, 16), colour=(175, 115, 130), on=red_cells)

    by_mask, by_stain = (to_network_inputs(warm, spec) for spec in (plain, stained))

    assert (by_stain.segmented == by_mask.segmented).all()
    assert (by_stain.segmentation.mask == by_mask.segmentation.mask).all()
    assert (by_mask.segmentation.cell_count, by_stain.segmentation.cell_count) == (0, 2)
