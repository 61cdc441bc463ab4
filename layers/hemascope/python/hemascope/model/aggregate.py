"""The tiles of a field -> one answer on the field."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.disease import ClassSpec


class TileAnswer(NamedTuple):
    """What the model says of one tile: ``probabilities`` (classes,), ``cells`` counted in it, whether it ``is_confident``."""

    probabilities: NDArray[np.float64]
    cells: int
    is_confident: bool


class FieldAnswer(NamedTuple):
    """``probabilities`` (classes,), float64; ``label``: index of the class; ``is_forbidden``: whether a tile speaks against it.

    A class that is not urgent is never stated of a field in which one tile alone confidently shows an urgent one.
    """

    probabilities: NDArray[np.float64]
    label: int
    is_forbidden: bool


def aggregate(tiles: Sequence[TileAnswer], classes: Sequence[ClassSpec]) -> FieldAnswer:
    """Mean of the tiles' probabilities, each weighted by its cells; of all alike where no tile has a cell.

    Examples
    --------
    >>> benign, pre_b = (ClassSpec(name=name, folder=name, display=name, urgent=name == "Pre") for name in ("Benign", "Pre"))
    >>> mild, bad = TileAnswer(np.array([0.9, 0.1]), 30, True), TileAnswer(np.array([0.1, 0.9]), 10, True)
    >>> answer = aggregate([mild, bad], [benign, pre_b])
    >>> answer.probabilities.round(2).tolist(), answer.label, answer.is_forbidden
    ([0.7, 0.3], 0, True)
    """
    cells = np.array([tile.cells for tile in tiles], np.float64)
    weights = cells if cells.any() else np.ones(len(tiles))
    probabilities = np.average([tile.probabilities for tile in tiles], axis=0, weights=weights)
    label = int(probabilities.argmax())
    alarming = any(tile.is_confident and classes[int(tile.probabilities.argmax())].urgent for tile in tiles)
    return FieldAnswer(np.asarray(probabilities, np.float64), label, alarming and not classes[label].urgent)
