"""What a reviewer says of an answer: it stands beside the report, which is never overwritten."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class VerdictKind(StrEnum):
    """Whether the answer holds."""

    CONFIRM = "confirm"
    CORRECT = "correct"


_ALSO = "\n\t\u200c\u200d"  # and the joiners, which Persian and some emoji are written with


def _readable(text: str) -> str:
    """Lines of text: nothing that steers a terminal or turns the writing direction of a page around."""
    if not all(character.isprintable() or character in _ALSO for character in text):
        raise ValueError("expected printable text")
    return text


Label = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_readable)]
Comment = Annotated[str, Field(max_length=2000), AfterValidator(_readable)]


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
