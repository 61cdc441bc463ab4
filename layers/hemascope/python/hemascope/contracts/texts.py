"""The words of an artifact for clinician and patient: one file a language, so that a second disease brings its own."""

from pydantic import BaseModel, ConfigDict

from hemascope.contracts.errors import RejectionReason
from hemascope.contracts.quality import QualityReason
from hemascope.contracts.report import Decision


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PatientText(_Words):
    """One message to a patient."""

    headline: str
    explanation: str
    next_step: str


class Texts(_Words):
    """All texts of a model artifact in one language."""

    language: str
    recommendation: dict[str, str]  # by class, where the decision is confident
    caution: dict[Decision, str]  # every other decision
    patient: dict[str, PatientText]  # by class, where the decision is confident
    patient_unclear: PatientText  # reported, but no confident answer
    patient_rejected: PatientText
    patient_disclaimer: str
    advice: dict[RejectionReason, str]  # to the sender of a rejected picture
    quality: dict[QualityReason, str] = {}  # what to do about a poor picture; all of them where the model has a quality gate
