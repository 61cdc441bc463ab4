"""A smear is the same smear under another lamp, stain or camera: drawn pictures with known anchors."""

from pathlib import Path

import numpy as np
import pytest

from hemascope.domain.preprocessing import PREPROCESSING_REVISION, PreprocessingSpec, StainSpec
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.imaging.segment import Segmentation
from hemascope.imaging.stain import find_anchors, normalize_stain
from hemascope.imaging.synthetic import draw_synthetic_smear
from training.data.dataset import CLASS_FOLDERS
from training.data.shifts import SHIFTS, Shift

SPEC = PreprocessingSpec(stain=StainSpec())
SLIDE, RED_CELL, NUCLEUS = (240, 250, 245), (180, 195, 220), (150, 110, 235)


def flat(slide: tuple[int, ...] = SLIDE, red: tuple[int, ...] = RED_CELL, nucleus: tuple[int, ...] | None = NUCLEUS) -> Picture:
    """An even slide with a third of red cells and four nuclei of 30 x 30 pixels, its corner white."""
    picture = np.full((224, 224, 3), slide, np.uint8)
    picture[20:200, 20:110] = red
    if nucleus:
        for top, left in ((40, 130), (40, 180), (120, 130), (120, 180)):
            picture[top : top + 30, left : left + 30] = nucleus
    return to_working_picture(picture, SPEC)


def found(picture: Picture) -> Segmentation:
    return to_network_inputs(to_working_picture(picture, SPEC), SPEC).segmentation


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_the_anchors_are_slide_red_cells_and_nuclei() -> None:
    anchors = find_anchors(flat(), SPEC)

    prior = 0.5 * np.array([0.25, 0.21, 0.10])
    np.testing.assert_allclose(anchors.slide, SLIDE)
    np.testing.assert_allclose(anchors.red_cells, 1 - np.array(RED_CELL) / SLIDE + prior, atol=1e-6)
    np.testing.assert_allclose(anchors.nuclei, 1 - np.array(NUCLEUS) / SLIDE, atol=1e-6)


def test_the_slide_becomes_white_and_nuclei_the_references() -> None:
    picture = normalize_stain(flat(), SPEC).picture

    assert picture[10, 10].tolist() == [255, 255, 255]
    np.testing.assert_allclose(picture[55, 145], 255 * (1 - np.array([0.36, 0.47, 0.03])), atol=1)


def test_red_cells_become_grey() -> None:
    red_cell = normalize_stain(flat(), SPEC).picture[100, 60].astype(int)

    assert 205 < red_cell.mean() < 245
    assert np.ptp(red_cell) < 12


def test_the_nuclear_stain_alone_leaves_red_cells_out() -> None:
    nuclei = normalize_stain(flat(), SPEC).nuclei

    assert np.ptp(nuclei[100, 60].astype(int)) < 15
    assert nuclei[55, 145].tolist() == pytest.approx([255 * (1 - item) for item in (0.36, 0.47, 0.03)], abs=1.5)


@pytest.mark.parametrize("gains", [(0.7, 0.9, 1.0), (1.0, 0.8, 0.6), (0.5, 0.5, 0.5)])
def test_a_lamp_is_taken_out_exactly(gains: tuple[float, ...]) -> None:
    # Multiples of 20: the gains lead to whole numbers, nothing is rounded.
    colours = (240, 240, 240), (180, 200, 220), (160, 100, 240)
    under = [tuple(round(channel * gain) for channel, gain in zip(colour, gains, strict=True)) for colour in colours]

    one, other = (normalize_stain(flat(*three), SPEC) for three in (colours, under))

    inside = np.zeros((224, 224), bool)
    inside[25:195, 25:105] = inside[45:65, 135:155] = inside[5:15] = True
    assert np.abs(one.picture.astype(int) - other.picture)[inside].max() <= 1
    assert (found(flat(*colours)).mask == found(flat(*under)).mask).all()


@pytest.mark.parametrize(
    ("shift", "least"),
    [(shift, 0.90 if shift.name.startswith(("brightness +", "JPEG")) else 0.93) for shift in SHIFTS if not shift.moves],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_drawn_smear_keeps_its_mask_under_a_shift(shift: Shift, least: float) -> None:
    smears = [draw_synthetic_smear(seed, side=224, cells=6) for seed in range(4)]

    overlaps = [overlap(found(smear).mask, found(shift.apply(smear)).mask) for smear in smears]

    assert np.mean(overlaps) > least
    assert [found(smear).cell_count for smear in smears] == [found(shift.apply(smear)).cell_count for smear in smears]


def test_without_a_stained_nucleus_nothing_is_amplified() -> None:
    picture = flat(nucleus=None)

    assert found(picture).cell_count == 0
    np.testing.assert_allclose(find_anchors(picture, SPEC).nuclei, (0.36, 0.47, 0.03))


def test_a_pale_stain_is_as_good_as_a_strong_one() -> None:
    pale = flat(nucleus=(210, 190, 238))

    assert found(pale).cell_count == found(flat()).cell_count == 4
    assert overlap(found(pale).mask, found(flat()).mask) > 0.95


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_grey_has_no_cells_and_no_trouble(level: int) -> None:
    assert found(np.full((224, 224, 3), level, np.uint8)).cell_count == 0


def test_the_scale_bars_corner_stays_white_and_is_not_looked_at() -> None:
    working = flat()
    inked = working.copy()
    inked[SPEC.mark(224)] = (0, 0, 120)

    for item in normalize_stain(inked, SPEC):
        assert (item[196:, 170:] == 255).all()
    assert (normalize_stain(inked, SPEC).picture == normalize_stain(working, SPEC).picture).all()


def test_both_inputs_are_in_reference_colours_behind_the_mask_of_the_stain() -> None:
    working = to_working_picture(draw_synthetic_smear(2), SPEC)
    picture = normalize_stain(working, SPEC).picture

    inputs = to_network_inputs(working, SPEC)

    assert (inputs.segmented_picture[inputs.segmentation.mask] == picture[inputs.segmentation.mask]).all()
    assert not inputs.segmented_picture[~inputs.segmentation.mask].any()
    plain = to_network_inputs(working, PreprocessingSpec())
    assert np.abs(plain.original - inputs.original).mean() > 0.02


def test_the_network_may_see_the_picture_as_photographed_behind_the_mask_of_the_stain() -> None:
    spec = PreprocessingSpec(stain=StainSpec(network_sees="photographed"))
    working = to_working_picture(draw_synthetic_smear(2), spec)

    inputs = to_network_inputs(working, spec)

    assert (inputs.segmentation.mask == to_network_inputs(working, SPEC).segmentation.mask).all()
    assert (inputs.original == to_network_inputs(working, PreprocessingSpec()).original).all()
    assert (inputs.segmented_picture[inputs.segmentation.mask] == working[inputs.segmentation.mask]).all()


def test_a_balanced_picture_has_a_white_slide_and_keeps_the_proportions_of_its_stains() -> None:
    spec = PreprocessingSpec(stain=StainSpec(network_sees="balanced"))
    working = flat()

    seen = normalize_stain(working, spec)

    assert seen.picture[10, 10].tolist() == [255, 255, 255]
    np.testing.assert_allclose(seen.picture[100, 60], 255 * np.array(RED_CELL) / SLIDE, atol=1)
    np.testing.assert_allclose(seen.picture[55, 145], 255 * np.array(NUCLEUS) / SLIDE, atol=1)
    assert (seen.nuclei == normalize_stain(working, SPEC).nuclei).all()


def test_a_specification_without_a_stain_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a specification with a stain"):
        normalize_stain(flat(), PreprocessingSpec())


def test_a_specification_without_a_stain_keeps_its_digest() -> None:
    assert PREPROCESSING_REVISION == 1
    assert PreprocessingSpec().digest == "d0c740da7ef01f7632eeca2177c928a0c999cfb1f21ee87a84ee421ac2227297"


def test_every_field_of_the_stain_changes_the_digest() -> None:
    others = [
        SPEC.model_copy(update={"stain": StainSpec(**{name: value})})
        for name, value in {
            "network_sees": "balanced",
            "slide_quantile": 0.8,
            "red_cell_share": 0.1,
            "red_cell_purple": 0.8,
            "nuclei_share": 0.02,
            "red_cell_prior": (0.2, 0.2, 0.1),
            "prior_weight": 0.4,
            "red_cells": (0.2, 0.2, 0.2),
            "nuclei": (0.3, 0.4, 0.0),
            "faintest": 0.1,
            "smoothing": 1.5,
        }.items()
    ]

    assert len(others) == len(StainSpec.model_fields)
    assert len({item.digest for item in (PreprocessingSpec(), SPEC, *others)}) == 13


@pytest.fixture(scope="module")
def real(dataset: Path) -> list[tuple[Picture, np.ndarray]]:
    """Some real smears of every class with their masks."""
    files = [path for folder in CLASS_FOLDERS for path in sorted((dataset / "Original" / folder).glob("*.jpg"))[::50]]
    pictures = [decode(file.read_bytes()) for file in files]
    return [(picture, found(picture).mask) for picture in pictures]


@pytest.mark.dataset
@pytest.mark.parametrize("shift", [item for item in SHIFTS if not item.moves], ids=lambda shift: shift.name)
def test_real_smears_keep_their_mask_under_a_shift(shift: Shift, real: list[tuple[Picture, np.ndarray]]) -> None:
    overlaps = [overlap(mask, found(shift.apply(picture)).mask) for picture, mask in real]

    # Overexposure and the blocks of a strong compression take away what no colour matrix brings back.
    assert np.mean(overlaps) > (0.84 if shift.name.startswith(("brightness +", "JPEG")) else 0.90)
