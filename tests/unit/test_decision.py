import numpy as np

from hemascope.domain.disease import ClassSpec
from hemascope.domain.manifest import DecisionSpec
from hemascope.model.decision import ClassDecision, decide

NAMES = ("Benign", "Early Pre-B", "Pre-B", "Pro-B")
CLASSES = tuple(ClassSpec(name=name, folder=name, display=name, urgent=name != "Benign") for name in NAMES)


def judged(*probabilities: float, missed_cost: float = 5.0, typical: tuple[bool, ...] = (False,) * 4) -> ClassDecision:
    spec = DecisionSpec(
        temperature=1.0,
        minimum_confidence=0.8,
        prediction_set_threshold=0.2,
        missed_cost=missed_cost,
    )
    return decide(np.array(probabilities), np.array(typical), spec, CLASSES)


def test_a_leukemia_needs_the_least_confidence_and_no_more() -> None:
    assert judged(0.19, 0.81, 0.0, 0.0) == ClassDecision("Early Pre-B", ("Early Pre-B",), is_conclusive=True)


def test_benign_is_not_conclusive_where_a_leukemia_is_a_fifth_as_unlikely_as_that() -> None:
    assert judged(0.81, 0.19, 0.0, 0.0) == ClassDecision("Benign", ("Benign", "Early Pre-B"), is_conclusive=False)
    assert judged(0.95, 0.02, 0.03, 0.0) == ClassDecision("Benign", ("Benign", "Pre-B"), is_conclusive=False)


def test_benign_is_conclusive_where_all_leukemias_together_are_unlikely_enough() -> None:
    # 5 x 0.039 is below 1 - 0.8, 5 x 0.041 above.
    assert judged(0.961, 0.013, 0.013, 0.013) == ClassDecision("Benign", ("Benign",), is_conclusive=True)
    assert judged(0.959, 0.013, 0.014, 0.014).is_conclusive is False


def test_at_a_cost_of_one_all_classes_are_judged_alike() -> None:
    assert judged(0.81, 0.19, 0.0, 0.0, missed_cost=1.0) == ClassDecision("Benign", ("Benign",), is_conclusive=True)
    assert judged(0.19, 0.81, 0.0, 0.0, missed_cost=1.0) == ClassDecision("Early Pre-B", ("Early Pre-B",), is_conclusive=True)


def test_a_class_that_the_features_are_typical_of_is_possible_too() -> None:
    assert judged(0.01, 0.98, 0.01, 0.0, typical=(False, True, False, False)).is_conclusive
    assert judged(0.01, 0.98, 0.01, 0.0, typical=(False, False, True, False)) == ClassDecision(
        "Early Pre-B", ("Early Pre-B", "Pre-B"), is_conclusive=False
    )


def test_a_smear_that_is_typical_of_nothing_is_judged_by_its_probabilities() -> None:
    assert judged(0.01, 0.98, 0.01, 0.0, typical=(False,) * 4) == ClassDecision(
        "Early Pre-B", ("Early Pre-B",), is_conclusive=True
    )


def test_a_certain_answer_stands_alone() -> None:
    assert judged(1.0, 0.0, 0.0, 0.0) == ClassDecision("Benign", ("Benign",), is_conclusive=True)
