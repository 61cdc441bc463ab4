"""The only resizer: its contract, and a slow oracle that computes areas in float64."""

import numpy as np
import pytest

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.model_input import to_model_input, to_network_inputs, to_working_picture
from hemascope.imaging.synthetic import draw_synthetic_smear

SPEC = PreprocessingSpec()


def area_weights(old: int, new: int) -> np.ndarray:
    """Share of each old pixel in each new one: (new, old)."""
    edges = np.arange(new + 1) * old / new
    lower, upper = np.maximum.outer(edges[:-1], np.arange(old)), np.minimum.outer(edges[1:], np.arange(1, old + 1))
    return np.clip(upper - lower, 0, None) * new / old


def test_the_tensor_is_128_square_rgb_between_0_and_1() -> None:
    tensor = to_model_input(draw_synthetic_smear(1, side=224), SPEC)

    assert tensor.shape == (128, 128, 3)
    assert tensor.dtype == np.float32
    assert tensor.min() >= 0.0
    assert tensor.max() <= 1.0


def test_black_is_0_and_white_is_1() -> None:
    assert to_model_input(np.zeros((224, 224, 3), np.uint8), SPEC).max() == 0.0
    assert to_model_input(np.full((224, 224, 3), 255, np.uint8), SPEC).min() == 1.0


def test_colour_order_is_red_green_blue() -> None:
    red = np.zeros((224, 224, 3), np.uint8)
    red[..., 0] = 255

    assert to_model_input(red, SPEC)[0, 0].tolist() == [1.0, 0.0, 0.0]


def test_shrinking_averages_the_covered_area() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (224, 224, 3)).astype(np.uint8)
    weights = area_weights(224, 128)

    tensor = to_model_input(picture, SPEC)

    expected = np.einsum("ya,xb,abc->yxc", weights, weights, picture.astype(np.float64), optimize=True) / 255
    np.testing.assert_allclose(tensor, expected, atol=1.01 / 255)


def test_a_frame_of_any_shape_becomes_the_working_square() -> None:
    frames = [np.full(shape, 120, np.uint8) for shape in ((1944, 2592, 3), (100, 64, 3), (224, 224, 3))]

    assert [to_working_picture(frame, SPEC).shape for frame in frames] == [(224, 224, 3)] * 3


def test_the_scale_bar_corner_is_white_and_nothing_else_changes() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (224, 224, 3)).astype(np.uint8)

    working = to_working_picture(picture, SPEC)

    assert (working[196:, 170:] == 255).all()
    np.testing.assert_array_equal(working[:196], picture[:196])
    np.testing.assert_array_equal(working[:, :170], picture[:, :170])


def test_the_picture_itself_is_not_changed() -> None:
    picture = draw_synthetic_smear(2, side=224)
    before = picture.copy()

    to_network_inputs(to_working_picture(picture, SPEC), SPEC)

    np.testing.assert_array_equal(picture, before)


def test_both_inputs_come_from_one_working_picture() -> None:
    working = to_working_picture(draw_synthetic_smear(2), SPEC)

    inputs = to_network_inputs(working, SPEC)

    np.testing.assert_array_equal(inputs.original, to_model_input(working, SPEC))
    np.testing.assert_array_equal(inputs.segmented, to_model_input(inputs.segmented_picture, SPEC))
    assert not inputs.segmented_picture[~inputs.segmentation.mask].any()


@pytest.mark.parametrize("size", [32, 64, 224])
def test_the_specification_sets_the_size(size: int) -> None:
    spec = SPEC.model_copy(update={"input_size": size})

    assert to_model_input(draw_synthetic_smear(1, side=224), spec).shape == (size, size, 3)
