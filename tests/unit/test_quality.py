import cv2
import numpy as np
import pytest

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.imaging.quality import measure_quality
from hemascope.imaging.synthetic import draw_synthetic_smear


def test_brightness_and_contrast_are_mean_and_deviation_of_grey_above_the_scale_bar() -> None:
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[100:] = 255

    figures = measure_quality(picture)

    # Rows 0-174 are measured: 100 black, 75 white.
    assert figures.brightness == pytest.approx(255 * 75 / 175)
    assert figures.contrast == pytest.approx(255 * (100 * 75) ** 0.5 / 175)


def test_a_blurred_smear_is_less_sharp() -> None:
    sharp = draw_synthetic_smear(1, side=224)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 3)

    assert measure_quality(blurred).sharpness < measure_quality(sharp).sharpness / 10


@pytest.mark.parametrize("level", [0, 90, 255])
def test_one_colour_is_blank_also_with_a_white_corner(level: int) -> None:
    picture = np.full((224, 224, 3), level, np.uint8)
    picture[196:, 170:] = 255

    with pytest.raises(RejectedSmear, match=r"contrast 0\.0 of 255 grey levels") as refusal:
        measure_quality(picture)

    assert refusal.value.reason is RejectionReason.BLANK


def test_camera_noise_on_an_empty_sheet_is_blank() -> None:
    noise = np.random.default_rng(1).integers(-2, 3, (224, 224, 3))
    picture = (240 + noise).astype(np.uint8)

    with pytest.raises(RejectedSmear):
        measure_quality(picture)


def test_a_picture_that_is_not_blank_passes_at_the_smallest_working_size() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:] = 20

    assert measure_quality(picture).contrast == pytest.approx(10.0)
