"""Pictures by what becomes of them."""

from functools import cache

import numpy as np

from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear


@cache
def contents() -> dict[str, bytes]:
    """A picture that is reported, one that is rejected, and one that is deleted before it is read."""
    good = encode_png(np.ascontiguousarray(draw_synthetic_smear(7, side=64, cells=2)))
    return {"good": good, "bad": good[: len(good) // 2], "gone": good}
