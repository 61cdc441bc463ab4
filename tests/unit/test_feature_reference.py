import dataclasses
import io
from dataclasses import replace

import numpy as np
import pytest

from hemascope.domain.errors import ArtifactError
from hemascope.model.feature_reference import FeatureReference
from training.export.reference import fit_features, fit_typical

# Two classes at (0, 0, 0) and (4, 0, 0) in units of scale; variance 4 along the first axis, 1 along any other.
REFERENCE = FeatureReference(
    scale=np.array([2.0, 1.0, 1.0], np.float32),
    means=np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]], np.float32),
    directions=np.array([[1.0, 0.0, 0.0]], np.float32),
    variances=np.array([4.0], np.float32),
    rest=np.float32(1.0),
    accepted=np.float32(2.0),
    typical=np.array([0.5, 0.25], np.float32),
)


def features(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_the_distance_counts_each_direction_by_its_own_variance() -> None:
    # (2 / 2)^2 / 4 + 3^2 / 1 from the first class; (1 - 4)^2 / 4 + 3^2 from the second.
    distances = REFERENCE.distances(features(2.0, 3.0, 0.0))

    assert distances.tolist() == pytest.approx([9.25**0.5, 11.25**0.5])


def test_the_score_is_the_nearest_distance_in_accepted_ones() -> None:
    assert REFERENCE.score(features(8.0, 0.0, 3.0)) == pytest.approx(1.5)
    assert REFERENCE.score(features(8.0, 0.0, 0.0)) == 0.0


def test_the_ratio_compares_a_class_with_the_nearest_other() -> None:
    # Distances 0.5 and 1.5.
    assert REFERENCE.ratios(features(2.0, 0.0, 0.0)).tolist() == pytest.approx([1 / 3, 3.0])


@pytest.mark.parametrize(
    ("first", "typical"), [(0.0, [True, False]), (2.5, [True, False]), (3.0, [False, False]), (8.0, [False, True])]
)
def test_a_smear_is_typical_of_a_class_up_to_that_class_own_ratio(first: float, typical: list[bool]) -> None:
    assert REFERENCE.is_typical(features(first, 0.0, 0.0)).tolist() == typical


def test_a_smear_between_two_classes_divides_by_no_zero() -> None:
    twins = replace(REFERENCE, means=np.zeros((2, 3), np.float32))

    assert np.isfinite(twins.ratios(features(0.0, 0.0, 0.0))).all()


def test_what_is_written_reads_the_same() -> None:
    again = FeatureReference.from_bytes(REFERENCE.to_bytes())

    for field in dataclasses.fields(FeatureReference):
        assert np.array_equal(getattr(again, field.name), getattr(REFERENCE, field.name))


def test_the_same_reference_is_the_same_file() -> None:
    assert REFERENCE.to_bytes() == REFERENCE.to_bytes()


@pytest.mark.parametrize("junk", [b"", b"no archive", b"PK\x03\x04 broken", REFERENCE.to_bytes()[:200]])
def test_what_is_no_reference_is_refused(junk: bytes) -> None:
    with pytest.raises(ArtifactError, match="expected a feature reference"):
        FeatureReference.from_bytes(junk)


def test_a_reference_with_an_array_missing_is_refused() -> None:
    file = io.BytesIO()
    np.savez(file, **{name: value for name, value in vars(REFERENCE).items() if name != "rest"})

    with pytest.raises(ArtifactError, match="rest"):
        FeatureReference.from_bytes(file.getvalue())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"means": np.zeros((2, 4), np.float32)}, "of shapes"),
        ({"variances": np.ones(2, np.float32)}, "of shapes"),
        ({"typical": np.ones(3, np.float32)}, "of shapes"),
        ({"scale": np.array([2.0, 0.0, 1.0], np.float32)}, "above 0"),
        ({"accepted": np.float32(-1.0)}, "above 0"),
        ({"means": np.full((2, 3), np.nan, np.float32)}, "finite"),
    ],
)
def test_arrays_that_do_not_fit_or_make_no_sense_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        FeatureReference.from_bytes(replace(REFERENCE, **change).to_bytes())


def drawn(seed: int, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Smears of two classes in 40 features, eight of which vary together."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    mixed = chance.normal(size=(count, 8)) @ np.random.default_rng(0).normal(size=(8, 40)) + 0.3 * chance.normal(
        size=(count, 40)
    )
    mixed[:, 0] += 12.0 * labels
    return mixed.astype(np.float32), labels


def test_a_fit_knows_new_smears_of_the_same_kind_and_no_others() -> None:
    reference = fit_features(*drawn(1), *drawn(2))
    new, _ = drawn(3)
    # The same spread of each feature, but not together: no single feature could tell them.
    ood_images = np.stack([np.random.default_rng(column).permutation(new[:, column]) for column in range(40)], axis=1)

    known = np.array([reference.score(item) for item in new])
    strange = np.array([reference.score(image) for image in ood_images])

    assert (known > 1.0).mean() <= 0.01
    assert (strange > 1.0).mean() >= 0.99


def test_of_new_smears_95_in_100_are_typical_of_their_own_class() -> None:
    reference = fit_features(*drawn(1), *drawn(2))
    new, labels = drawn(3, 4000)

    typical = np.array([reference.is_typical(item) for item in new])[np.arange(4000), labels]

    for label in range(2):
        assert typical[labels == label].mean() == pytest.approx(0.95, abs=0.035)  # three deviations of a fit on 200


def test_a_class_without_unseen_smears_takes_the_bound_of_all() -> None:
    ratios = np.array([[0.1, 9.0], [0.3, 9.0], [0.2, 9.0]])

    assert fit_typical(ratios, np.array([0, 0, 0])).tolist() == pytest.approx([0.3, 0.3])
