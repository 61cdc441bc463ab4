from collections import Counter

import numpy as np
import pytest

from hemascope.imaging.decode import Picture
from training.data.ood_images import ood_images


@pytest.fixture(scope="module")
def images() -> list[tuple[str, Picture]]:
    return list(ood_images())


def test_there_are_forty_of_each_kind_and_always_the_same(images: list[tuple[str, Picture]]) -> None:
    assert Counter(kind for kind, _ in images) == dict.fromkeys(("photograph", "document", "screenshot", "noise", "tissue"), 40)
    assert all((picture == again).all() for (_, picture), (_, again) in zip(images, ood_images(), strict=True))


def test_no_two_are_alike_and_none_is_blank(images: list[tuple[str, Picture]]) -> None:
    pictures = [picture for _, picture in images]

    assert {picture.shape for picture in pictures} == {(320, 320, 3)}
    assert {picture.dtype for picture in pictures} == {np.dtype(np.uint8)}
    assert len({picture.tobytes() for picture in pictures}) == 200
    assert min(picture.std() for picture in pictures) > 2.0
