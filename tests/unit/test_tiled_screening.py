"""What is said of a field that was cut: which tiles count, what one of them forbids, and what the report shows."""

import cv2
import numpy as np
import pytest

from hemascope.domain.errors import RejectionReason
from hemascope.domain.quality import QualityFigure, QualityReason
from hemascope.domain.report import Decision, MicroscopeState, Report
from hemascope.domain.tiles import TileUse
from hemascope.imaging.decode import Picture
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.scale import red_cell_diameter
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Classifier
from hemascope.screening import tile
from hemascope.screening.pipeline import Screening, screen
from tests.support.fakes import FakeClock, FixedClassifier
from tests.support.screenings import SPECIMEN, one_hot, tuned
from tests.support.tiled_fields import HIGH, WIDE, TileClassifier, drawn_tile, field_of, ruled

NINE, FIVE, NONE = drawn_tile(1), drawn_tile(2, cells=5), drawn_tile(3, cells=0)
BLURRED = np.asarray(cv2.GaussianBlur(drawn_tile(4, cells=5), (0, 0), 6.0), np.uint8)
DARK = np.asarray(drawn_tile(5, cells=5) // 3, np.uint8)


def judged(field: Picture, network: FixedClassifier | Classifier, **use: object) -> Screening:
    return screen(encode_png(field), SPECIMEN, network, microscope=ruled(field, **use))  # type: ignore[arg-type]


def decided(report: Report) -> tuple[Decision, str, tuple[str, ...]]:
    assert report.result is not None
    return report.result.decision, report.result.label, report.result.prediction_set


def uses(report: Report) -> list[TileUse]:
    assert report.evidence is not None
    return [tile.use for tile in report.evidence.tiles]


def test_a_field_of_one_tile_is_judged_as_one_that_was_never_cut(classifier: Classifier) -> None:
    plain, ruler = (screen(encode_png(NINE), SPECIMEN, classifier, microscope=microscope) for microscope in (None, ruled(NINE)))

    same = {"microscope": None, "evidence": None}
    assert ruler.report.model_copy(update=same) == plain.report.model_copy(update=same)
    assert ruler.report.evidence is not None
    assert plain.report.evidence is not None
    sized = {"cells": plain.report.evidence.cells, "quality": plain.report.evidence.quality}
    assert ruler.report.evidence.model_copy(update=sized) == plain.report.evidence
    assert ruler.summary == plain.summary
    assert plain.pictures is not None
    assert ruler.pictures is not None
    assert (ruler.pictures.overlay == plain.pictures.overlay).all()
    assert (ruler.pictures.heat_maps["original"] == plain.pictures.heat_maps["original"]).all()


def test_cells_have_a_diameter_in_micrometres_where_there_is_a_ruler(artifact: Artifact) -> None:
    network = one_hot(tuned(artifact), "Pre-B")
    plain, ruler, cut = (
        screen(encode_png(field), SPECIMEN, network, microscope=use).report.evidence
        for field, use in ((NINE, None), (NINE, ruled(NINE)), (field_of(NINE, FIVE), ruled(field_of(NINE, FIVE))))
    )

    assert plain is not None
    assert ruler is not None
    assert cut is not None
    assert {cell.diameter for cell in plain.cells} == {None}
    sizes = [cell.diameter for cell in ruler.cells]
    # Drawn cells are 40 to 50 of 448 pixels a side: on 300 x 224 discs of 23 to 29 pixels, of which 19.3 are 7.5 micrometres.
    assert all(size is not None and 8.0 < size < 12.5 for size in sizes)
    assert [cell.diameter for cell in cut.cells if cell.column < WIDE] == pytest.approx(sizes, rel=0.05)


def test_the_report_has_a_row_for_each_tile_and_the_whole_field_in_its_pictures(artifact: Artifact) -> None:
    field = field_of(NINE, FIVE, FIVE, NINE)

    screening = judged(field, TileClassifier(tuned(artifact), {5: {"label": "Pre-B", "share": 0.6}}))

    evidence = screening.report.evidence
    assert evidence is not None
    assert [(tile.number, tile.top, tile.left, tile.height, tile.width) for tile in evidence.tiles] == [
        (1, 0, 0, HIGH, WIDE),
        (2, 0, WIDE, HIGH, WIDE),
        (3, HIGH, 0, HIGH, WIDE),
        (4, HIGH, WIDE, HIGH, WIDE),
    ]
    assert [(tile.label, tile.is_stated, tile.cell_count) for tile in evidence.tiles] == [
        ("Benign", True, 9),
        ("Pre-B", False, 5),
        ("Pre-B", False, 5),
        ("Benign", True, 9),
    ]
    assert evidence.cell_count == len(evidence.cells) == 28
    assert (evidence.grid.width, evidence.grid.height) == (2 * WIDE, 2 * HIGH)
    assert {(cell.row > HIGH, cell.column > WIDE) for cell in evidence.cells} == {(a, b) for a in (0, 1) for b in (0, 1)}
    assert screening.pictures is not None
    assert screening.pictures.segmented.shape == (2 * HIGH, 2 * WIDE, 3)
    assert screening.pictures.overlay.shape == field.shape
    assert screening.pictures.heat_maps["original"].shape[1] == 512


def test_an_uncut_picture_has_no_rows_of_tiles(artifact: Artifact, smear: bytes) -> None:
    report = screen(smear, SPECIMEN, one_hot(tuned(artifact), "Pre-B")).report

    assert uses(report) == []


def test_the_same_field_gives_the_same_report_though_tiles_are_judged_at_once(classifier: Classifier) -> None:
    field = field_of(NINE, FIVE, FIVE, NINE)

    assert judged(field, classifier).report == judged(field, classifier).report


def test_steps_of_a_cut_field_are_timed(artifact: Artifact) -> None:
    field = field_of(NINE, FIVE)

    report = screen(
        encode_png(field), SPECIMEN, one_hot(artifact, "Pre-B"), microscope=ruled(field), timer=FakeClock().seconds
    ).report

    assert list(report.timings_ms) == ["decode", "tiles", "cells", "overlay", "heat_maps"]


def test_one_confident_malignant_tile_of_four_leaves_a_suspicion_that_the_patient_reads(artifact: Artifact) -> None:
    field = field_of(NINE, NINE, FIVE, NINE)

    screening = judged(field, TileClassifier(tuned(artifact), {5: {"label": "Pro-B"}}))

    assert decided(screening.report) == (Decision.INDETERMINATE, "Benign", ("Benign", "Pro-B"))
    assert screening.report.evidence is not None
    assert [tile.forbids for tile in screening.report.evidence.tiles] == [False, False, True, False]
    assert screening.report.result is not None
    assert screening.report.result.recommendation == artifact.texts.caution_urgent
    assert screening.summary.headline == artifact.texts.patient["Pro-B"].headline


def test_a_confident_benign_tile_forbids_nothing(artifact: Artifact) -> None:
    field = field_of(NINE, NINE, FIVE, NINE)

    report = judged(field, TileClassifier(tuned(artifact), {5: {"label": "Benign"}}, otherwise="Pre-B")).report

    assert decided(report)[:2] == (Decision.CONFIDENT, "Pre-B")
    assert report.evidence is not None
    assert [tile.is_stated for tile in report.evidence.tiles] == [True] * 4
    assert not any(tile.forbids for tile in report.evidence.tiles)


def test_a_tile_without_white_cells_is_left_out(artifact: Artifact) -> None:
    report = judged(field_of(NINE, NONE, FIVE), one_hot(tuned(artifact), "Benign")).report

    assert uses(report) == [TileUse.COUNTED, TileUse.EMPTY, TileUse.COUNTED]
    assert decided(report) == (Decision.CONFIDENT, "Benign", ("Benign",))
    assert report.evidence is not None
    assert report.evidence.quality.findings == ()
    assert report.evidence.tiles[1].label is None


def test_a_tile_in_strange_colours_is_not_empty_though_no_cell_is_found_in_it(
    artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = np.ascontiguousarray(FIVE[..., (1, 1, 1)])
    monkeypatch.setattr(tile, "colour_fingerprint", lambda picture: picture)
    monkeypatch.setattr(type(artifact.colours), "score", lambda _, seen: 0.5 if np.ptp(seen, axis=2).any() else 2.0)

    report = judged(field_of(NINE, grey, NINE), one_hot(tuned(artifact), "Benign")).report

    assert report.result is not None
    assert uses(report) == [TileUse.COUNTED, TileUse.UNREADABLE, TileUse.COUNTED]
    assert report.result.decision is Decision.POOR_QUALITY


def test_a_field_without_white_cells_is_poor(artifact: Artifact) -> None:
    report = judged(field_of(NONE, NONE), one_hot(tuned(artifact), "Benign")).report

    assert decided(report)[0] is Decision.POOR_QUALITY
    assert report.evidence is not None
    assert QualityReason.TOO_FEW_CELLS in {finding.reason for finding in report.evidence.quality.findings}


@pytest.mark.parametrize(("hidden", "reason"), [(BLURRED, QualityReason.OUT_OF_FOCUS), (DARK, QualityReason.TOO_DARK)])
def test_benign_is_not_stated_where_a_tile_is_unreadable(artifact: Artifact, hidden: Picture, reason: QualityReason) -> None:
    report = judged(field_of(NINE, NINE, NINE, hidden), one_hot(tuned(artifact), "Benign")).report

    assert uses(report)[3] is TileUse.UNREADABLE
    assert decided(report)[0] is Decision.POOR_QUALITY
    assert report.result is not None
    assert report.evidence is not None
    assert reason in {finding.reason for finding in report.evidence.quality.findings}
    assert artifact.texts.quality[reason] in report.result.recommendation


def test_a_blank_tile_is_unreadable_and_a_blank_field_is_rejected(artifact: Artifact) -> None:
    white, network = np.full((HIGH, WIDE, 3), 255, np.uint8), one_hot(tuned(artifact), "Benign")

    part, whole = (judged(field, network).report for field in (field_of(NINE, white), field_of(white, white)))

    assert uses(part) == [TileUse.COUNTED, TileUse.UNREADABLE]
    assert decided(part)[0] is Decision.POOR_QUALITY
    assert whole.rejection is not None
    assert whole.rejection.reason is RejectionReason.BLANK


@pytest.mark.parametrize(
    ("unreadable", "decision"), [(1, Decision.CONFIDENT), (2, Decision.CONFIDENT), (3, Decision.INDETERMINATE)]
)
def test_leukemia_is_stated_where_half_of_the_field_was_read_and_possible_in_any_case(
    artifact: Artifact, unreadable: int, decision: Decision
) -> None:
    tiles = [NINE] * (4 - unreadable) + [BLURRED] * unreadable

    report = judged(field_of(*tiles), one_hot(tuned(artifact), "Pre-B")).report

    assert decided(report) == (decision, "Pre-B", ("Pre-B",))


def test_a_tile_that_the_model_cannot_know_forbids_every_statement(artifact: Artifact) -> None:
    network = TileClassifier(tuned(artifact), {5: {"feature_score": 1.3}})

    report = judged(field_of(NINE, FIVE, NINE), network).report

    assert uses(report) == [TileUse.COUNTED, TileUse.OUT_OF_DISTRIBUTION, TileUse.COUNTED]
    assert decided(report)[0] is Decision.OUT_OF_DISTRIBUTION
    assert report.evidence is not None
    assert report.evidence.guard_score == report.evidence.feature_score == 1.3


@pytest.mark.parametrize("strange", [{"feature_score": 1.3}, {}])
def test_no_other_tile_takes_a_suspicion_away(artifact: Artifact, strange: dict[str, float]) -> None:
    other = FIVE if strange else BLURRED
    network = TileClassifier(tuned(artifact), {9: {"label": "Pre-B"}, 5: {"label": "Benign", **strange}})

    report = judged(field_of(NINE, other, other, other), network).report

    assert decided(report)[0] is Decision.INDETERMINATE
    assert "Pre-B" in decided(report)[2]


@pytest.mark.parametrize("by", [0.5, 2.0])
def test_another_objective_is_refused_by_the_ruler(artifact: Artifact, by: float) -> None:
    row = [draw_synthetic_smear(seed, side=672) for seed in (4, 5)]
    field = np.vstack([np.hstack(row), np.hstack(row[::-1])])
    own = red_cell_diameter(field).diameter
    assert own is not None

    same, other = (judged(field, one_hot(tuned(artifact), "Pre-B"), red_cell=own * ruler).report for ruler in (1.0, by))

    assert same.evidence is not None
    assert other.evidence is not None
    assert same.evidence.quality.figures[QualityFigure.RED_CELL] == pytest.approx(1.0, rel=0.15)
    assert decided(other)[0] is Decision.POOR_QUALITY
    (finding,) = other.evidence.quality.findings
    assert (finding.reason, finding.figure) == (QualityReason.WRONG_MAGNIFICATION, QualityFigure.RED_CELL)
    assert finding.value == pytest.approx(1.0 / by, rel=0.15)


def test_an_unverified_microscope_names_nothing_and_its_guards_see_each_tile_uncorrected(artifact: Artifact) -> None:
    field, network = field_of(NINE, FIVE), TileClassifier(tuned(artifact), {5: {"label": "Pre-B"}})

    report = judged(field, network, state=MicroscopeState.PROFILED, offset=(0.0, 12.0, 0.0)).report

    assert decided(report)[0] is Decision.UNVERIFIED
    assert report.evidence is not None
    assert report.evidence.uncorrected is not None
    assert len(network.asked) == 4


def test_a_field_that_shows_too_little_is_refused(artifact: Artifact) -> None:
    field = NINE[:120]

    report = judged(field, one_hot(tuned(artifact), "Benign")).report

    assert report.rejection is not None
    assert report.rejection.reason is RejectionReason.TOO_SMALL


def test_a_slightly_smaller_field_is_mirrored_and_its_mirrored_cells_are_not_counted(artifact: Artifact) -> None:
    field = field_of(NINE)[:160, :230]

    evidence = judged(field, one_hot(tuned(artifact), "Pre-B")).report.evidence

    assert evidence is not None
    assert (evidence.grid.width, evidence.grid.height) == (230, 160)
    assert evidence.tiles == ()
    assert 3 <= evidence.cell_count <= 9
