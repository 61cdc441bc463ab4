"""The tiles of a field -> one answer on the field."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.disease import ClassSpec
from hemascope.domain.manifest import DecisionSpec
from hemascope.model.decision import ClassDecision, decide


class TileAnswer(NamedTuple):
    """What the model says of one tile.

    ``probabilities`` (classes,); ``typical`` (classes,), bool: its conformal set; ``cells`` counted in it.
    """

    probabilities: NDArray[np.float64]
    typical: NDArray[np.bool_]
    cells: int


class FieldAnswer(NamedTuple):
    """What the model says of a field.

    ``probabilities`` (classes,), float64; ``typical`` (classes,), bool; ``found``: label, possible classes, and whether the
    label may be stated alone; ``suspected``: names of the urgent classes that a tile by itself states; ``weights`` (tiles,),
    float64, sums to 1: the part of each tile in the mean.
    """

    probabilities: NDArray[np.float64]
    typical: NDArray[np.bool_]
    found: ClassDecision
    suspected: tuple[str, ...]
    weights: NDArray[np.float64]

    @property
    def is_forbidden(self) -> bool:
        """Whether a tile by itself states an urgent class other than the field's label: then nothing is stated of the field."""
        return bool(set(self.suspected) - {self.found.label})


def aggregate(tiles: Sequence[TileAnswer], spec: DecisionSpec, classes: Sequence[ClassSpec]) -> FieldAnswer:
    """Make one answer of the tiles that count.

    Probabilities are the tiles' mean, each weighted by its cells (of all alike where no tile has a cell). The field is typical
    of a class where tiles with at least half of the cells are: a weighted majority of sets that each hold the truth 95 times of
    100 holds it at least 90 times (Gasparin and Ramdas, Merging uncertainty sets via majority vote, 2024). Whatever the mean,
    each urgent class that one tile by itself states is possible. One tile gives its own answer, bit for bit.

    Parameters
    ----------
    tiles
        At least one.
    spec
        The artifact's thresholds.
    classes
        The artifact's classes, in index order.

    Examples
    --------
    >>> spec = DecisionSpec(temperature=1, minimum_confidence=0.8, prediction_set_threshold=0.4, missed_cost=1)
    >>> benign, pre_b = (ClassSpec(name=name, folder=name, display=name, urgent=name == "Pre") for name in ("Benign", "Pre"))
    >>> mild, bad = (TileAnswer(np.array(shares), np.zeros(2, np.bool_), 10) for shares in ([0.9, 0.1], [0.1, 0.9]))
    >>> aggregate([mild] * 9 + [bad], spec, [benign, pre_b]).found
    ClassDecision(label='Benign', prediction_set=('Benign', 'Pre'), is_conclusive=False)
    """
    urgent = np.array([found.urgent for found in classes], np.bool_)
    stated = np.zeros(len(classes), np.bool_)
    for tile in tiles:
        if decide(tile.probabilities, tile.typical, spec, classes).is_conclusive:
            stated[int(tile.probabilities.argmax())] = True
    stated &= urgent
    weights = _weights(tiles)
    probabilities, typical = tiles[0].probabilities, tiles[0].typical
    if len(tiles) > 1:
        probabilities = np.asarray(np.average([tile.probabilities for tile in tiles], axis=0, weights=weights), np.float64)
        typical = np.asarray(weights @ np.array([tile.typical for tile in tiles], np.float64) >= 0.5, np.bool_)
    names = tuple(known.name for known, is_stated in zip(classes, stated, strict=True) if is_stated)
    return FieldAnswer(probabilities, typical, decide(probabilities, typical | stated, spec, classes), names, weights)


def _weights(tiles: Sequence[TileAnswer]) -> NDArray[np.float64]:
    cells = np.array([tile.cells for tile in tiles], np.float64)
    counted = cells if cells.any() else np.ones(len(tiles))
    return np.asarray(counted / counted.sum(), np.float64)
