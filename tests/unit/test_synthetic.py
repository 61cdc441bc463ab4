import numpy as np
import pytest

from hemascope.imaging.decode import decode
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import Artifact


def test_the_same_seed_draws_the_same_smear() -> None:
    first, again = (draw_synthetic_smear(7) for _ in range(2))

    assert (first == again).all()


def test_another_seed_draws_another_smear() -> None:
    assert (draw_synthetic_smear(7) != draw_synthetic_smear(8)).any()


@pytest.mark.parametrize("side", [64, 224, 448, 1944])
def test_a_smear_is_a_square_rgb_picture_of_the_asked_size(side: int) -> None:
    smear = draw_synthetic_smear(0, side=side)

    assert (smear.shape, smear.dtype) == ((side, side, 3), np.uint8)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("side", "cells"), [(224, 6), (448, 9), (1000, 3), (448, 0)])
def test_as_many_cells_are_found_as_were_drawn(artifact: Artifact, seed: int, side: int, cells: int) -> None:
    spec = artifact.manifest.preprocessing
    smear = draw_synthetic_smear(seed, side, cells)

    found = to_network_inputs(to_working_picture(decode(encode_jpeg(smear)), spec), spec)

    assert found.segmentation.cell_count == cells
