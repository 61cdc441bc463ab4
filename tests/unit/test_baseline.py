"""The baseline of a microscope's figures, fitted to a commissioning set."""

import json
from pathlib import Path

import numpy as np
import pytest

from hemascope.domain.drift import PHOTOGRAPHED, DriftFigure
from hemascope.domain.drift_chart import SUSPENSION
from hemascope.domain.errors import ArtifactError
from hemascope.domain.field_figures import drift_of, figures_of
from hemascope.domain.manifest import MICROSCOPE_BASELINE
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.report import MicroscopeState
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.photographed import photographed_figures
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.microscopes.drift import fit_baseline
from hemascope.model.classifier import Classifier
from hemascope.model.folder import ArtifactFolder
from hemascope.screening.baseline import measure_baseline
from hemascope.screening.pipeline import screen

MODEL = "all-subtypes/1.0.1"


def fields(count: int, between: float, within: float = 1.0) -> list[tuple[str, dict[DriftFigure, float]]]:
    """Fields of slides of three, whose light varies from slide to slide."""
    chance = np.random.default_rng(1)
    slides = chance.normal(0.0, between, count // 3)
    return [
        (f"slide-{number // 3}", {DriftFigure.LIGHT: float(slides[number // 3] + chance.normal(0.0, within))})
        for number in range(count)
    ]


def test_the_range_is_wider_where_slides_differ_though_single_fields_spread_alike() -> None:
    alike, different = (
        fit_baseline(fields(90, *spreads), MODEL).figures[DriftFigure.LIGHT] for spreads in ((0.1, 3.0), (2.9, 0.8))
    )

    assert different.high - different.low > 1.3 * (alike.high - alike.low)


def test_fields_and_slides_are_counted_and_the_fit_is_the_same_each_time() -> None:
    first, second = (fit_baseline(fields(60, 1.0), MODEL) for _ in range(2))

    assert (first.fields, first.slides, first.model) == (60, 20, MODEL)
    assert first == second


def test_a_figure_that_fewer_than_half_of_the_fields_have_is_not_charted() -> None:
    found = fields(60, 1.0)
    some = [(slide, figures | {DriftFigure.RED_CELL: 300.0}) for slide, figures in found[:29]]

    assert set(fit_baseline([*some, *found[29:]], MODEL).figures) == {DriftFigure.LIGHT}


def test_a_set_that_does_not_vary_has_a_range_all_the_same() -> None:
    light = fit_baseline([("s", {DriftFigure.LIGHT: -1.0})] * 30, MODEL).figures[DriftFigure.LIGHT]

    assert (light.low, light.mean, light.high) == (-1.5, -1.0, -0.5)


def test_nothing_can_be_fitted_to_no_fields() -> None:
    with pytest.raises(ValueError, match="received none"):
        fit_baseline([], MODEL)


def test_light_and_colour_are_measured_as_photographed() -> None:
    picture = np.full((448, 640, 3), 200, np.uint8)
    picture[...] = (200, 180, 160)

    figures = photographed_figures(picture)

    assert figures.light == pytest.approx(100 * np.log(np.array([200, 180, 160]) / 255).mean())
    assert figures.exposure == pytest.approx(figures.light)
    assert figures.warmth == pytest.approx(100 * np.log(200 / 160))
    assert figures.tint == pytest.approx(100 * np.log(180 / np.sqrt(200 * 160)))
    assert (figures.unevenness, figures.stain) == (0.0, 0.0)


def test_a_dimmer_redder_lamp_moves_light_and_warmth_by_as_much_at_any_size() -> None:
    smear = draw_synthetic_smear(7, side=1600)
    dimmed = np.asarray(np.rint(smear * np.array([0.95, 0.9, 0.8])), np.uint8)

    before, after, large = (photographed_figures(one) for one in (smear, dimmed, np.repeat(np.repeat(dimmed, 2, 0), 2, 1)))

    assert after.light - before.light == pytest.approx(100 * np.log([0.95, 0.9, 0.8]).mean(), abs=0.6)
    assert after.warmth - before.warmth == pytest.approx(100 * np.log(0.95 / 0.8), abs=0.6)
    assert large.light == pytest.approx(after.light, abs=0.3)


def test_a_black_picture_has_finite_figures() -> None:
    assert np.isfinite(list(photographed_figures(np.zeros((64, 64, 3), np.uint8)).model_dump().values())).all()


def test_a_row_repeats_the_figures_of_a_named_microscope_with_its_profile(classifier: Classifier, smear: bytes) -> None:
    named = MicroscopeUse("scope 1", MicroscopeState.PROFILED, None, "a" * 64)

    uses = (named, MicroscopeUse(None, MicroscopeState.UNKNOWN), None)

    report, unnamed, plain = (screen(smear, None, classifier, microscope=use, draw=False).report for use in uses)

    repeated = drift_of(report)
    assert repeated
    assert repeated.profile == "a" * 64
    assert set(repeated.figures) == set(DriftFigure) - {DriftFigure.RED_CELL}
    assert report.evidence
    assert repeated.figures[DriftFigure.FEATURE_SCORE] == round(report.evidence.feature_score, 4)
    assert drift_of(unnamed) is drift_of(plain) is None


def test_the_width_of_red_cells_is_taken_where_the_gate_measures_it(classifier: Classifier, smear: bytes) -> None:
    report = screen(smear, None, classifier, draw=False).report
    assert report.evidence
    measured = report.evidence.quality.figures | {"red_cell": 1.1}
    quality = report.evidence.quality.model_copy(update={"figures": measured})
    told = report.model_copy(update={"evidence": report.evidence.model_copy(update={"quality": quality})})

    assert (figures_of(told) or {})[DriftFigure.RED_CELL] == pytest.approx(100 * np.log(1.1), abs=1e-4)


def test_a_rejected_picture_has_no_figures(classifier: Classifier) -> None:
    report = screen(b"no picture", None, classifier, microscope=MicroscopeUse("scope 1", MicroscopeState.VERIFIED)).report

    assert (figures_of(report), drift_of(report)) == (None, None)


def test_the_fields_of_a_commissioning_set_are_within_their_own_baseline(classifier: Classifier) -> None:
    pictures = [(f"slide-{number}", encode_png(draw_synthetic_smear(number, side=224))) for number in range(6)]

    baseline = measure_baseline([*pictures, ("slide-9", b"no picture")], None, classifier)

    assert baseline
    assert (baseline.fields, baseline.slides) == (6, 6)
    assert set(PHOTOGRAPHED) < set(baseline.figures)
    assert baseline.figures[DriftFigure.LIGHT].excess(baseline.figures[DriftFigure.LIGHT].mean) == 0.0 < SUSPENSION
    assert measure_baseline([("s", b"no picture")], None, classifier) is None


@pytest.fixture
def stored(root: Path, tmp_path: Path) -> ArtifactFolder:
    opened = ArtifactFolder.open(root / "model_artifacts" / "all-subtypes" / "1.0.1")
    for name in ("manifest.json", MICROSCOPE_BASELINE):
        (tmp_path / name).write_bytes((opened.path / name).read_bytes())
    return ArtifactFolder.open(tmp_path)


def test_the_artifact_has_a_baseline_of_its_own_microscope(stored: ArtifactFolder) -> None:
    baseline = stored.baseline()

    assert baseline
    assert (baseline.model, baseline.fields) == (MODEL, 800)


def test_an_altered_baseline_is_refused_and_none_is_none(stored: ArtifactFolder) -> None:
    (stored.path / MICROSCOPE_BASELINE).write_text("{}")
    files = {name: digest for name, digest in stored.manifest.files.items() if name != MICROSCOPE_BASELINE}
    without = ArtifactFolder(stored.path, stored.manifest.model_copy(update={"files": files}))

    with pytest.raises(ArtifactError, match="sha256"):
        stored.baseline()
    assert without.baseline() is None


def test_a_file_that_is_no_baseline_is_refused(stored: ArtifactFolder) -> None:
    manifest = json.loads((stored.path / "manifest.json").read_text())
    manifest["files"][MICROSCOPE_BASELINE] = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of {}
    (stored.path / "manifest.json").write_text(json.dumps(manifest))
    (stored.path / MICROSCOPE_BASELINE).write_text("{}")

    with pytest.raises(ArtifactError, match="baseline"):
        ArtifactFolder.open(stored.path).baseline()
