"""The words of an artifact for clinician and patient: one file a language, so that a second disease brings its own.

``texts.en.json`` stands in every artifact, ``texts.{language}.json`` beside it is another language. Words that artifacts of
before lack are English (:mod:`hemascope.domain.english`); a file in another language must be whole.
"""

from collections.abc import Collection

from pydantic import Field, model_validator

from hemascope.domain import english
from hemascope.domain.errors import RejectionReason
from hemascope.domain.quality import QualityReason
from hemascope.domain.report import Decision
from hemascope.domain.slide_texts import PatientText, SlideTexts, Words

ENGLISH = "en"
_LATER = frozenset({"caution_urgent", "slide"})  # came after artifact 1.0.0


def texts_file(language: str) -> str:
    """Name of the file with an artifact's words in a language.

    Examples
    --------
    >>> texts_file("pt-BR")
    'texts.pt-BR.json'
    """
    return f"texts.{language}.json"


class Texts(Words):
    """All texts of a model artifact in one language."""

    language: str
    recommendation: dict[str, str]  # by class, where the decision is confident
    caution: dict[Decision, str]  # every other decision
    caution_urgent: str = english.CAUTION_URGENT  # an indeterminate answer in which an urgent class is possible
    patient: dict[str, PatientText]  # by class, where the decision is confident
    patient_unclear: PatientText  # reported, but no confident answer
    patient_rejected: PatientText
    patient_disclaimer: str
    advice: dict[RejectionReason, str]  # to the sender of a rejected picture
    # What to do about a poor picture; all of them where the model has a quality gate.
    quality: dict[QualityReason, str] = Field(default_factory=dict)
    slide: SlideTexts = english.SLIDE

    @model_validator(mode="after")
    def _one_language(self) -> "Texts":
        if self.language != ENGLISH and (missing := _LATER - self.model_fields_set):
            raise ValueError(f"expected {' and '.join(sorted(missing))} in the language {self.language}")
        return self

    def recommend(self, decision: Decision, label: str, prediction_set: Collection[str], urgent: Collection[str]) -> str:
        """What the clinician should do about one field."""
        if decision is Decision.CONFIDENT:
            return self.recommendation[label]
        if decision is Decision.INDETERMINATE and not set(urgent).isdisjoint(prediction_set):
            return self.caution_urgent
        return self.caution[decision]
