"""The six augmentations, each within the bounds that the paper gives."""

import cv2
import numpy as np
import pytest

from hemascope.imaging.synthetic import draw_synthetic_smear
from training.data.augment import adjust, augment, jpeg_noise, rotate


def generators(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(count)]


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return draw_synthetic_smear(1, side=224)


def test_an_augmented_copy_has_the_pictures_shape_and_leaves_it_alone(picture: np.ndarray) -> None:
    before = picture.copy()

    copy = augment(picture, np.random.default_rng(1))

    assert (copy.shape, copy.dtype) == (picture.shape, np.uint8)
    assert (copy != picture).any()
    assert (picture == before).all()


def test_the_same_seed_gives_the_same_copy(picture: np.ndarray) -> None:
    copy, same, other = (augment(picture, np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert (copy == same).all()
    assert (copy != other).any()


def test_brightness_changes_by_up_to_five_percent_both_ways() -> None:
    grey = np.full((64, 64, 3), 200, np.uint8)

    levels = [adjust(grey, rng).mean() / 200 for rng in generators(300)]

    assert 0.945 <= min(levels) < 0.96
    assert 1.04 < max(levels) <= 1.055


def test_contrast_changes_by_up_to_eight_percent_both_ways() -> None:
    halves = np.full((64, 64, 3), 80, np.uint8)
    halves[32:] = 160

    def contrast(picture: np.ndarray) -> float:
        low, high = picture[:32].mean(), picture[32:].mean()
        return (high - low) / (high + low) / (80 / 240)  # brightness scales both and falls out

    ratios = [contrast(adjust(halves, rng)) for rng in generators(300)]

    assert 0.91 <= min(ratios) < 0.93
    assert 1.07 < max(ratios) <= 1.09


def test_rotation_is_up_to_fifteen_degrees_both_ways() -> None:
    # A dot 80 pixels to the right of the centre tells the angle.
    picture = np.zeros((224, 224, 3), np.uint8)
    picture[111:114, 191:194] = 255

    def angle(rotated: np.ndarray) -> float:
        rows, columns = np.nonzero(rotated[..., 0] > 60)
        return float(np.degrees(np.arctan2(112 - rows.mean(), columns.mean() - 112)))

    angles = [angle(rotate(picture, rng)) for rng in generators(200)]

    assert -15.6 <= min(angles) < -13
    assert 13 < max(angles) <= 15.6


def test_rotated_corners_are_mirrored_not_black() -> None:
    white = np.full((224, 224, 3), 240, np.uint8)

    assert all(rotate(white, rng).min() >= 239 for rng in generators(20))


def test_jpeg_noise_has_a_quality_between_30_and_100(picture: np.ndarray) -> None:
    def error(copy: np.ndarray) -> float:
        return float(np.abs(copy.astype(int) - picture).mean())

    def at(quality: int) -> float:
        _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        return error(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))

    errors = [error(jpeg_noise(picture, rng)) for rng in generators(60)]

    assert at(100) <= min(errors) < at(90)
    assert at(40) < max(errors) <= at(30)


def test_flips_come_in_all_four_combinations() -> None:
    quarters = np.full((64, 64, 3), 60, np.uint8)
    quarters[:32, :32] = 200

    corners = set()
    for rng in generators(60):
        copy = augment(quarters, rng)[..., 0]
        means = copy[10:22, 10:22].mean(), copy[10:22, 42:54].mean(), copy[42:54, 10:22].mean(), copy[42:54, 42:54].mean()
        corners.add(int(np.argmax(means)))

    assert corners == {0, 1, 2, 3}
