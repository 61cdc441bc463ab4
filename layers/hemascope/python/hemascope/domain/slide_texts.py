"""Texts about a slide: templates whose counts are filled in when a slide report is built."""

from string import Template
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from hemascope.domain.slide import Finding, Tier

COUNTS = frozenset({"cells", "fields", "all", "agreement"})  # what a template may hold, as $cells; agreement is in percent


def _check_template(text: str) -> str:
    template = Template(text)
    if not template.is_valid() or not set(template.get_identifiers()) <= COUNTS:
        raise ValueError(f"expected a template with none but {', '.join(f'${name}' for name in sorted(COUNTS))}")
    return text


CountTemplate = Annotated[str, AfterValidator(_check_template)]


class TextModel(BaseModel):
    """Base of all texts of an artifact."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PatientText(TextModel):
    """One message to a patient."""

    headline: str
    explanation: str
    next_step: str


class SlideTexts(TextModel):
    """All texts about a slide in one language."""

    finding: dict[Finding, CountTemplate]
    pattern: dict[str, CountTemplate]  # by class, where it may be named
    no_pattern: CountTemplate  # an urgent class is suspected, and the fields differ about which
    tier: dict[Tier, str]
    counts: CountTemplate
    recommendation: dict[Finding, str]
    suspicion: str  # heading of a field's pooled probability of the urgent classes
    suspicious: str  # of a field that does not count and in which an urgent class is possible
    no_cells: str  # advice on fields that are left out, where no report has any
    failed: str
    repeated: str
    other_model: str
    patient: dict[Finding, PatientText]
    patient_disclaimer: str

    @model_validator(mode="after")
    def _whole(self) -> "SlideTexts":
        for what, expected, received in (
            ("finding", Finding, self.finding),
            ("tier", Tier, self.tier),
            ("recommendation", Finding, self.recommendation),
            ("patient text", Finding, self.patient),
        ):
            if missing := {str(member) for member in expected} - {str(key) for key in received}:
                raise ValueError(
                    f"expected a {what} of a slide for each of {', '.join(expected)}; missing: {', '.join(sorted(missing))}"
                )
        return self
