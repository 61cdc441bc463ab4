"""The words about a slide: templates whose counts are filled in when a slide is stated."""

from string import Template
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from hemascope.domain.slide import Finding, Tier

COUNTS = frozenset({"cells", "fields", "all", "agreement"})  # what a template may hold, as $cells; agreement is in percent


def _fillable(text: str) -> str:
    template = Template(text)
    if not template.is_valid() or not set(template.get_identifiers()) <= COUNTS:
        raise ValueError(f"expected a template with none but {', '.join(f'${name}' for name in sorted(COUNTS))}")
    return text


Fillable = Annotated[str, AfterValidator(_fillable)]


class Words(BaseModel):
    """Base of all texts of an artifact."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PatientText(Words):
    """One message to a patient."""

    headline: str
    explanation: str
    next_step: str


class SlideTexts(Words):
    """All words about a slide in one language."""

    finding: dict[Finding, Fillable]
    pattern: dict[str, Fillable]  # by class, where it may be named
    no_pattern: Fillable  # leukemia is suspected, and the fields differ about its pattern
    tier: dict[Tier, str]
    counts: Fillable
    recommendation: dict[Finding, str]
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
            if missing := {str(one) for one in expected} - {str(one) for one in received}:
                raise ValueError(
                    f"expected a {what} of a slide for each of {', '.join(expected)}; missing: {', '.join(sorted(missing))}"
                )
        return self
