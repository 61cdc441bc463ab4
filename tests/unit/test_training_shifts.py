"""Each shift does what its name says; the oracle for colours is Python's own colorsys."""

import colorsys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.imaging.decode import Picture
from hemascope.imaging.synthetic import draw_synthetic_smear
from training.data.augment import augment, jitter_stain
from training.data.colour import scale_saturation, turn_hue
from training.data.shifts import SHIFTS, Shift, turn_and_crop

NAMES = [shift.name for shift in SHIFTS]
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


@pytest.fixture(scope="module")
def smear() -> Picture:
    return draw_synthetic_smear(1, side=224)


def pixel(*colour: int) -> Picture:
    return np.full((1, 1, 3), colour, np.uint8)


def by(name: str) -> Shift:
    (found,) = [shift for shift in SHIFTS if shift.name.startswith(name)]
    return found


def test_every_shift_of_the_list_is_there() -> None:
    assert len(NAMES) == len(set(NAMES)) == 16
    assert [name for name in NAMES if name.startswith("hue")] == [f"hue {by} degrees" for by in ("+8", "-8", "+15", "-15")]
    assert sum(shift.moves for shift in SHIFTS) == 1


@pytest.mark.parametrize("shift", SHIFTS, ids=NAMES)
def test_a_shift_gives_a_picture_and_leaves_the_old_one_alone(shift: Shift, smear: Picture) -> None:
    before = smear.copy()

    shifted = shift.apply(smear)

    assert shifted.dtype == np.uint8
    assert shifted.shape[2] == 3
    assert (smear == before).all()
    assert shifted.shape != smear.shape or (shifted != smear).any()


@given(COLOURS, st.floats(-180, 180))
@settings(max_examples=60, deadline=None)
def test_hue_is_turned_in_degrees_of_the_full_circle(colour: tuple[int, ...], degrees: float) -> None:
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in colour))
    expected = [255 * channel for channel in colorsys.hsv_to_rgb((hue + degrees / 360) % 1, saturation, value)]

    assert turn_hue(pixel(*colour), degrees)[0, 0].tolist() == pytest.approx(expected, abs=1.0)


@given(COLOURS, st.sampled_from([0.7, 1.3]))
@settings(max_examples=60, deadline=None)
def test_saturation_is_scaled_up_to_full(colour: tuple[int, ...], factor: float) -> None:
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in colour))
    expected = [255 * channel for channel in colorsys.hsv_to_rgb(hue, min(1, saturation * factor), value)]

    assert scale_saturation(pixel(*colour), factor)[0, 0].tolist() == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hue +15", (110, 60, 180)),  # 250 degrees become 265
        ("saturation x 0.7", (110, 96, 180)),
        ("brightness +15", (92, 69, 207)),
        ("brightness -15", (68, 51, 153)),
        ("gamma 0.8", (101, 80, 193)),
        ("gamma 1.25", (60, 42, 165)),
        ("warm lamp", (90, 60, 158)),
        ("cold lamp", (70, 60, 202)),
    ],
)
def test_a_purple_becomes_another(name: str, expected: tuple[int, ...]) -> None:
    assert by(name).apply(pixel(80, 60, 180))[0, 0].tolist() == list(expected)


def test_a_lamp_that_is_too_bright_loses_what_is_white() -> None:
    assert by("brightness +15").apply(pixel(230, 250, 200))[0, 0].tolist() == [255, 255, 230]


def test_half_the_resolution_is_half_the_pixels_on_each_side(smear: Picture) -> None:
    assert by("half").apply(smear).shape == (112, 112, 3)


@pytest.mark.parametrize(("side", "centre"), [(224, 255 / (2 * np.pi)), (448, 255 / (8 * np.pi))])
def test_blur_is_a_gaussian_of_one_pixel_of_the_working_picture(side: int, centre: float) -> None:
    picture = np.zeros((side, side, 3), np.uint8)
    picture[100, 100] = 255

    blurred = by("blur").apply(picture)

    assert blurred[100, 100].tolist() == pytest.approx([centre] * 3, abs=1.5)


def test_a_turn_is_by_ten_degrees_and_the_crop_by_a_tenth_without_black_corners() -> None:
    picture = np.full((201, 201, 3), 250, np.uint8)
    picture[99:102, 159:162] = 0  # 60 pixels to the right of the centre

    turned = turn_and_crop(picture)

    rows, columns = np.nonzero(turned[..., 0] < 150)
    across, up = columns.mean() - 90, 90 - rows.mean()
    assert turned.shape == (181, 181, 3)
    assert np.degrees(np.arctan2(up, across)) == pytest.approx(10, abs=0.7)
    assert np.hypot(up, across) == pytest.approx(60, abs=0.7)
    assert turned[[0, 0, -1, -1], [0, -1, 0, -1]].min() == 250


def test_a_jitter_of_no_strength_leaves_the_picture(smear: Picture) -> None:
    assert np.abs(jitter_stain(smear, np.random.default_rng(1), 0.0).astype(int) - smear).max() <= 1


@given(st.integers(0, 200))
@settings(max_examples=40, deadline=None)
def test_a_jitter_stays_within_its_bounds(seed: int) -> None:
    # A mid grey has no hue: brightness, gamma and channels are left.
    red, green, blue = jitter_stain(pixel(128, 128, 128), np.random.default_rng(seed), 1.0)[0, 0].astype(float)

    assert 1 / 1.21 < red / green < 1.21
    assert 1 / 1.21 < blue / green < 1.21
    assert 255 * 0.5**1.36 / 1.26 < green < 255 * 0.51 ** (1 / 1.36) * 1.26


def test_jitters_reach_both_ends_of_the_hue() -> None:
    def hue(picture: Picture) -> float:
        return 360 * colorsys.rgb_to_hsv(*(picture[0, 0] / 255))[0]

    hues = [hue(jitter_stain(pixel(100, 90, 140), np.random.default_rng(seed), 1.0)) for seed in range(300)]

    assert min(hues) < 225
    assert max(hues) > 285


def test_augmentation_jitters_only_where_it_is_asked_to(smear: Picture) -> None:
    plain, same, jittered = (augment(smear, np.random.default_rng(3), strength) for strength in (0.0, 0.0, 1.0))

    assert (plain == same).all()
    assert np.abs(jittered.astype(int) - plain).mean() > 5
