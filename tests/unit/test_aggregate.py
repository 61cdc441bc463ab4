"""The answer on a field: weights, conformal sets, and what one tile forbids."""

import numpy as np
import pytest

from hemascope.domain.disease import ClassSpec
from hemascope.domain.manifest import DecisionSpec
from hemascope.model.aggregate import FieldAnswer, TileAnswer, aggregate

CLASSES = tuple(
    ClassSpec(name=name, folder=name, display=name, urgent=name != "Benign") for name in ("Benign", "Pre-B", "Pro-B")
)
SPEC = DecisionSpec(temperature=1.0, minimum_confidence=0.8, prediction_set_threshold=0.3, missed_cost=1.0)


def tile(probabilities: list[float], cells: int, typical: tuple[str, ...] = ()) -> TileAnswer:
    return TileAnswer(np.array(probabilities), np.array([known.name in typical for known in CLASSES]), cells)


def pooled(*tiles: TileAnswer) -> FieldAnswer:
    return aggregate(tiles, SPEC, CLASSES)


def test_tiles_count_by_their_cells() -> None:
    answer = pooled(tile([0.2, 0.8, 0.0], 30), tile([0.7, 0.3, 0.0], 10))

    assert answer.probabilities == pytest.approx([0.325, 0.675, 0.0])
    assert answer.weights.tolist() == [0.75, 0.25]
    assert answer.found.label == "Pre-B"


def test_tiles_without_cells_count_alike() -> None:
    assert pooled(tile([0.2, 0.8, 0.0], 0), tile([0.9, 0.1, 0.0], 0)).probabilities == pytest.approx([0.55, 0.45, 0.0])


def test_one_tile_gives_its_own_answer_bit_for_bit() -> None:
    shares = np.array([0.1, 0.2, 0.7]) / 3.0 * 3.0

    answer = aggregate([TileAnswer(shares, np.array([False, True, True]), 7)], SPEC, CLASSES)

    assert answer.probabilities.tobytes() == shares.tobytes()
    assert answer.typical.tolist() == [False, True, True]


def test_one_confident_malignant_tile_forbids_benign_and_stays_possible() -> None:
    answer = pooled(tile([0.99, 0.01, 0.0], 90), tile([0.0, 0.1, 0.9], 3))

    assert answer.suspected == ("Pro-B",)
    assert answer.is_forbidden
    assert answer.found.label == "Benign"
    assert answer.found.prediction_set == ("Benign", "Pro-B")
    assert not answer.found.is_conclusive


def test_a_malignant_tile_that_is_not_certain_forbids_nothing_by_itself() -> None:
    answer = pooled(tile([0.99, 0.01, 0.0], 90), tile([0.0, 0.3, 0.7], 3))

    assert (answer.suspected, answer.is_forbidden, answer.found.is_conclusive) == ((), False, True)


def test_a_confident_benign_tile_does_not_forbid_a_malignant_class() -> None:
    answer = pooled(tile([0.0, 0.99, 0.01], 90), tile([0.99, 0.01, 0.0], 3))

    assert (answer.found.label, answer.found.prediction_set, answer.found.is_conclusive) == ("Pre-B", ("Pre-B",), True)


def test_a_field_is_typical_of_what_tiles_with_half_of_the_cells_are_typical_of() -> None:
    tiles = [tile([0.9, 0.1, 0.0], 10, ("Benign",)), tile([0.9, 0.1, 0.0], 5, ("Benign", "Pre-B")), tile([0.9, 0.1, 0.0], 4)]

    assert pooled(*tiles).typical.tolist() == [True, False, False]
    assert pooled(*tiles[:2], tile([0.9, 0.1, 0.0], 5, ("Pre-B",))).typical.tolist() == [True, True, False]
