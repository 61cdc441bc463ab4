"""Folds: smears that no pretraining saw, stratified by class, overlapping fields together."""

from collections import Counter

import pytest

from training.data.dataset import Sample
from training.data.split import Split, split_samples
from training.experiments.folds import Scheme, fold_scheme, make_folds, summarize
from training.experiments.registry import Row


def world(smears: int = 60) -> tuple[Split, dict[str, str]]:
    """Four classes; every sixth smear shows the field of its neighbour."""
    samples = [Sample(f"{label}/{number:03}.jpg", label, f"{label}-{number}") for label in range(4) for number in range(smears)]
    groups = {sample.path: sample.path for sample in samples}
    for sample, neighbour in zip(samples[::6], samples[1::6], strict=True):
        groups[neighbour.path] = sample.path
    return split_samples(samples), groups


def test_folds_are_tested_on_smears_that_no_pretraining_saw_nor_a_field_of_theirs() -> None:
    split, groups = world()
    seen = {groups[sample.path] for sample in split.train}

    folds = make_folds(split, groups, 3, "unseen")

    tested = [sample for fold in folds for sample in fold.test]
    clean = [sample for sample in (*split.test, *split.validation) if groups[sample.path] not in seen]
    assert sorted(sample.path for sample in tested) == sorted(sample.path for sample in clean)
    assert len(clean) < len(split.test) + len(split.validation)
    assert all(set(split.train) <= set(fold.train) for fold in folds)


@pytest.mark.parametrize("scheme", ["unseen", "all"])
@pytest.mark.parametrize("count", [5, 3])
def test_no_field_is_on_both_sides_of_a_fold(scheme: Scheme, count: int) -> None:
    split, groups = world()

    for fold in make_folds(split, groups, count, scheme):
        sides = [{groups[sample.path] for sample in part} for part in (fold.train, fold.test)]
        assert not sides[0] & sides[1]


def test_every_fold_has_the_classes_in_equal_shares() -> None:
    split, groups = world()

    for fold in make_folds(split, groups, 5, "all"):
        shares = Counter(sample.label for sample in fold.test)
        assert all(abs(shares[label] - 12) <= 1 for label in range(4))


def test_folds_of_everything_test_every_smear_once() -> None:
    split, groups = world()

    folds = make_folds(split, groups, 10, "all")

    assert Counter(sample.path for fold in folds for sample in fold.test) == Counter(groups.keys())


def test_more_folds_than_a_class_has_fields_are_refused() -> None:
    split, groups = world(smears=12)

    with pytest.raises(ValueError, match="expected at least 10 groups of class 0 for 10 folds"):
        make_folds(split, groups, 10, "unseen")


def test_only_features_that_do_not_depend_on_the_labels_may_be_folded_over_the_whole_data_set() -> None:
    vgg, hand = Row("v", ("vgg16",), (("original",),)), Row("h", ("handmade",), (("segmented",),))

    assert fold_scheme(vgg, {"vgg16": "runs/vgg16/vgg16.npz"}) == "unseen"
    assert fold_scheme(vgg, {"vgg16": "imagenet"}) == "all"
    assert fold_scheme(hand, {}) == "all"


def test_the_spread_is_the_sample_standard_deviation_over_the_folds() -> None:
    def fold(accuracy: float) -> dict[str, object]:
        figures = dict.fromkeys(("precision", "recall", "f1", "specificity", "auc"), (1.0, 1.0, 1.0))
        return {"test": {"accuracy": (accuracy, 0.0, 1.0), **figures}, "smears": {"test": 10}, "mistakes": ["a.jpg"]}

    found = summarize([fold(0.8), fold(0.9), fold(1.0)])

    assert found["accuracy"] == pytest.approx({"mean": 0.9, "spread": 0.1, "least": 0.8, "greatest": 1.0})
    assert (found["smears"], found["mistakes"]) == (30, 3)
