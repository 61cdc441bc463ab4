"""When a picture is too poor to be judged, as data: limits of named figures, stored in the manifest of a model artifact."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class QualityFigure(StrEnum):
    """What is measured; :func:`hemascope.imaging.quality.gate_figures` says how."""

    SHARPNESS = "sharpness"
    BRIGHTNESS = "brightness"
    CLIPPED = "clipped"
    FLAT = "flat"
    UNEVENNESS = "unevenness"
    STAIN = "stain"
    GRAIN = "grain"
    RED_CELL = "red_cell"  # of a whole field, where its microscope has a ruler and the field can be measured
    CELLS = "cells"
    CELL_AREA = "cell_area"
    MASK_COVERAGE = "mask_coverage"


class QualityReason(StrEnum):
    """Why a picture is too poor."""

    OUT_OF_FOCUS = "out_of_focus"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    UNEVEN_LIGHT = "uneven_light"
    UNSTAINED = "unstained"
    WRONG_MAGNIFICATION = "wrong_magnification"
    TOO_FEW_CELLS = "too_few_cells"
    EMPTY_MASK = "empty_mask"
    OVERFLOWING_MASK = "overflowing_mask"


class QualityLimit(BaseModel):
    """A figure below ``low`` or above ``high`` gives the reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    figure: QualityFigure
    reason: QualityReason
    low: Annotated[float, Field(allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one_side(self) -> "QualityLimit":
        if (self.low is None) == (self.high is None):
            raise ValueError(f"expected either a low or a high limit of {self.figure}, received {self.low} and {self.high}")
        return self

    @property
    def bound(self) -> float:
        """The limit itself, whichever side it is on."""
        return self.low if self.low is not None else self.high if self.high is not None else float("nan")

    def broken_by(self, value: float) -> bool:
        """Whether a value is beyond the limit; at the limit it is not."""
        return value < self.bound if self.low is not None else value > self.bound


class QualitySpec(BaseModel):
    """The limits, fitted at export to the training pictures; a report names those that are broken in this order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: Annotated[tuple[QualityLimit, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _of_every_picture(self) -> "QualitySpec":
        if any(limit.figure is QualityFigure.RED_CELL for limit in self.limits):
            raise ValueError("expected limits of figures that every picture has; that of red cells is the profile's")
        return self


class QualityFinding(BaseModel):
    """A figure of quality that is beyond the model's limit, and what to do about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: QualityReason
    figure: QualityFigure
    value: Annotated[float, Field(allow_inf_nan=False)]
    limit: Annotated[float, Field(allow_inf_nan=False)]
    advice: str
