"""Rows of the ledger: one terminal state of an object version under one model, its notification and its review.

A picture that is judged again by the same model, since its microscope changed, has a further row (decision 38).
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hemascope.domain.drift import FieldFigures
from hemascope.domain.errors import RejectionReason
from hemascope.domain.report import Decision, Release, State
from hemascope.domain.specimen import ObjectVersion

FORGOTTEN = "forgotten"  # the sort key of a tombstone, where other items have the model; every model's name has a slash
AGAIN = "@"  # between a model's name and the number of the microscope's change after which it judged again


def judged_again(model: str, change: int) -> str:
    """What stands for the model in the row of a picture that is judged again after the n-th change of its microscope.

    Examples
    --------
    >>> judged_again("all-subtypes/1.0.1", 7)
    'all-subtypes/1.0.1@7'
    """
    return f"{model}{AGAIN}{change}"


class NotificationStatus(StrEnum):
    """Notification status of a terminal state."""

    PENDING = "pending"
    SENT = "sent"
    NOT_DUE = "not_due"  # an archived smear judged again and no more urgent than before: no notification is sent
    SOFT_BOUNCED = "soft_bounced"  # a mail came back for now, such as from a full mailbox or with an out-of-office reply
    BOUNCED = "bounced"  # a mail came back for good, was refused, or its recipient complained about it

    @property
    def outranked_by(self) -> frozenset["NotificationStatus"]:
        """Statuses that stay when this one comes: of a bounce, whose event may overtake the record of sending, the worst."""
        if self is NotificationStatus.BOUNCED:
            return frozenset({NotificationStatus.BOUNCED})
        return frozenset({NotificationStatus.SOFT_BOUNCED, NotificationStatus.BOUNCED})


class ClaimStatus(StrEnum):
    """Result of an attempt to claim a notification channel."""

    CLAIMED = "claimed"  # the caller may use the channel now
    HELD = "held"  # another worker has claimed it, and that claim has not expired
    COMPLETED = "completed"  # the channel was used before, or the row no longer exists


class LedgerRow(BaseModel):
    """Terminal state of one object version under one model, its notification status and its review."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    model: str  # id/version, or as :func:`judged_again` writes it
    state: State
    object: ObjectVersion
    hospital: str | None = None
    slide: str | None = None
    urgent: bool = False
    report_key: str | None = None  # None where the state is failed
    failure: str | None = None  # the type of the error, never its text: that may hold what a sender wrote
    finished_at: datetime
    notification: NotificationStatus = NotificationStatus.PENDING
    acknowledged_at: datetime | None = None  # when a clinician acknowledged the urgent result
    patient: str | None = None  # digest of the patient's ids, by which a patient's smears are listed
    microscope: str | None = None  # digest of hospital and microscope, by which a microscope's fields are listed
    microscope_use: str | None = None  # digest of the state, the profile and the proof that it was judged with
    superseded: bool = False  # the picture was judged again, and this row held no answer: lists leave it out
    # The review. The report is immutable, so it stands here.
    verdicts: Annotated[int, Field(ge=0)] = 0  # verdicts that count; a file with a higher number is from a writer that crashed
    released_verdict_number: Annotated[int, Field(ge=0)] = 0  # verdict on which the release is based; 0 before a release
    release: Release = Release.PRELIMINARY
    released_at: datetime | None = None
    # Copied from the report, so that lists and statistics need not open it.
    decision: Decision | None = None
    rejection: RejectionReason | None = None
    screening_ms: float | None = None
    colour_score: float | None = None  # the report's out_of_distribution_score
    feature_score: float | None = None
    drift: FieldFigures | None = None  # of a field that counts in its microscope's chart

    @property
    def model_name(self) -> str:
        """The model's name alone, ``id/version``."""
        return self.model.partition(AGAIN)[0]


class RowPosition(BaseModel):
    """Position at which a page of rows ended; the next page starts behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    finished_at: datetime
    object_id: str
    model: str


class RowPage(BaseModel):
    """A page of rows, and the position behind which the next page starts; None on the last page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: tuple[LedgerRow, ...]
    next: RowPosition | None = None


class RowFilter(BaseModel):
    """Filter for the rows of a hospital; None matches every value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: State | None = None
    decision: Decision | None = None
    urgent: bool = False  # True: only urgent rows that nobody has acknowledged

    def matches(self, row: LedgerRow) -> bool:
        """Return whether a row matches."""
        return (
            self.state in {None, row.state}
            and self.decision in {None, row.decision}
            and not (self.urgent and (not row.urgent or row.acknowledged_at))
        )


class PatientTrace(BaseModel):
    """What the ledger holds about one object of a patient: a row, or the tombstone of an object that was forgotten.

    ``completed`` is True for a tombstone whose deletion was finished.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    is_tombstone: bool = False
    completed: bool = False


class StoredCounts(BaseModel):
    """How many files and ledger rows there were about one object when its deletion began."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: Annotated[int, Field(ge=0)] = 0
    rows: Annotated[int, Field(ge=0)] = 0
