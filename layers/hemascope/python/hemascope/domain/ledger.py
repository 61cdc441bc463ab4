"""Rows of the ledger: one terminal state of an object version under one model, its notification and its review."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hemascope.domain.errors import RejectionReason
from hemascope.domain.report import Decision, Release, State
from hemascope.domain.specimen import ObjectVersion

FORGOTTEN = "forgotten"  # stands in the place of a model in a tombstone; no model's name lacks a slash


class NotificationStatus(StrEnum):
    """Whether people were told of an end."""

    PENDING = "pending"
    SENT = "sent"
    NOT_DUE = "not_due"  # an old smear judged again, and no more urgent than before: nobody need hear
    BOUNCED = "bounced"  # the mail came back, or its reader called it unwanted


class ClaimStatus(StrEnum):
    """What became of the wish to use a channel."""

    CLAIMED = "claimed"  # it is yours
    HELD = "held"  # somebody has begun it, and their time is not over
    COMPLETED = "completed"  # it was used; or there is no such row any more


class LedgerRow(BaseModel):
    """The end of one object version under one model, and whether people know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    model: str  # id/version
    state: State
    object: ObjectVersion
    hospital: str | None = None
    slide: str | None = None
    urgent: bool = False
    report_key: str | None = None  # None where the state is failed
    failure: str | None = None  # the type of the error, never its text: that may hold what a sender wrote
    finished_at: datetime
    notification: NotificationStatus = NotificationStatus.PENDING
    acknowledged_at: datetime | None = None  # a clinician has seen that it is urgent
    patient: str | None = None  # the patient's digest: what lists a patient's own smears
    # The review, which the report, being immutable, can't hold.
    verdicts: Annotated[int, Field(ge=0)] = 0  # how many count; files of higher numbers are of a writer that died
    released_verdict_number: Annotated[int, Field(ge=0)] = 0  # the verdict that the release rests on; 0 before it
    release: Release = Release.PRELIMINARY
    released_at: datetime | None = None
    # What lists and figures say of the report without opening it; rows of before have none of these.
    decision: Decision | None = None
    rejection: RejectionReason | None = None
    screening_ms: float | None = None
    colour_score: float | None = None  # the report's out_of_distribution_score
    feature_score: float | None = None


class RowPosition(BaseModel):
    """Where a page of rows ended, so that the next one can begin there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    finished_at: datetime
    object_id: str
    model: str


class RowPage(BaseModel):
    """Some rows of many, and where the next begin; None behind the last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: tuple[LedgerRow, ...]
    next: RowPosition | None = None


class RowFilter(BaseModel):
    """What rows of a hospital are asked for; None: whatever it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: State | None = None
    decision: Decision | None = None
    urgent: bool = False  # urgent ones alone that nobody has acknowledged

    def takes(self, row: LedgerRow) -> bool:
        """Tell whether a row is asked for."""
        return (
            self.state in {None, row.state}
            and self.decision in {None, row.decision}
            and not (self.urgent and (not row.urgent or row.acknowledged_at))
        )
