"""The tiles of a field in its report: where each lies, what it shows, and what part it has in the answer."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemascope.domain.preprocessing import Fraction
from hemascope.domain.quality import QualityFinding


class TileUse(StrEnum):
    """What part a tile has in the answer on its field."""

    COUNTED = "counted"
    OUT_OF_DISTRIBUTION = "out_of_distribution"  # readable, but the model can't know it
    EMPTY = "empty"  # in focus and without white cells: says nothing, hides nothing
    UNREADABLE = "unreadable"  # nobody knows what it shows


class TileRow(BaseModel):
    """One tile of a field, numbered row by row. Its place is in pixels of the upright picture, as ``source`` has them.

    Only a tile that is read has an answer: ``label`` with ``probabilities``, and whether the class may be stated alone. Cells
    that a border cuts are counted in both tiles, and once in the field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[int, Field(ge=1)]
    top: Annotated[int, Field(ge=0)]
    left: Annotated[int, Field(ge=0)]
    height: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    use: TileUse
    cell_count: Annotated[int, Field(ge=0)]
    label: str | None = None
    probabilities: dict[str, Fraction] = {}
    confidence: Fraction | None = None
    is_stated: bool = False
    forbids: bool = False  # it states an urgent class other than the field's label, so nothing is stated of the field
    out_of_distribution_score: Annotated[float, Field(ge=0.0)] | None = None
    feature_score: Annotated[float, Field(ge=0.0)] | None = None
    findings: tuple[QualityFinding, ...] = ()

    @model_validator(mode="after")
    def _answers_where_it_is_read(self) -> "TileRow":
        is_read = self.use in {TileUse.COUNTED, TileUse.OUT_OF_DISTRIBUTION}
        if is_read != (self.label is not None):
            raise ValueError(
                f"expected a label of a tile that is read and of no other, received {self.label} of one {self.use}"
            )
        if self.forbids and not self.is_stated:
            raise ValueError("expected a tile that forbids to state a class")
        if self.is_stated and self.use is not TileUse.COUNTED:
            raise ValueError(f"expected a class to be stated of a counted tile alone, received one {self.use}")
        return self
