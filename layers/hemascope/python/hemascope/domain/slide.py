"""The report on a slide, pooled from its fields, for the clinician, and its summary for the patient."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemascope.domain.report import DISCLAIMER, ModelReference, Probability, Release
from hemascope.domain.specimen import Segment

# A manual differential counts 100 white cells, a careful one 200; a statement may say as much as a count of that size.
SCREENING_CELLS = 100
PATTERN_CELLS = 200
# A slide shows one pattern. Where a quarter of its cells lie in fields that show another, none is named.
PATTERN_AGREEMENT = 0.75
SUSPICION = 0.5  # pooled probability of the urgent classes from which one of them is suspected


class Tier(StrEnum):
    """What the number of counted cells allows to say."""

    INSUFFICIENT = "insufficient"
    SCREENING = "screening"
    PATTERN = "pattern"

    @classmethod
    def of(cls, cells: int) -> "Tier":
        """The tier of a number of counted cells.

        Examples
        --------
        >>> [str(Tier.of(cells)) for cells in (99, 100, 199, 200)]
        ['insufficient', 'screening', 'screening', 'pattern']
        """
        if cells < SCREENING_CELLS:
            return cls.INSUFFICIENT
        return cls.SCREENING if cells < PATTERN_CELLS else cls.PATTERN


class Finding(StrEnum):
    """What the slide looks like as a whole.

    ``doubtful``: not suspected, but an urgent class is possible in at least one field. ``no_answer``: nothing suspicious, and
    too few cells to say that this means anything.
    """

    SUSPECTED = "suspected"
    DOUBTFUL = "doubtful"
    NOT_SUSPECTED = "not_suspected"
    NO_ANSWER = "no_answer"


class ExclusionReason(StrEnum):
    """Why a field is no evidence."""

    POOR_QUALITY = "poor_quality"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    INDETERMINATE = "indeterminate"
    UNVERIFIED = "unverified"  # by a microscope whose answers nobody has proven
    REJECTED = "rejected"  # its picture could not be judged
    FAILED = "failed"  # our fault: there is no report
    REPEATED = "repeated"  # the same picture, or an older picture of the same name
    OTHER_MODEL = "other_model"  # judged only by another model than the other fields


class _Contract(BaseModel):
    # Built at first use: the screening function loads the texts about slides and builds no slide report.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


class SlideId(_Contract):
    """Pseudonymous ids of one slide."""

    hospital: Segment
    patient: Segment
    slide: Segment


class CountedField(_Contract):
    """A field that counts. ``weight`` is its share of all counted cells, ``suspicion`` its probability of an urgent class."""

    name: str
    object_id: str
    label: str
    suspicion: Probability
    cell_count: Annotated[int, Field(ge=1)]
    weight: Probability


class ExcludedField(_Contract):
    """A field that doesn't count, and what to do about it. ``suspicious``: an urgent class is possible in it nevertheless."""

    name: str
    object_id: str
    why: ExclusionReason
    suspicious: bool
    advice: str


class SlideReport(_Contract):
    """The report on a slide.

    ``probabilities`` are the fields' own, weighted by cells. ``agreement`` is the share of the counted cells that lie in fields
    whose label is the slide's. ``pattern`` is a class only where the tier and the agreement allow to name one.
    """

    schema_name: Literal["hemascope.slide-report/1"] = Field("hemascope.slide-report/1", alias="schema")
    slide: SlideId | None  # None where no key could be read
    release: Release = Release.PRELIMINARY
    finding: Finding
    tier: Tier
    counted_cells: Annotated[int, Field(ge=0)]
    pattern: str | None
    probabilities: dict[str, Probability]  # empty where no field counts
    suspicion: Probability | None
    agreement: Probability | None
    fields: tuple[CountedField, ...]  # the most suspicious first
    excluded: tuple[ExcludedField, ...]  # the suspicious first
    statement: str
    recommendation: str
    model: ModelReference | None  # None where no field has a report
    disclaimer: Literal["decision support, not a diagnosis"] = DISCLAIMER

    @model_validator(mode="after")
    def _consistent(self) -> "SlideReport":
        if self.counted_cells != sum(field.cell_count for field in self.fields):
            raise ValueError("expected as many counted cells as the counted fields have")
        if self.tier is not Tier.of(self.counted_cells):
            raise ValueError(f"expected the tier of {self.counted_cells} cells, received {self.tier}")
        if self.pattern is not None and self.tier is not Tier.PATTERN:
            raise ValueError(f"expected a pattern from {PATTERN_CELLS} cells on, received {self.counted_cells} cells")
        pooled = (bool(self.probabilities), self.suspicion is not None, self.agreement is not None)
        if pooled != (bool(self.fields),) * 3:
            raise ValueError("expected pooled figures where fields count, and only there")
        return self

    def to_json(self) -> str:
        """The slide report as one line of JSON."""
        return self.model_dump_json(by_alias=True)


class SlideSummary(_Contract):
    """What the patient reads about a slide: plain language, no internals, no probabilities."""

    schema_name: Literal["hemascope.slide-summary/1"] = Field("hemascope.slide-summary/1", alias="schema")
    slide: str | None
    release: Release
    headline: str
    explanation: str
    next_step: str
    disclaimer: str
