import numpy as np
import pytest

from hemascope.domain.manifest import DecisionSpec
from hemascope.model.decision import Ruling, rule

CLASSES = ("Benign", "Early Pre-B", "Pre-B", "Pro-B")


def judged(*probabilities: float, missed_cost: float | None = 5.0, typical: tuple[bool, ...] | None = None) -> Ruling:
    rules = DecisionSpec(
        temperature=1.0,
        minimum_confidence=0.8,
        prediction_set_threshold=0.2,
        missed_cost=missed_cost,
        urgent_classes=CLASSES[1:],
    )
    return rule(np.array(probabilities), rules, CLASSES, None if typical is None else np.array(typical))


def test_a_leukemia_needs_the_least_confidence_and_no_more() -> None:
    assert judged(0.19, 0.81, 0.0, 0.0) == Ruling("Early Pre-B", ("Early Pre-B",), stated=True)


def test_benign_is_not_stated_where_a_leukemia_is_a_fifth_as_unlikely_as_that() -> None:
    assert judged(0.81, 0.19, 0.0, 0.0) == Ruling("Benign", ("Benign", "Early Pre-B"), stated=False)
    assert judged(0.95, 0.02, 0.03, 0.0) == Ruling("Benign", ("Benign", "Pre-B"), stated=False)


def test_benign_is_stated_where_all_leukemias_together_are_unlikely_enough() -> None:
    # 5 x 0.039 is below 1 - 0.8, 5 x 0.041 above.
    assert judged(0.961, 0.013, 0.013, 0.013) == Ruling("Benign", ("Benign",), stated=True)
    assert judged(0.959, 0.013, 0.014, 0.014).stated is False


def test_without_a_cost_all_classes_are_judged_alike() -> None:
    assert judged(0.81, 0.19, 0.0, 0.0, missed_cost=None) == Ruling("Benign", ("Benign",), stated=True)
    assert judged(0.19, 0.81, 0.0, 0.0, missed_cost=None) == Ruling("Early Pre-B", ("Early Pre-B",), stated=True)


def test_a_class_that_the_features_are_typical_of_is_possible_too() -> None:
    assert judged(0.01, 0.98, 0.01, 0.0, typical=(False, True, False, False)).stated
    assert judged(0.01, 0.98, 0.01, 0.0, typical=(False, False, True, False)) == Ruling(
        "Early Pre-B", ("Early Pre-B", "Pre-B"), stated=False
    )


def test_a_smear_that_is_typical_of_nothing_is_judged_by_its_probabilities() -> None:
    assert judged(0.01, 0.98, 0.01, 0.0, typical=(False,) * 4) == Ruling("Early Pre-B", ("Early Pre-B",), stated=True)


@pytest.mark.parametrize("cost", [None, 1.0])
def test_a_cost_of_one_is_no_cost(cost: float | None) -> None:
    assert judged(0.82, 0.18, 0.0, 0.0, missed_cost=cost).stated


def test_a_certain_answer_stands_alone() -> None:
    assert judged(1.0, 0.0, 0.0, 0.0) == Ruling("Benign", ("Benign",), stated=True)
