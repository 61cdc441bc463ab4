"""A microscope with a baseline, and rows of fields that it has photographed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from hemascope.domain.drift import Baseline, DriftFigure, FieldFigures, FigureBaseline
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from tests.support.fake_microscopes import REFERENCE
from tests.support.fakes import START

MODEL = "all-subtypes/1.0.1"
# Light stays within 1 of its mean, warmth within 2.
BASELINE = Baseline(
    figures={
        DriftFigure.LIGHT: FigureBaseline(mean=-1.0, least=-31.0, most=29.0, low=-2.0, high=0.0),
        DriftFigure.WARMTH: FigureBaseline(mean=0.0, least=-30.0, most=30.0, low=-2.0, high=2.0),
        DriftFigure.FEATURE_SCORE: FigureBaseline(mean=0.5, least=0.0, most=1.0, low=0.4, high=0.6),
    },
    fields=60,
    slides=20,
    model=MODEL,
)


def field_row(
    number: int,
    light: float = -1.0,
    warmth: float = 0.0,
    score: float = 0.5,
    *,
    at: datetime | None = None,
    profile: str | None = None,
    model: str = MODEL,
    microscope: str = REFERENCE.digest,
) -> LedgerRow:
    """The row of a field, judged a minute after the one before."""
    version = ObjectVersion(bucket="uploads", key=f"smears/st-mary/p-7/c-1/scope 1/field-{number}.jpg", version_id="v1")
    figures = {DriftFigure.LIGHT: light, DriftFigure.WARMTH: warmth, DriftFigure.FEATURE_SCORE: score}
    return LedgerRow(
        object_id=version.object_id,
        model=model,
        state=State.REPORTED,
        object=version,
        hospital="st-mary",
        slide="c-1",
        finished_at=at or START + timedelta(minutes=number),
        microscope=microscope,
        drift=FieldFigures(figures=figures, profile=profile),
    )


def rows(lights: Iterable[float]) -> list[LedgerRow]:
    """Rows of fields with these values of light, oldest first."""
    return [field_row(number, light) for number, light in enumerate(lights)]
