"""The quality gate: figures with a literal value, limits on one side, and the words that follow."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.quality import QualityFigure, QualityLimit, QualityReason, QualitySpec
from hemascope.domain.report import Decision
from hemascope.domain.specimen import Specimen
from hemascope.domain.texts import Texts
from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import to_network_inputs
from hemascope.imaging.quality import broken_limits, gate_figures, shows_no_cells
from hemascope.imaging.segment import Segmentation
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.model.artifact import Artifact
from hemascope.screening.pipeline import screen
from tests.support.fakes import FixedClassifier
from training.export.quality import fit_quality

SPECIMEN = Specimen(hospital="st-mary", patient="p-17", slide="c-3", field="field 1.jpg")
EMPTY = Segmentation.of_mask(np.zeros((224, 224), np.bool_))
FIGURE, REASON = QualityFigure, QualityReason


def figures(picture: Picture, found: Segmentation = EMPTY) -> dict[QualityFigure, float]:
    return gate_figures(picture, found)


def plain(*levels: int) -> Picture:
    """Upright stripes of equal width."""
    return np.repeat(np.repeat(np.array(levels, np.uint8), 224 // len(levels))[None, :, None], 224, axis=0).repeat(3, axis=2)


def limit(figure: QualityFigure, reason: QualityReason, low: float | None = None, high: float | None = None) -> QualityLimit:
    return QualityLimit(figure=figure, reason=reason, low=low, high=high)


def test_brightness_is_the_mean_grey_and_clipped_the_share_of_white_pixels() -> None:
    found = figures(plain(50, 250))

    assert found[FIGURE.BRIGHTNESS] == 150.0
    assert found[FIGURE.CLIPPED] == 0.5


def test_a_white_scale_bar_corner_counts_for_nothing() -> None:
    picture = plain(50, 200)
    marked = picture.copy()
    marked[196:, 170:] = 255

    assert figures(marked) == figures(picture)


def test_flat_is_the_share_of_tiles_without_noise() -> None:
    noise = np.random.default_rng(1).integers(-6, 7, (224, 224, 1))
    picture = np.clip(plain(200, 200) + noise, 0, 255).astype(np.uint8)
    half = picture.copy()
    half[:, :112] = 255

    assert figures(picture)[FIGURE.FLAT] == 0.0
    assert figures(half)[FIGURE.FLAT] == 0.5


def test_unevenness_is_between_the_brightest_and_the_darkest_sixteenth() -> None:
    assert figures(plain(240, 240, 240, 240))[FIGURE.UNEVENNESS] == 0.0
    assert figures(plain(240, 240, 200, 150))[FIGURE.UNEVENNESS] == pytest.approx(90.0)


def test_stain_is_how_purple_the_most_purple_pixels_are() -> None:
    picture = plain(230, 230)
    picture[40:80, 40:80] = (120, 60, 200)

    assert figures(plain(230, 230))[FIGURE.STAIN] == 0.0
    assert figures(picture)[FIGURE.STAIN] == 60.0


def test_contrast_alone_does_not_change_sharpness_but_blur_does() -> None:
    smear = draw_synthetic_smear(1, side=224)
    faint = (smear // 2 + 100).astype(np.uint8)
    sharp = figures(smear)[FIGURE.SHARPNESS]

    assert figures(faint)[FIGURE.SHARPNESS] == pytest.approx(sharp, rel=0.05)
    assert figures(cv2.GaussianBlur(smear, (0, 0), 4.0))[FIGURE.SHARPNESS] < sharp / 3


def test_grain_grows_with_the_magnification() -> None:
    smear = draw_synthetic_smear(1, side=672)
    near, far = cv2.resize(smear[:224, :224], (224, 224)), cv2.resize(smear, (224, 224), interpolation=cv2.INTER_AREA)

    assert figures(near)[FIGURE.GRAIN] > 1.5 * figures(far)[FIGURE.GRAIN]


def test_cells_their_median_area_and_the_coverage_are_of_the_segmentation() -> None:
    mask = np.zeros((224, 224), np.bool_)
    for column, side in ((10, 10), (60, 20), (120, 40)):
        mask[20 : 20 + side, column : column + side] = True

    found = figures(plain(230, 230), Segmentation.of_mask(mask))

    assert (found[FIGURE.CELLS], found[FIGURE.CELL_AREA]) == (3.0, 400.0)
    assert found[FIGURE.MASK_COVERAGE] == pytest.approx(2100 / 224**2)
    assert (figures(plain(230, 230))[FIGURE.CELLS], figures(plain(230, 230))[FIGURE.CELL_AREA]) == (0.0, 0.0)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_colour_has_figures(level: int) -> None:
    found = figures(plain(level, level))

    assert set(found) == set(FIGURE) - {FIGURE.RED_CELL}  # that one is of a field and its ruler
    assert all(np.isfinite(value) for value in found.values())


def test_a_value_at_the_limit_is_within_and_beyond_it_is_not() -> None:
    low, high = limit(FIGURE.STAIN, REASON.UNSTAINED, low=4.0), limit(FIGURE.CLIPPED, REASON.TOO_BRIGHT, high=0.5)

    assert [low.broken_by(value) for value in (3.9, 4.0, 4.1)] == [True, False, False]
    assert [high.broken_by(value) for value in (0.4, 0.5, 0.6)] == [False, False, True]


@pytest.mark.parametrize("bounds", [{}, {"low": 1.0, "high": 2.0}, {"low": float("nan")}, {"high": float("inf")}])
def test_a_limit_has_one_side_that_is_a_number(bounds: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        QualityLimit.model_validate({"figure": "stain", "reason": "unstained", **bounds})


def test_broken_limits_come_in_the_order_of_the_specification() -> None:
    spec = QualitySpec(
        limits=(
            limit(FIGURE.BRIGHTNESS, REASON.TOO_DARK, low=160.0),
            limit(FIGURE.CLIPPED, REASON.TOO_BRIGHT, high=0.9),
            limit(FIGURE.CELLS, REASON.TOO_FEW_CELLS, low=1.0),
        )
    )

    assert [finding.reason for finding in broken_limits(figures(plain(20, 30)), spec)] == [
        REASON.TOO_DARK,
        REASON.TOO_FEW_CELLS,
    ]


# What the service makes of it.


@pytest.fixture
def texts(root: Path) -> Texts:
    return Texts.model_validate_json((root / "training" / "export" / "texts.en.json").read_bytes())


def gated(artifact: Artifact, texts: Texts, *limits: QualityLimit) -> FixedClassifier:
    """The shipped artifact with a quality gate, sure of Pre-B."""
    manifest = artifact.manifest.model_copy(update={"quality": QualitySpec(limits=limits)})
    colours = artifact.colours.model_copy(update={"accepted_distance": 1e9})
    return FixedClassifier(
        dataclasses.replace(artifact, manifest=manifest, texts=texts, colours=colours), 0.01, 0.01, 0.97, 0.01
    )


def test_a_picture_beyond_a_limit_is_of_poor_quality_with_reason_and_advice(
    artifact: Artifact, texts: Texts, smear: bytes
) -> None:
    strict = (
        limit(FIGURE.SHARPNESS, REASON.OUT_OF_FOCUS, low=9.0),
        limit(FIGURE.BRIGHTNESS, REASON.TOO_DARK, low=20.0),
        limit(FIGURE.MASK_COVERAGE, REASON.EMPTY_MASK, low=0.9),
    )

    report = screen(smear, SPECIMEN, gated(artifact, texts, *strict)).report

    assert report.result is not None
    assert report.evidence is not None
    assert report.result.decision is Decision.POOR_QUALITY
    assert report.result.recommendation.startswith("The picture is blurred. Refocus")
    assert "Choose a field with white cells" in report.result.recommendation
    first, second = report.evidence.quality.findings
    assert (first.reason, first.figure, first.limit) == (REASON.OUT_OF_FOCUS, FIGURE.SHARPNESS, 9.0)
    assert first.value == report.evidence.quality.figures[FIGURE.SHARPNESS] < 9.0
    assert first.advice == "The picture is blurred. Refocus and photograph the field again."
    assert second.reason is REASON.EMPTY_MASK


def test_one_reason_by_two_figures_is_advised_once(artifact: Artifact, texts: Texts, smear: bytes) -> None:
    twice = (
        limit(FIGURE.GRAIN, REASON.WRONG_MAGNIFICATION, low=99.0),
        limit(FIGURE.CELLS, REASON.WRONG_MAGNIFICATION, low=99.0),
    )

    report = screen(smear, SPECIMEN, gated(artifact, texts, *twice)).report

    assert report.result is not None
    assert report.result.recommendation == texts.quality[REASON.WRONG_MAGNIFICATION]


def test_a_picture_within_all_limits_is_answered_and_its_figures_are_reported(
    artifact: Artifact, texts: Texts, smear: bytes
) -> None:
    report = screen(smear, SPECIMEN, gated(artifact, texts, limit(FIGURE.CELLS, REASON.TOO_FEW_CELLS, low=9.0))).report

    assert report.result is not None
    assert report.evidence is not None
    assert report.result.decision is Decision.CONFIDENT
    assert report.evidence.quality.findings == ()
    assert set(report.evidence.quality.figures) == set(FIGURE) - {FIGURE.RED_CELL}


def test_a_models_gate_has_no_limit_of_red_cells_since_not_every_picture_has_a_ruler() -> None:
    with pytest.raises(ValidationError, match="that of red cells is the profile's"):
        QualitySpec(limits=(limit(FIGURE.RED_CELL, REASON.WRONG_MAGNIFICATION, low=0.7),))


@pytest.mark.parametrize(
    ("cells", "broken", "expected"),
    [
        (0.0, [(FIGURE.CELLS, REASON.TOO_FEW_CELLS), (FIGURE.STAIN, REASON.UNSTAINED)], True),
        (0.0, [(FIGURE.CELL_AREA, REASON.WRONG_MAGNIFICATION), (FIGURE.GRAIN, REASON.WRONG_MAGNIFICATION)], True),
        (0.0, [(FIGURE.CELLS, REASON.TOO_FEW_CELLS), (FIGURE.SHARPNESS, REASON.OUT_OF_FOCUS)], False),
        (0.0, [(FIGURE.CLIPPED, REASON.TOO_BRIGHT)], False),
        (1.0, [(FIGURE.MASK_COVERAGE, REASON.EMPTY_MASK)], False),
    ],
)
def test_a_part_without_cells_is_told_from_one_that_cannot_be_read(
    cells: float, broken: list[tuple[QualityFigure, QualityReason]], expected: bool
) -> None:
    assert shows_no_cells([limit(figure, reason, low=1.0) for figure, reason in broken], cells) is expected


# How the limits are found.


def test_limits_hold_all_but_one_in_a_thousand_pictures_and_more_by_their_margin() -> None:
    measured = [dict.fromkeys(FIGURE, 0.2 + number / 10_000) for number in range(1001)]

    limits = {(bound.figure, bound.low is not None): bound for bound in fit_quality(measured).limits}

    assert limits[FIGURE.SHARPNESS, True].low == pytest.approx(0.2001 / 1.25, rel=1e-3)
    assert limits[FIGURE.MASK_COVERAGE, False].high == pytest.approx(0.2999 * 1.25, rel=1e-3)
    assert limits[FIGURE.CLIPPED, False].high == pytest.approx(0.2999 + 0.05, rel=1e-3)
    assert limits[FIGURE.CELLS, True].low == 1.0
    assert {item.reason for item in limits.values()} == set(REASON)


def test_nothing_to_fit_to_is_an_error() -> None:
    with pytest.raises(ValueError, match="received none"):
        fit_quality([])


def test_what_is_drawn_is_measured_like_what_is_photographed() -> None:
    spec = PreprocessingSpec()
    smear = draw_synthetic_smear(2, side=224)

    found = figures(smear, to_network_inputs(smear, spec).segmentation)

    assert found[FIGURE.CELLS] == 9.0
    assert 100 < found[FIGURE.CELL_AREA] < 700
