"""What a screening does with features, conformal sets, costs and maps."""

import numpy as np
import pytest

from hemascope.domain.report import Decision
from hemascope.imaging.overlay import encode_png
from hemascope.model.artifact import Artifact
from hemascope.screening.pipeline import screen
from tests.support.fakes import FixedClassifier
from tests.support.screenings import CLASSES, SPECIMEN, tuned


def test_unknown_features_are_out_of_distribution_in_known_colours(artifact: Artifact, smear: bytes) -> None:
    network = FixedClassifier(tuned(artifact), 0.01, 0.01, 0.97, 0.01, feature_score=1.2)

    report = screen(smear, SPECIMEN, network).report

    assert report.result is not None
    assert report.result.decision is Decision.OUT_OF_DISTRIBUTION
    assert report.evidence is not None
    assert report.evidence.feature_score == 1.2
    assert report.evidence.out_of_distribution_score < 1.0


@pytest.mark.parametrize(
    ("typical", "decision", "possible"),
    [
        ("Pre-B", Decision.CONFIDENT, ("Pre-B",)),
        ("Early Pre-B", Decision.INDETERMINATE, ("Early Pre-B", "Pre-B")),
    ],
)
def test_a_smear_that_is_typical_of_another_class_is_indeterminate(
    artifact: Artifact, smear: bytes, typical: str, decision: Decision, possible: tuple[str, ...]
) -> None:
    features = {"feature_score": 0.9, "typical": np.isin(CLASSES, typical)}

    result = screen(smear, SPECIMEN, FixedClassifier(tuned(artifact), 0.01, 0.01, 0.97, 0.01, **features)).report.result

    assert result is not None
    assert (result.label, result.decision, result.prediction_set) == ("Pre-B", decision, possible)
    assert result.conformal_set == (typical,)


def test_benign_with_a_chance_of_leukemia_is_indeterminate_where_that_costs_more(artifact: Artifact, smear: bytes) -> None:
    alike, dearer = (
        screen(smear, SPECIMEN, FixedClassifier(tuned(artifact, missed_cost=cost), 0.91, 0.06, 0.02, 0.01)).report.result
        for cost in (1.0, 5.0)
    )

    assert alike is not None
    assert dearer is not None
    assert (alike.decision, alike.prediction_set) == (Decision.CONFIDENT, ("Benign",))
    assert (dearer.decision, dearer.prediction_set) == (Decision.INDETERMINATE, ("Benign", "Early Pre-B"))


def test_a_smear_that_is_typical_of_no_class_has_an_empty_conformal_set(artifact: Artifact, smear: bytes) -> None:
    report = screen(smear, SPECIMEN, FixedClassifier(tuned(artifact), 0.01, 0.01, 0.97, 0.01, feature_score=0.4)).report

    assert report.result is not None
    assert (report.result.conformal_set, report.result.decision) == ((), Decision.CONFIDENT)
    assert report.evidence is not None
    assert report.evidence.feature_score == 0.4


def test_heat_maps_of_both_branches_share_one_scale(artifact: Artifact) -> None:
    white = np.full((224, 224, 3), 255, np.uint8)
    white[60:90, 60:90] = (120, 60, 200)
    maps = {"original": np.full((8, 8), 4.0, np.float32), "segmented": np.full((8, 8), 1.0, np.float32)}

    pictures = screen(encode_png(white), SPECIMEN, FixedClassifier(tuned(artifact), 0.01, 0.01, 0.97, 0.01, maps=maps)).pictures

    assert pictures is not None
    # Viridis at full, (253, 231, 37), and at a quarter, (59, 82, 139), laid on white with 65 and 16 %.
    assert pictures.heat_maps["original"][150, 150].tolist() == pytest.approx([254, 239, 113], abs=2)
    assert pictures.heat_maps["segmented"][150, 150].tolist() == pytest.approx([223, 227, 236], abs=2)


def test_each_cell_has_its_share_of_what_speaks_for_the_class(artifact: Artifact) -> None:
    white = np.full((224, 224, 3), 255, np.uint8)
    white[30:60, 30:60] = white[30:60, 130:160] = (120, 60, 200)
    # All evidence of the class is in the left half; what speaks against it is on the right.
    half = np.repeat([[3.0] * 4 + [-3.0] * 4], 8, axis=0).astype(np.float32)
    network = FixedClassifier(artifact, 0.01, 0.01, 0.97, 0.01, maps={"original": half, "segmented": half})

    evidence = screen(encode_png(white), SPECIMEN, network).report.evidence

    assert evidence is not None
    left, right = sorted(evidence.cells, key=lambda cell: cell.column)
    assert left.evidence_share == pytest.approx(left.area / (224 * 112), rel=0.1)
    assert right.evidence_share == pytest.approx(0.0, abs=1e-9)
