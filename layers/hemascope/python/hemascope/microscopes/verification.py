"""Reports on slides whose answer is known -> the proof that a microscope's answers are right, or that they are not. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hemascope.domain.disease import Disease
from hemascope.domain.errors import HemascopeError
from hemascope.domain.given_answers import GivenAnswer, answer_of_slide
from hemascope.domain.known_answers import SlideAnswer
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import Decision, MicroscopeState, ModelReference, Report
from hemascope.domain.verification import (
    NotCounted,
    VerificationLimits,
    VerificationProof,
    VerifiedField,
    VerifiedSlide,
)


class MixedSlides(HemascopeError):
    """The same picture is in two slides: files were mixed up."""


@dataclass(frozen=True)
class ScreenedField:
    """One picture of a slide, and the report on it as if its microscope were verified; ``sha256`` is the file's."""

    slide: str
    name: str
    sha256: str
    report: Report


@dataclass(frozen=True)
class Signature:
    """Who verifies which microscope, and when; ``microscope`` is its name in the hospital's registry."""

    by: str
    at: datetime
    microscope: str | None = None


def make_proof(
    fields: Iterable[ScreenedField],
    answers: Mapping[str, SlideAnswer],
    profile: MicroscopeProfile,
    model: ModelReference,
    disease: Disease,
    signature: Signature,
    limits: VerificationLimits | None = None,
) -> VerificationProof:
    """Compare the model's answers with the known ones.

    Fields of slides without a known answer are left out. A picture that the profile was fitted on, or that is there twice, is
    listed and does not count.

    Raises
    ------
    HemascopeError
        Where no slide has an answer, two slides hold the same picture, or a report is another model's or withholds its answer.
    """
    known = [field for field in fields if field.slide in answers]
    if not known:
        raise HemascopeError("There are no pictures of a slide with a known answer. Check the names in the table.")
    if others := {field.report.model.name for field in known if field.report.model != model}:
        raise HemascopeError(f"expected reports of {model.name}, received some of {', '.join(sorted(others))}")
    if any(field.report.result and field.report.result.decision is Decision.UNVERIFIED for field in known):
        raise HemascopeError("expected reports made as if the microscope were verified, received unverified ones")
    _check_slides(known)
    fitted_on = {field.sha256 for field in profile.fitted_on}
    slides = [
        _slide(name, answers[name], [field for field in known if field.slide == name], fitted_on, disease.urgent_classes)
        for name in sorted({field.slide for field in known})
    ]
    return VerificationProof.of(
        slides,
        profile=profile.sha256,
        model=model,
        at=signature.at,
        by=signature.by,
        microscope=signature.microscope,
        limits=limits,
    )


def use_of(
    profile: MicroscopeProfile, proof: VerificationProof | None, model: ModelReference
) -> tuple[MicroscopeUse, str | None]:
    """How pictures are judged with a profile and the proof that came with it, and why they get no answers; None: they do."""
    against = proof.reason_against(profile, model) if proof else "there is no proof of this microscope's answers"
    state = MicroscopeState.PROFILED if against else MicroscopeState.VERIFIED
    proved_by = proof.sha256 if proof and not against else None
    return MicroscopeUse(proof.microscope if proof else None, state, profile, profile.sha256, proved_by), against


def answer_of_field(report: Report, urgent: Sequence[str]) -> GivenAnswer:
    """What a report says of its field. Only a confident decision is an answer."""
    result = report.result
    if result is None:
        return GivenAnswer.NONE
    if result.decision is Decision.CONFIDENT:
        return GivenAnswer.LEUKEMIA if result.label in urgent else GivenAnswer.BENIGN
    is_possible = not set(urgent).isdisjoint({result.label, *result.prediction_set})
    return GivenAnswer.SUSPICION if result.decision is Decision.INDETERMINATE and is_possible else GivenAnswer.NONE


def _check_slides(fields: Iterable[ScreenedField]) -> None:
    """The same picture can't be of two slides: files were mixed up, and then no answer can be relied on."""
    slides: dict[str, ScreenedField] = {}
    for field in fields:
        first = slides.setdefault(field.sha256, field)
        if first.slide != field.slide:
            raise MixedSlides(
                f"The same picture is in two slides: {first.name} of {first.slide} and {field.name} of {field.slide}. Files "
                "were mixed up; find out whose it is, and look for others."
            )


def _slide(
    name: str, answer: SlideAnswer, fields: Sequence[ScreenedField], fitted_on: set[str], urgent: Sequence[str]
) -> VerifiedSlide:
    seen: set[str] = set()
    rows = []
    for field in sorted(fields, key=lambda field: field.name):
        why = NotCounted.FITTED_ON if field.sha256 in fitted_on else NotCounted.REPEATED if field.sha256 in seen else None
        seen.add(field.sha256)
        result = field.report.result
        rows.append(
            VerifiedField(
                name=field.name,
                sha256=field.sha256,
                outcome=result.decision if result else field.report.state,
                label=result.label if result else None,
                answer=answer_of_field(field.report, urgent),
                not_counted=why,
            )
        )
    given = answer_of_slide(row.answer for row in rows if row.not_counted is None)
    return VerifiedSlide(slide=name, known=answer.known, given_as=answer.given_as, answer=given, fields=tuple(rows))
