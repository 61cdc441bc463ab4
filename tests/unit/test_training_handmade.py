"""Hand-made features of cells whose colour, shape and texture are known."""

import cv2
import numpy as np
import pytest

from training.networks.handmade import binary_patterns, co_occurrence, handmade_features


def disc(radius: int, colour: tuple[float, float, float] = (0.4, 0.2, 0.8)) -> np.ndarray:
    picture = np.zeros((128, 128, 3), np.float32)
    cv2.circle(picture, (64, 64), radius, colour, cv2.FILLED)
    return picture


def test_a_round_even_cell_has_its_colour_its_shape_and_no_texture() -> None:
    features = handmade_features(disc(20))

    assert features.shape == (83,)
    red, green, blue = features[:3]
    assert (red, green, blue) == (102, 51, 204)
    assert (features[9:27] == 0).all()  # no spread and no skewness of colour
    count, coverage, area, _, circularity, solidity, extent, aspect, eccentricity = features[27:36]
    assert count == 1
    assert coverage == pytest.approx(np.pi * 20**2 / 128**2, rel=0.05)
    assert area == pytest.approx(np.pi * 20**2, rel=0.05)
    assert circularity == pytest.approx(0.9, abs=0.05)  # a chain of pixels is longer than its circle
    assert solidity > 0.97
    assert extent == pytest.approx(
        np.pi / 4 * (39 / 41) ** 2, abs=0.01
    )  # an area between pixels' centres, a box of whole pixels
    assert aspect == pytest.approx(1.0, abs=0.02)
    assert eccentricity < 0.15
    contrast, homogeneity, energy = features[43:46]
    assert (contrast, homogeneity, energy) == (0, 1, 1)


def test_a_long_cell_is_told_from_a_round_one() -> None:
    long = np.zeros((128, 128, 3), np.float32)
    cv2.ellipse(long, (64, 64), (40, 10), 0, 0, 360, (0.4, 0.2, 0.8), cv2.FILLED)

    assert handmade_features(long)[35] == pytest.approx(np.sqrt(1 - (10 / 40) ** 2), abs=0.05)


def test_a_coarse_chromatin_has_more_contrast_than_an_even_one() -> None:
    coarse = disc(20)
    coarse[::2] *= 0.5

    assert handmade_features(coarse)[48] > handmade_features(disc(20))[48] + 1  # of pixels below each other


def test_an_empty_picture_has_features_that_are_zero() -> None:
    assert (handmade_features(np.zeros((128, 128, 3), np.float32)) == np.zeros(83)).all()


def test_pairs_that_leave_the_mask_are_not_counted() -> None:
    grey = np.array([[0, 255, 0], [0, 0, 0]], np.uint8)
    mask = grey == 0

    pairs = co_occurrence(grey, mask, (0, 1))

    assert pairs[0, 0] == 1.0


def test_a_diagonal_offset_to_the_left_pairs_the_right_pixels() -> None:
    grey = np.array([[0, 255], [255, 0]], np.uint8)

    pairs = co_occurrence(grey, np.ones((2, 2), bool), (1, -1))

    assert pairs[15, 15] == 1.0


def test_a_bright_dot_has_no_brighter_neighbour_and_a_plain_has_eight() -> None:
    grey = np.zeros((3, 3), np.uint8)
    dot = grey.copy()
    dot[1, 1] = 9

    assert binary_patterns(dot, np.ones((3, 3), bool))[0] == 1.0
    assert binary_patterns(grey, np.ones((3, 3), bool))[8] == 1.0
