"""How a commissioning ended: the figures against their limits, what to change at the microscope, and which fields were read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hemascope.domain.microscope_run import Account
from hemascope.domain.profile import FittedFigures, ProfileLimits
from hemascope.domain.report import Digest, ModelReference
from hemascope.domain.specimen import Segment

_CHANNELS = ("red", "green", "blue")


class RefusalReason(StrEnum):
    """The limit that a microscope's fields are beyond."""

    TOO_FEW_FIELDS = "too_few_fields"
    TOO_FEW_SLIDES = "too_few_slides"
    CLIPPED = "clipped"
    UNLIKE = "unlike"
    NOT_CORRECTED = "not_corrected"
    POOR_QUALITY = "poor_quality"


@dataclass(frozen=True)
class Refusal:
    """One limit, and a sentence for the person at the microscope that names the cause and the remedy."""

    reason: RefusalReason
    message: str


class _Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class CheckedFigure(_Contract):
    """One figure against its limit, in words, and whether it is within."""

    text: str
    is_kept: bool


class ExamplePictures(_Contract):
    """Keys of one field's pictures: as photographed, and corrected; none of the latter where nothing could be fitted."""

    before: str
    after: str | None


class CommissioningDocument(_Contract):
    """What one commissioning found. It names objects and slides by digests only.

    Parameters
    ----------
    profile
        SHA-256 of the profile; None where it was refused, and ``refusals`` say why.
    fields, slides
        How many were read; ``unreadable`` more could not be judged.
    """

    schema_name: Literal["hemascope.commissioning/1"] = Field("hemascope.commissioning/1", alias="schema")
    microscope: Segment
    model: ModelReference
    at: AwareDatetime
    by: Account
    since: AwareDatetime | None
    oldest: AwareDatetime | None  # when the oldest field arrived that was read
    profile: Digest | None
    fields: Annotated[int, Field(ge=0)]
    slides: Annotated[int, Field(ge=0)]
    unreadable: Annotated[int, Field(ge=0)]
    figures: FittedFigures | None
    limits: ProfileLimits
    checks: tuple[CheckedFigure, ...]
    refusals: tuple[str, ...]
    examples: tuple[ExamplePictures, ...]

    def to_json(self) -> str:
        """The document as it is stored."""
        return self.model_dump_json(by_alias=True) + "\n"


def check_counts(fields: int, slides: int, limits: ProfileLimits) -> list[Refusal]:
    """What is missing before anything can be fitted."""
    missing_fields, missing_slides = limits.minimum_fields - fields, limits.minimum_slides - slides
    found = []
    if missing_fields > 0:
        message = f"{limits.minimum_fields} fields are needed, and there are {fields}. Photograph {missing_fields} more."
        found.append(Refusal(RefusalReason.TOO_FEW_FIELDS, message))
    if missing_slides > 0:
        message = (
            f"Fields of {limits.minimum_slides} slides are needed, and these are of {slides}: the stain of few slides would be "
            f"taken for the microscope's. Photograph {missing_slides} more slides, stained on different days if you can."
        )
        found.append(Refusal(RefusalReason.TOO_FEW_SLIDES, message))
    return found


def check_in_words(figures: FittedFigures, limits: ProfileLimits) -> tuple[CheckedFigure, ...]:
    """Each figure beside its limit."""
    passed, needed = 100 * figures.quality_passed, 100 * limits.smallest_quality_passed
    shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in zip(_CHANNELS, figures.clipped, strict=True))
    before, after = figures.uncorrected_score, figures.corrected_score
    enough = figures.fields >= limits.minimum_fields and figures.slides >= limits.minimum_slides
    return _checked(
        (
            f"{figures.fields} fields of {figures.slides} slides; at least {limits.minimum_fields} of {limits.minimum_slides}",
            enough,
        ),
        (
            f"lost in highlights and shadows: {shares}; at most {100 * limits.largest_clipped:.0f} % in each",
            max(figures.clipped) <= limits.largest_clipped,
        ),
        (
            f"distance from the model's pictures (1 accepted): {before:.2f}; at most {limits.largest_uncorrected_score:g}",
            before <= limits.largest_uncorrected_score,
        ),
        (
            f"the same with the profile: {after:.2f}; at most {limits.largest_corrected_score:g}",
            after <= limits.largest_corrected_score,
        ),
        (
            f"fields of good quality: {passed:.0f} %; at least {needed:.0f} %",
            figures.quality_passed >= limits.smallest_quality_passed,
        ),
    )


def _checked(*found: tuple[str, bool]) -> tuple[CheckedFigure, ...]:
    return tuple(CheckedFigure(text=text, is_kept=is_kept) for text, is_kept in found)
