"""The proof that a microscope's answers are right, on slides whose answer is known. It can't contradict itself.

What it concludes (answers of slides, figures, whether it passes) is computed again from its fields and limits when it is read,
so a file that was edited to pass is refused. Decision 34 says what a proof proves and what it does not.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from hemascope import __version__
from hemascope.domain.binomial import lower_bound, successes_needed, upper_bound
from hemascope.domain.given_answers import POSSIBLE, GivenAnswer, answer_of_slide
from hemascope.domain.known_answers import KnownAnswer
from hemascope.domain.microscope_run import Account
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import Digest, ModelReference, Probability
from hemascope.domain.specimen import Segment

_DIGITS = 6  # of bounds in a proof


class NotCounted(StrEnum):
    """Why a field is listed and not counted."""

    FITTED_ON = "fitted_on"  # the profile was fitted on this very picture
    REPEATED = "repeated"  # the same picture is there twice


class _Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class VerifiedField(_Contract):
    """One picture: ``outcome`` is the report's decision, or its state where there is none; ``label`` the likeliest class."""

    name: str
    sha256: Digest  # of the file; of its path where it could not be read
    outcome: str
    label: str | None
    answer: GivenAnswer
    not_counted: NotCounted | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "VerifiedField":
        if self.answer not in POSSIBLE.get(self.outcome, {GivenAnswer.NONE}):
            raise ValueError(
                f"expected an answer that a field with the outcome {self.outcome} can have, received {self.answer}"
            )
        return self


class VerifiedSlide(_Contract):
    """One slide: the known answer, as it was given (``benign``, ``leukemia`` or a class), and the model's."""

    slide: Annotated[str, Field(min_length=1)]
    known: KnownAnswer
    given_as: str
    answer: GivenAnswer
    fields: Annotated[tuple[VerifiedField, ...], Field(min_length=1)]

    @property
    def counted(self) -> tuple[VerifiedField, ...]:
        """The fields that count. A slide without one doesn't count either."""
        return tuple(field for field in self.fields if field.not_counted is None)

    @property
    def is_right(self) -> bool:
        """Whether the model said what is known."""
        return self.answer is GivenAnswer(self.known)

    @property
    def is_called_benign(self) -> bool:
        """Whether it is the dangerous error: leukemia that the model is confident is none."""
        return bool(self.counted) and (self.known, self.answer) == (KnownAnswer.LEUKEMIA, GivenAnswer.BENIGN)

    @model_validator(mode="after")
    def _consistent(self) -> "VerifiedSlide":
        if self.given_as.casefold() in set(KnownAnswer) - {self.known}:
            raise ValueError(f"expected a known answer as it was given, {self.given_as}, received {self.known}")
        if self.answer is not (expected := answer_of_slide(field.answer for field in self.counted)):
            raise ValueError(f"expected the answer {expected} of the slide's fields, received {self.answer}")
        return self


class VerificationLimits(_Contract):
    """What a hospital signs: which bounds must be reached, by slide.

    The default for specificity is lower than that for sensitivity. A false alarm costs a reading by eye, and a miss may cost a
    life; and a withheld "benign" counts as an error too, which is one smear in six even on the reference microscope. But a
    microscope with which everything is called leukemia must not pass, and frequent false alarms are not heard.
    """

    sensitivity: Annotated[float, Field(ge=0.5, le=0.999)] = 0.90  # 29 leukemia slides without a miss
    specificity: Annotated[float, Field(ge=0.5, le=0.999)] = 0.70  # 9 benign slides without an error
    certainty: Annotated[float, Field(ge=0.9, le=0.9999)] = 0.95  # of each bound


class MeasuredShare(_Contract):
    """A share of right answers with its exact bounds; each holds with the certainty of the limits.

    ``right + wrong + unanswered == total``. ``wrong`` are confident answers that say the opposite.
    """

    right: Annotated[int, Field(ge=0)]
    wrong: Annotated[int, Field(ge=0)]
    unanswered: Annotated[int, Field(ge=0)]
    total: Annotated[int, Field(ge=0)]
    lower: Probability
    upper: Probability


class VerificationFigures(_Contract):
    """Sensitivity for leukemia and specificity. Those by slide are judged.

    Fields of one slide share stain and preparation, so they are not independent, and intervals by field are narrower than what
    is known.
    """

    sensitivity: MeasuredShare
    specificity: MeasuredShare
    sensitivity_by_field: MeasuredShare
    specificity_by_field: MeasuredShare
    leukemia_slides_needed: Annotated[int, Field(ge=0)]  # more, all without a miss
    benign_slides_needed: Annotated[int, Field(ge=0)]


class VerificationProof(_Contract):
    """A proof, immutable. Its identity is the digest of its canonical JSON; the file is exactly that JSON."""

    schema_name: Literal["hemascope.verification/1"] = Field("hemascope.verification/1", alias="schema")
    microscope: Segment | None  # its name in the hospital's registry
    profile: Digest
    model: ModelReference
    at: AwareDatetime
    by: Account
    limits: VerificationLimits
    slides: tuple[VerifiedSlide, ...]
    figures: VerificationFigures
    passed: bool
    software: str

    @classmethod
    def of(
        cls,
        slides: Sequence[VerifiedSlide],
        *,
        profile: str,
        model: ModelReference,
        at: datetime,
        by: str,
        microscope: str | None = None,
        limits: VerificationLimits | None = None,
    ) -> "VerificationProof":
        """Compute what follows from slides and limits."""
        limits = limits or VerificationLimits()
        figures = measure(slides, limits)
        return cls(
            microscope=microscope,
            profile=profile,
            model=model,
            at=at,
            by=by,
            limits=limits,
            slides=tuple(slides),
            figures=figures,
            passed=_passes(figures),
            software=__version__,
        )

    @model_validator(mode="after")
    def _consistent(self) -> "VerificationProof":
        names = [slide.slide for slide in self.slides]
        if len(set(names)) < len(names):
            raise ValueError("expected each slide once")
        pictures = [field.sha256 for slide in self.slides for field in slide.counted]
        if len(set(pictures)) < len(pictures):
            raise ValueError("expected each picture to count once")
        expected = measure(self.slides, self.limits)
        if _counts(self.figures) != _counts(expected) or self.passed is not _passes(expected):
            raise ValueError("expected the figures that follow from the slides and limits")
        return self

    def reason_against(self, profile: MicroscopeProfile, model: ModelReference) -> str | None:
        """Why it does not open a microscope with this profile under this model; None where it does."""
        if not self.passed:
            return "the proof says that this microscope's answers are not good enough"
        if self.profile != profile.sha256:
            return "the proof was made with another profile"
        if self.model.sha256 != model.sha256:
            return f"the proof is of another model, {self.model.name}; verify the microscope again with {model.name}"
        counted = {field.sha256 for slide in self.slides for field in slide.counted}
        if any(field.sha256 in counted for field in profile.fitted_on):
            return "the proof counts pictures that the profile was fitted on; verify the microscope with new pictures"
        return None

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no blanks, UTF-8, a line feed at the end. It is what is stored, and what is hashed."""
        content = self.model_dump(mode="json", by_alias=True)
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"

    @property
    def sha256(self) -> str:
        """Digest of :meth:`to_json`, 64 hex digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def slides_needed(figures: VerificationFigures) -> list[str]:
    """What is still needed, in words that follow "Still needed"; nothing where the bounds are reached."""
    kinds = (
        (figures.leukemia_slides_needed, KnownAnswer.LEUKEMIA, "a miss"),
        (figures.benign_slides_needed, KnownAnswer.BENIGN, "an error"),
    )
    return [f"{count} more {known} slide{'s' if count > 1 else ''} without {error}" for count, known, error in kinds if count]


def measure(slides: Sequence[VerifiedSlide], limits: VerificationLimits) -> VerificationFigures:
    """Count right answers. What is no confident answer is never right: neither a suspicion nor none is a hit."""
    counted = [slide for slide in slides if slide.counted]

    def by_slide(known: KnownAnswer) -> MeasuredShare:
        return _share(known, [slide.answer for slide in counted if slide.known is known], limits)

    def by_field(known: KnownAnswer) -> MeasuredShare:
        return _share(known, [field.answer for slide in counted if slide.known is known for field in slide.counted], limits)

    sensitivity, specificity = by_slide(KnownAnswer.LEUKEMIA), by_slide(KnownAnswer.BENIGN)
    return VerificationFigures(
        sensitivity=sensitivity,
        specificity=specificity,
        sensitivity_by_field=by_field(KnownAnswer.LEUKEMIA),
        specificity_by_field=by_field(KnownAnswer.BENIGN),
        leukemia_slides_needed=successes_needed(sensitivity.right, sensitivity.total, limits.sensitivity, limits.certainty),
        benign_slides_needed=successes_needed(specificity.right, specificity.total, limits.specificity, limits.certainty),
    )


def _share(known: KnownAnswer, answers: Sequence[GivenAnswer], limits: VerificationLimits) -> MeasuredShare:
    right = sum(answer is GivenAnswer(known) for answer in answers)
    wrong = sum(answer in {GivenAnswer.LEUKEMIA, GivenAnswer.BENIGN} for answer in answers) - right
    total = len(answers)

    def bound(compute: Callable[[int, int, float], float]) -> float:
        return round(compute(right, total, limits.certainty), _DIGITS)

    return MeasuredShare(
        right=right,
        wrong=wrong,
        unanswered=total - right - wrong,
        total=total,
        lower=bound(lower_bound),
        upper=bound(upper_bound),
    )


def _passes(figures: VerificationFigures) -> bool:
    return figures.leukemia_slides_needed == 0 and figures.benign_slides_needed == 0


def _counts(figures: VerificationFigures) -> tuple[object, ...]:
    """Everything, with bounds to four digits: the last one may differ between mathematical libraries."""
    shares = (figures.sensitivity, figures.specificity, figures.sensitivity_by_field, figures.specificity_by_field)
    bounds = tuple(round(bound, _DIGITS - 2) for share in shares for bound in (share.lower, share.upper))
    counts = tuple((share.right, share.wrong, share.unanswered, share.total) for share in shares)
    return counts, bounds, figures.leukemia_slides_needed, figures.benign_slides_needed
