from collections import Counter

import numpy as np

from training.data.ood_images import ood_images


def test_there_are_forty_of_each_kind_and_always_the_same() -> None:
    first, again = list(ood_images()), list(ood_images())

    assert Counter(kind for kind, _ in first) == dict.fromkeys(("photograph", "document", "screenshot", "noise", "tissue"), 40)
    assert all((one == other).all() for (_, one), (_, other) in zip(first, again, strict=True))


def test_no_two_are_alike_and_none_is_blank() -> None:
    pictures = [picture for _, picture in ood_images()]

    assert {picture.shape for picture in pictures} == {(320, 320, 3)}
    assert {picture.dtype for picture in pictures} == {np.dtype(np.uint8)}
    assert len({picture.tobytes() for picture in pictures}) == 200
    assert min(picture.std() for picture in pictures) > 2.0
