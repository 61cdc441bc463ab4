"""What a reviewer says of an answer: it stands beside the report, which is never overwritten."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hemascope.domain.characters import compose_lines, find_refused, unfit


class VerdictKind(StrEnum):
    """Whether the answer holds."""

    CONFIRM = "confirm"
    CORRECT = "correct"


def _compose(text: object) -> object:
    return compose_lines(text) if isinstance(text, str) else text


def _check_lines(text: str) -> str:
    if fault := find_refused(text, allowed="\n\t"):
        raise unfit(fault)
    return text


def _check_line(text: str) -> str:
    if fault := find_refused(text):
        raise unfit(fault)
    return text


_Composed = BeforeValidator(_compose, json_schema_input_type=str)
Label = Annotated[str, _Composed, Field(min_length=1, max_length=100), AfterValidator(_check_line)]
Comment = Annotated[str, _Composed, Field(max_length=2000), AfterValidator(_check_lines)]


class Opinion(BaseModel):
    """The part that a reviewer writes: ``correct`` needs the class that it should be, ``confirm`` has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: VerdictKind
    label: Label | None = None
    comment: Comment | None = None

    @model_validator(mode="after")
    def _label_of_corrections(self) -> "Opinion":
        if (self.label is not None) != (self.kind is VerdictKind.CORRECT):
            raise ValueError("expected a label in a correction, and in nothing else")
        return self


class Verdict(Opinion):
    """One reviewer's word on one model's answer, numbered from 1 in the order they were given; written once."""

    number: Annotated[int, Field(ge=1)]
    reviewer: str  # the account's id in the user pool
    at: datetime
    model: str  # id/version

    def to_json(self) -> str:
        """The verdict as one line of JSON, as stored."""
        return self.model_dump_json()
