"""Texts of an artifact for clinician and patient: ``texts.{language}.json``, so that another disease brings its own.

Every artifact has ``texts.en.json``; each further language is one more file, whole in itself.
"""

from collections.abc import Collection

from hemascope.domain.errors import RejectionReason
from hemascope.domain.quality import QualityReason
from hemascope.domain.report import Decision
from hemascope.domain.slide_texts import PatientText, SlideTexts, TextModel

ENGLISH = "en"


def texts_file(language: str) -> str:
    """Name of the file with an artifact's texts in a language.

    Examples
    --------
    >>> texts_file("pt-BR")
    'texts.pt-BR.json'
    """
    return f"texts.{language}.json"


class Texts(TextModel):
    """All texts of a model artifact in one language."""

    language: str
    title: str  # of the printed report
    specimen: str  # what was photographed
    recommendation: dict[str, str]  # by class, where the decision is confident
    caution: dict[Decision, str]  # every other decision
    caution_urgent: str  # an indeterminate answer in which an urgent class is possible
    patient: dict[str, PatientText]  # by class, where the decision is confident
    patient_unclear: PatientText  # reported, but no confident answer
    patient_rejected: PatientText
    patient_disclaimer: str
    advice: dict[RejectionReason, str]  # to the sender of a rejected picture
    quality: dict[QualityReason, str]  # what to do about a poor picture
    slide: SlideTexts

    def recommend(self, decision: Decision, label: str, prediction_set: Collection[str], urgent: Collection[str]) -> str:
        """What the clinician should do about one field."""
        if decision is Decision.CONFIDENT:
            return self.recommendation[label]
        if decision is Decision.INDETERMINATE and not set(urgent).isdisjoint(prediction_set):
            return self.caution_urgent
        return self.caution[decision]
