"""Whether a microscope still photographs as it did when it was commissioned: figures of a field, their baseline, an alarm.

It is data, and the words for it. :mod:`hemascope.domain.drift_chart` draws the chart and compares it with the limits.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Finite = Annotated[float, Field(allow_inf_nan=False)]
_SHOWN = 3  # figures that a sentence names; the chart shows all
_LONGEST = 500  # characters of a reason


class _Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DriftFigure(StrEnum):
    """What is charted of each field. All but the last four are measured in the picture as photographed."""

    LIGHT = "light"  # 100 ln of the empty slide's level, the mean of the channels: a difference of 1 is 1 %
    EXPOSURE = "exposure"  # the same of the picture's median
    WARMTH = "warmth"  # 100 ln of red over blue in the empty slide
    TINT = "tint"  # 100 ln of green over the mean of red and blue in the empty slide
    UNEVENNESS = "unevenness"  # grey levels between the empty slide's brightness in its darkest and its brightest sixteenth
    STAIN = "stain"  # how purple the most purple pixels are, in grey levels above green
    SHARPNESS = "sharpness"  # 100 ln of the quality gate's sharpness
    COLOUR_SCORE = "colour_score"
    FEATURE_SCORE = "feature_score"
    RED_CELL = "red_cell"  # 100 ln of the red cells' width, where the quality gate measures it


MODEL_FIGURES = frozenset({DriftFigure.COLOUR_SCORE, DriftFigure.FEATURE_SCORE})  # of another model they can't be compared
PHOTOGRAPHED = (
    DriftFigure.LIGHT,
    DriftFigure.EXPOSURE,
    DriftFigure.WARMTH,
    DriftFigure.TINT,
    DriftFigure.UNEVENNESS,
    DriftFigure.STAIN,
)
Figures = Mapping[DriftFigure, float]


class PhotographedFigures(_Contract):
    """Light and stain of a picture before anything was corrected; :class:`DriftFigure` says what each is."""

    light: Finite
    exposure: Finite
    warmth: Finite
    tint: Finite
    unevenness: Finite
    stain: Finite


class FieldFigures(_Contract):
    """The figures of one field, copied into its ledger row, and the profile that it was judged with."""

    figures: dict[DriftFigure, Finite]
    profile: str | None = None


class FigureBaseline(_Contract):
    """One figure among the fields that a microscope was commissioned with.

    Parameters
    ----------
    mean
        Of the fields.
    least, most
        Beyond these a single field counts as if it lay at them, so that one odd field can't raise an alarm.
    low, high
        The smoothed figure stays between these while nothing changes, with the slides of the commissioning set in any order.
    """

    mean: Finite
    least: Finite
    most: Finite
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _ordered(self) -> "FigureBaseline":
        if not (self.least <= self.low < self.mean < self.high <= self.most):
            raise ValueError("expected least <= low < mean < high <= most")
        return self

    def excess(self, smoothed: float) -> float:
        """How far a smoothed figure is from the mean: 1 at ``low`` and at ``high``."""
        away = smoothed - self.mean
        return away / (self.high - self.mean) if away >= 0 else -away / (self.mean - self.low)

    def limits(self, excess: float) -> tuple[float, float]:
        """The two smoothed figures of this excess."""
        return self.mean - excess * (self.mean - self.low), self.mean + excess * (self.high - self.mean)


class Baseline(_Contract):
    """How a microscope photographs while nothing has changed, measured in the fields that it was commissioned with."""

    figures: Annotated[dict[DriftFigure, FigureBaseline], Field(min_length=1)]
    fields: Annotated[int, Field(ge=1)]
    slides: Annotated[int, Field(ge=1)]
    model: str  # id/version: whose scores they are


class DriftFinding(_Contract):
    """A figure that is beyond a limit: which way, how far, and since when it has been away from the mean."""

    figure: DriftFigure
    direction: Literal["up", "down"]
    excess: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
    since: datetime


class DriftAlarm(_Contract):
    """What has changed at a microscope, as it was found at one field.

    Parameters
    ----------
    object_id, model
        The ledger row of that field. The mail about the alarm is marked there, so that it is sent once.
    suspends
        Whether the microscope was suspended for it.
    announced
        Whether the mail is in the queue.
    acknowledged_at
        When the administrator ended it. Only a figure that it doesn't name raises another one before the chart has returned.
    """

    findings: Annotated[tuple[DriftFinding, ...], Field(min_length=1)]
    at: datetime
    object_id: str
    model: str
    suspends: bool = False
    announced: bool = False
    acknowledged_at: datetime | None = None

    @property
    def since(self) -> datetime:
        """When the first of the changes began."""
        return min(finding.since for finding in self.findings)

    @property
    def text(self) -> str:
        """What has changed and since when, in a sentence or a few: no result, and nothing about a patient."""
        return describe(self.findings)


class DriftNotice(_Contract):
    """What the mail about an alarm says: the microscope's name, whether it was suspended, and what has changed."""

    microscope: str
    suspended: bool
    text: Annotated[str, Field(max_length=_LONGEST)]


def describe(findings: tuple[DriftFinding, ...]) -> str:
    """The largest changes in words, at most three.

    Examples
    --------
    >>> from datetime import UTC
    >>> since = datetime(2026, 11, 3, 8, 10, tzinfo=UTC)
    >>> describe((DriftFinding(figure="light", direction="down", excess=1.3, since=since),))
    'Compared with its commissioning, the light is darker. It began about 2026-11-03 08:10 UTC.'
    """
    largest = sorted(findings, key=lambda finding: -finding.excess)
    changes = [_WORDS[finding.figure][finding.direction == "down"] for finding in largest[:_SHOWN]]
    others = len(findings) - len(changes)
    more = f", and {others} more figure{'s have' if others > 1 else ' has'} changed" if others else ""
    began = min(finding.since for finding in findings)
    return f"Compared with its commissioning, {'; '.join(changes)}{more}. It began about {began:%Y-%m-%d %H:%M} UTC."


# What a rise and what a fall of a figure mean to the person at the microscope.
_WORDS: Mapping[DriftFigure, tuple[str, str]] = {
    DriftFigure.LIGHT: ("the light is brighter", "the light is darker"),
    DriftFigure.EXPOSURE: ("the pictures are brighter", "the pictures are darker"),
    DriftFigure.WARMTH: ("the light is redder", "the light is bluer"),
    DriftFigure.TINT: ("the light is greener", "the light is more magenta"),
    DriftFigure.UNEVENNESS: ("the light is less even", "the light is more even"),
    DriftFigure.STAIN: ("the nuclei are more purple", "the nuclei are less purple"),
    DriftFigure.SHARPNESS: ("the pictures are sharper", "the pictures are less sharp"),
    DriftFigure.COLOUR_SCORE: (
        "the colours are farther from those that the model knows",
        "the colours are closer to those that the model knows",
    ),
    DriftFigure.FEATURE_SCORE: (
        "the pictures are farther from those that the model knows",
        "the pictures are closer to those that the model knows",
    ),
    DriftFigure.RED_CELL: ("red cells are larger", "red cells are smaller"),
}
