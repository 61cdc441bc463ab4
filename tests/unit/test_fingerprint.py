import numpy as np

from hemascope.imaging.fingerprint import colour_fingerprint
from hemascope.imaging.synthetic import draw_synthetic_smear


def test_one_colour_has_its_hsv_and_lab_values_and_no_deviation() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[...] = (255, 0, 0)

    fingerprint = colour_fingerprint(red)

    assert fingerprint.tolist() == [0, 255, 255, 0, 0, 0, 136, 208, 195, 0, 0, 0]


def test_half_black_half_white_has_the_mean_and_deviation_of_both() -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[16:] = 255

    fingerprint = colour_fingerprint(picture)

    assert fingerprint.tolist() == [0, 0, 127.5, 0, 0, 127.5, 127.5, 128, 128, 127.5, 0, 0]


def test_where_the_cells_lie_makes_no_difference() -> None:
    smear = draw_synthetic_smear(3, side=224)

    turned = colour_fingerprint(np.ascontiguousarray(np.rot90(smear)))

    assert np.allclose(turned, colour_fingerprint(smear), atol=1e-9)
