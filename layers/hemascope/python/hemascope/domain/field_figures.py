"""A report on a field -> the figures that its microscope's chart needs."""

import math

from hemascope.domain.drift import PHOTOGRAPHED, DriftFigure, FieldFigures
from hemascope.domain.report import Report

_DIGITS = 4  # a row is copied for each field that is charted
_RED_CELL = "red_cell"  # of the quality gate, where the microscope has a ruler


def figures_of(report: Report) -> dict[DriftFigure, float] | None:
    """The figures of a field, whether it can be judged or not; None where nothing was measured."""
    evidence = report.evidence
    if evidence is None or evidence.photographed is None:
        return None
    figures = {figure: float(getattr(evidence.photographed, figure)) for figure in PHOTOGRAPHED}
    figures |= {DriftFigure.COLOUR_SCORE: evidence.out_of_distribution_score, DriftFigure.FEATURE_SCORE: evidence.feature_score}
    gate = {str(figure): value for figure, value in evidence.quality.figures.items()}
    for figure, name in ((DriftFigure.SHARPNESS, "sharpness"), (DriftFigure.RED_CELL, _RED_CELL)):
        if (value := gate.get(name, 0.0)) > 0.0:
            figures[figure] = 100.0 * math.log(value)
    return {figure: round(value, _DIGITS) for figure, value in figures.items() if math.isfinite(value)}


def drift_of(report: Report) -> FieldFigures | None:
    """What a ledger row repeats of a report for the chart: nothing where the picture names no microscope."""
    if report.microscope is None or report.microscope.name is None or (figures := figures_of(report)) is None:
        return None
    return FieldFigures(figures=figures, profile=report.microscope.profile)
