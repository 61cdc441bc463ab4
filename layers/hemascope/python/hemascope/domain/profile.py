"""The profile of a microscope: what is corrected in its pictures before a model sees them, and what it was fitted on.

It is data alone. :mod:`hemascope.imaging.correction` applies it and :mod:`hemascope.microscopes.profile` makes it.
"""

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hemascope.domain.drift import Baseline
from hemascope.domain.errors import ArtifactError
from hemascope.domain.quality import QualityFigure, QualityLimit, QualityReason
from hemascope.domain.report import Digest, ModelReference

LARGEST_PROFILE = 200_000  # bytes of JSON
ILLUMINATION_DEGREE = 4  # of the polynomial in column and row
ILLUMINATION_TERMS = (ILLUMINATION_DEGREE + 1) * (ILLUMINATION_DEGREE + 2) // 2

Finite = Annotated[float, Field(allow_inf_nan=False)]
Three = tuple[Finite, Finite, Finite]
Curve = Annotated[tuple[Annotated[int, Field(ge=0, le=255)], ...], Field(min_length=256, max_length=256)]
MapName = Literal["identity", "mk", "mkod", "mk+quantiles", "mix-2", "mix-15", "mix-60"]


class _Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ColourMap(_Contract):
    """A map from the colours of a microscope to those of the reference microscope.

    ``matrix`` times the colour plus ``offset``, in RGB (0-255) or in optical density, ``-ln((level + 1) / 256)``; then, where
    there are any, a curve for each channel: the level that replaces each of 256.
    """

    name: MapName = "identity"
    space: Literal["rgb", "density"] = "rgb"
    matrix: tuple[Three, Three, Three] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    offset: Three = (0.0, 0.0, 0.0)
    curves: tuple[Curve, Curve, Curve] | None = None

    @property
    def is_identity(self) -> bool:
        """Whether it leaves every picture as it is, bit for bit."""
        return self.curves is None and self.matrix == IDENTITY.matrix and self.offset == IDENTITY.offset


IDENTITY = ColourMap()
Terms = Annotated[tuple[Finite, ...], Field(min_length=ILLUMINATION_TERMS, max_length=ILLUMINATION_TERMS)]


class IlluminationState(_Contract):
    """The flat field of one session of a microscope: the logarithm of each channel's light, relative to the picture's level.

    A polynomial of degree 4 in column and row, both from -1 at the first to 1 at the last pixel; its terms are ordered by
    degree and then by the power of the row. Its mean over the picture is 0, so that a correction keeps the picture's level.
    """

    red: Terms
    green: Terms
    blue: Terms
    fields: Annotated[int, Field(ge=1)]  # how many it was fitted on

    @property
    def channels(self) -> tuple[Terms, Terms, Terms]:
        """The terms of red, green and blue."""
        return self.red, self.green, self.blue


class Ruler(_Contract):
    """Width of a red cell in pixels of a picture of ``width`` x ``height``, and how many fields it was measured in."""

    red_cell: Annotated[float, Field(gt=0.0)]
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    fields: Annotated[int, Field(ge=1)]


class FittedFigures(_Contract):
    """What was measured in the commissioning fields, and judged against :class:`ProfileLimits`.

    Scores are mean feature scores of the model: distances from what it learned, where 1 is the largest that it accepts.
    """

    fields: Annotated[int, Field(ge=1)]
    slides: Annotated[int, Field(ge=1)]
    clipped: Three  # share of the pixels at the end of each channel's range
    uncorrected_score: Annotated[float, Field(ge=0.0)]
    corrected_score: Annotated[float, Field(ge=0.0)]
    quality_passed: Annotated[float, Field(ge=0.0, le=1.0)]


class ProfileLimits(_Contract):
    """Up to which figures a correction can be trusted; beyond one of them commissioning refuses."""

    minimum_fields: Annotated[int, Field(ge=1)] = 30
    minimum_slides: Annotated[int, Field(ge=1)] = 20
    largest_clipped: Annotated[float, Field(ge=0.0, le=1.0)] = 0.20  # of each channel
    largest_uncorrected_score: Annotated[float, Field(gt=0.0)] = 5.0
    largest_corrected_score: Annotated[float, Field(gt=0.0)] = 0.52
    smallest_quality_passed: Annotated[float, Field(ge=0.0, le=1.0)] = 0.9
    # How wide the red cells of a later field may be, as a multiple of the ruler: beyond, it is another objective.
    smallest_red_cell: Annotated[float, Field(gt=0.0, le=1.0)] = 0.7
    largest_red_cell: Annotated[float, Field(ge=1.0)] = 1.4

    @property
    def scale(self) -> tuple[QualityLimit, QualityLimit]:
        """The limits of a field's red cells as those of a quality gate."""
        figure, reason = QualityFigure.RED_CELL, QualityReason.WRONG_MAGNIFICATION
        return (
            QualityLimit(figure=figure, reason=reason, low=self.smallest_red_cell),
            QualityLimit(figure=figure, reason=reason, high=self.largest_red_cell),
        )


class FittedField(_Contract):
    """A field that a profile was fitted on: its slide, and the digest of its file."""

    slide: str
    sha256: Digest


class MicroscopeProfile(_Contract):
    """A profile, immutable. Its identity is the digest of its JSON."""

    schema_name: Literal["hemascope.microscope-profile/1"] = Field("hemascope.microscope-profile/1", alias="schema")
    colour: ColourMap = IDENTITY
    illumination: tuple[IlluminationState, ...] = ()
    ruler: Ruler | None = None
    limits: ProfileLimits = ProfileLimits()
    figures: FittedFigures | None = None  # None: of the reference microscope, which is fitted on nothing
    fitted_on: tuple[FittedField, ...] = ()
    model: ModelReference | None = None  # whose reference the colours were fitted to
    software: str = ""
    baseline: Baseline | None = None  # how the microscope photographs while nothing changes; None: its drift is not watched

    @model_validator(mode="after")
    def _small(self) -> "MicroscopeProfile":
        if (size := len(self.to_json().encode())) > LARGEST_PROFILE:
            raise ValueError(f"expected a profile of at most {LARGEST_PROFILE} bytes, received {size}")
        return self

    def to_json(self) -> str:
        """The profile as JSON: what is stored, and what is hashed."""
        return self.model_dump_json(by_alias=True) + "\n"

    @classmethod
    def parse(cls, content: bytes, sha256: str) -> "MicroscopeProfile":
        """Read a stored profile.

        Raises
        ------
        ArtifactError
            Where it is another one, altered or none.
        """
        received = hashlib.sha256(content).hexdigest()
        if received != sha256:
            raise ArtifactError(f"expected a profile with sha256 {sha256[:12]}, received {received[:12]}")
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            raise ArtifactError(f"expected the profile {sha256[:12]} of a microscope, received something else") from error

    @property
    def sha256(self) -> str:
        """Digest of :meth:`to_json`, 64 hex digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()
