import ast
import copy
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hemascope.domain.errors import RejectionReason
from hemascope.domain.report import Decision, State
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from tests.support.fakes import FakeClock, FixedClassifier
from tests.support.screenings import CLASSES, SPECIMEN, one_hot, tuned


def test_the_same_bytes_give_the_same_report_summary_and_pictures(classifier: Classifier, smear: bytes) -> None:
    first, again = (screen(smear, SPECIMEN, classifier) for _ in range(2))

    assert first.report == again.report
    assert first.summary == again.summary
    assert first.pictures is not None
    assert again.pictures is not None
    assert (first.pictures.segmented == again.pictures.segmented).all()
    assert (first.pictures.overlay == again.pictures.overlay).all()


def test_a_drawn_smear_is_reported_with_its_evidence(classifier: Classifier, smear: bytes) -> None:
    report = screen(smear, SPECIMEN, classifier).report

    assert report.state is State.REPORTED
    assert report.specimen == SPECIMEN
    assert report.evidence is not None
    assert report.evidence.cell_count == 9
    assert 0.01 < report.evidence.mask_coverage < 0.2
    assert report.result is not None
    assert tuple(report.result.probabilities) == CLASSES
    assert report.model == classifier.artifact.reference
    assert report.disclaimer == "decision support, not a diagnosis"


def test_each_cell_is_reported(artifact: Artifact, smear: bytes) -> None:
    screening = screen(smear, SPECIMEN, one_hot(artifact, "Pre-B"))

    evidence = screening.report.evidence
    assert evidence is not None
    assert evidence.cell_count == len(evidence.cells) == 9
    assert all(100 < cell.area < 700 and cell.roundness > 0.7 for cell in evidence.cells)


def test_a_picture_outside_a_bucket_is_known_by_its_content(classifier: Classifier, smear: bytes) -> None:
    report = screen(smear, SPECIMEN, classifier).report

    assert report.object_id == hashlib.sha256(smear).hexdigest()[:32]


def test_a_picture_in_a_bucket_is_known_by_the_id_of_its_version(classifier: Classifier, smear: bytes) -> None:
    screening = screen(smear, SPECIMEN, classifier, object_id="0f" * 16)

    assert (screening.report.object_id, screening.summary.object_id) == ("0f" * 16, "0f" * 16)


def test_without_pictures_the_report_is_the_same(classifier: Classifier, smear: bytes) -> None:
    drawn, plain = (screen(smear, SPECIMEN, classifier, draw=draw) for draw in (True, False))

    assert (plain.report, plain.summary) == (drawn.report, drawn.summary)
    assert drawn.pictures is not None
    assert plain.pictures is None


def test_without_a_timer_there_are_no_timings(classifier: Classifier, smear: bytes) -> None:
    assert screen(smear, SPECIMEN, classifier).report.timings_ms == {}


def test_with_a_timer_every_step_is_timed_in_milliseconds(classifier: Classifier, smear: bytes) -> None:
    report = screen(smear, SPECIMEN, classifier, timer=FakeClock().seconds).report

    steps = ["decode", "quality", "segment", "network", "cells", "overlay", "heat_maps"]
    assert report.timings_ms == dict.fromkeys(steps, 250.0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", RejectionReason.EMPTY_FILE),
        (b"this is a letter, not a picture", RejectionReason.UNSUPPORTED_FORMAT),
        (encode_jpeg(draw_synthetic_smear(1))[:4000], RejectionReason.TRUNCATED),
        (encode_png(np.full((8, 8, 3), 200, np.uint8)), RejectionReason.TOO_SMALL),
    ],
)
def test_bytes_that_are_no_smear_give_a_rejected_report_with_advice(
    classifier: Classifier, data: bytes, reason: RejectionReason
) -> None:
    screening = screen(data, SPECIMEN, classifier)

    assert screening.report.state is State.REJECTED
    assert screening.report.rejection is not None
    assert screening.report.rejection.reason is reason
    assert screening.report.rejection.message.startswith("expected")
    assert screening.report.rejection.advice == classifier.artifact.texts.advice[reason]
    assert screening.report.result is None
    assert screening.report.evidence is None
    assert screening.pictures is None
    assert screening.summary.headline == "The picture of your blood sample could not be used."


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("shape", [(448, 448, 3), (97, 601, 3)])
def test_a_black_or_white_picture_is_rejected_as_blank(classifier: Classifier, level: int, shape: tuple[int, ...]) -> None:
    screening = screen(encode_png(np.full(shape, level, np.uint8)), SPECIMEN, classifier)

    assert screening.report.rejection is not None
    assert screening.report.rejection.reason is RejectionReason.BLANK


def test_a_likely_class_in_known_colours_is_a_confident_answer(artifact: Artifact, smear: bytes) -> None:
    result = screen(smear, SPECIMEN, one_hot(tuned(artifact), "Pre-B")).report.result

    assert result is not None
    assert (result.label, result.decision, result.prediction_set) == ("Pre-B", Decision.CONFIDENT, ("Pre-B",))
    assert result.confidence == pytest.approx(0.97)
    assert result.recommendation == artifact.texts.recommendation["Pre-B"]


def test_two_likely_classes_are_indeterminate(artifact: Artifact, smear: bytes) -> None:
    network = FixedClassifier(tuned(artifact, minimum_confidence=0.4), 0.01, 0.5, 0.48, 0.01)

    result = screen(smear, SPECIMEN, network).report.result

    assert result is not None
    assert (result.decision, result.prediction_set) == (Decision.INDETERMINATE, ("Early Pre-B", "Pre-B"))
    assert "Consult a specialist in hematology without delay" in result.recommendation


def test_one_class_that_is_not_likely_enough_is_indeterminate(artifact: Artifact, smear: bytes) -> None:
    result = screen(smear, SPECIMEN, one_hot(tuned(artifact), "Pro-B", share=0.7)).report.result

    assert result is not None
    assert (result.decision, result.prediction_set) == (Decision.INDETERMINATE, ("Pro-B",))


def test_the_prediction_set_holds_the_likeliest_class_where_none_passes_the_threshold(artifact: Artifact, smear: bytes) -> None:
    network = FixedClassifier(tuned(artifact, prediction_set_threshold=0.9), 0.3, 0.4, 0.2, 0.1)

    result = screen(smear, SPECIMEN, network).report.result

    assert result is not None
    assert (result.decision, result.prediction_set) == (Decision.INDETERMINATE, ("Early Pre-B",))


def test_unknown_colours_are_out_of_distribution_however_sure_the_network_is(artifact: Artifact, smear: bytes) -> None:
    report = screen(smear, SPECIMEN, one_hot(tuned(artifact, accepted_distance=1e-6), "Pro-B", share=0.99)).report

    assert report.result is not None
    assert report.result.decision is Decision.OUT_OF_DISTRIBUTION
    assert report.result.recommendation == artifact.texts.caution[Decision.OUT_OF_DISTRIBUTION]
    assert report.evidence is not None
    assert report.evidence.out_of_distribution_score > 1.0


def test_a_smear_without_enough_cells_is_poor_quality_before_anything_else(artifact: Artifact) -> None:
    no_blast = encode_jpeg(draw_synthetic_smear(1, cells=0))

    report = screen(no_blast, SPECIMEN, one_hot(tuned(artifact, accepted_distance=1e-6), "Pro-B")).report

    assert report.evidence is not None
    assert report.evidence.cell_count == 0
    assert report.result is not None
    assert report.result.decision is Decision.POOR_QUALITY


def test_the_shipped_thresholds_decide_with_the_shipped_network(classifier: Classifier, smear: bytes) -> None:
    levelled = copy.copy(classifier)
    levelled.artifact = tuned(classifier.artifact, temperature=100.0)

    result = screen(smear, SPECIMEN, levelled).report.result

    assert result is not None
    assert result.decision is Decision.INDETERMINATE


def test_the_patient_reads_the_text_of_the_confident_class(artifact: Artifact, smear: bytes) -> None:
    summary = screen(smear, SPECIMEN, one_hot(tuned(artifact), "Benign")).summary

    assert summary.headline == artifact.texts.patient["Benign"].headline
    assert summary.slide == "c-3"


def test_the_patient_reads_that_it_is_unclear_where_the_answer_is_not_confident(artifact: Artifact, smear: bytes) -> None:
    summary = screen(smear, SPECIMEN, one_hot(tuned(artifact, accepted_distance=1e-6), "Pro-B")).summary

    assert summary.headline == artifact.texts.patient_unclear.headline


def test_where_leukemia_is_possible_the_patient_reads_whom_to_call_and_not_that_it_means_nothing(
    artifact: Artifact, smear: bytes
) -> None:
    screening = screen(smear, SPECIMEN, FixedClassifier(tuned(artifact), 0.55, 0.43, 0.01, 0.01))

    assert screening.report.result is not None
    assert screening.report.result.decision is Decision.INDETERMINATE
    assert screening.summary.headline == "Your doctor wants to take a closer look at your blood sample."
    assert "call your clinic today" in screening.summary.next_step


@pytest.mark.parametrize("label", CLASSES)
@pytest.mark.parametrize("accepted_distance", [1e9, 1e-6])
def test_the_patients_summary_names_no_class_and_no_probability(
    artifact: Artifact, smear: bytes, label: str, accepted_distance: float
) -> None:
    summary = screen(smear, SPECIMEN, one_hot(tuned(artifact, accepted_distance=accepted_distance), label)).summary

    words = summary.to_json().lower()
    assert not [name for name in CLASSES if name.lower() in words]
    assert not re.search(r"\d\s*(%|percent)", words)
    assert "probability" not in words
    assert "confidence" not in words
    assert set(json.loads(summary.to_json())) == {
        "schema", "object_id", "slide", "release", "issued_at", "headline", "explanation", "next_step", "telephone",
        "disclaimer",
    }  # fmt: skip


def test_everything_that_screening_is_made_of_knows_no_clock_and_no_network(root: Path) -> None:
    package = root / "layers" / "hemascope" / "python" / "hemascope"
    files = [package / "screening" / "pipeline.py", *package.glob("imaging/*.py"), *package.glob("model/*.py")]
    forbidden = {"boto3", "botocore", "time", "datetime", "socket", "urllib", "http", "random", "requests", "logging"}

    found = {(file.name, name) for file in files for name in imports(file) if name in forbidden}

    assert len(files) > 8
    assert found == set()


def imports(file: Path) -> list[str]:
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return [name.split(".")[0] for name in names]


def test_screening_loads_neither_cloud_nor_laboratory() -> None:
    program = "import sys, hemascope.screening.pipeline; print(*sorted({name.split('.')[0] for name in sys.modules}))"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert "cv2" in loaded
    assert {"boto3", "botocore", "tensorflow", "keras", "training", "aws_lambda_powertools", "tqdm"} & set(loaded) == set()
