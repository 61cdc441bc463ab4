"""What the stations need of the outside world. ``adapters`` fulfils it; the tests' fakes are lists and dicts."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from hemascope.contracts.audit import AuditAction, AuditEntry
from hemascope.contracts.errors import RejectionReason
from hemascope.contracts.hospital import HospitalSettings
from hemascope.contracts.notice import DueNotice, Mail, Notice, PatientNotice
from hemascope.contracts.report import Decision, Release, State
from hemascope.contracts.specimen import ObjectVersion, Patient

FORGOTTEN = "forgotten"  # stands in the place of a model in a tombstone; no model's name lacks a slash


class NoticeState(StrEnum):
    """Whether people were told of an end."""

    PENDING = "pending"
    SENT = "sent"
    NOT_DUE = "not_due"  # an old smear judged again, and no more urgent than before: nobody need hear
    BOUNCED = "bounced"  # the mail came back, or its reader called it unwanted


class Telling(StrEnum):
    """What became of the wish to use a channel."""

    BEGUN = "begun"  # it is yours
    HELD = "held"  # somebody has begun it, and their time is not over
    TOLD = "told"  # it was used; or there is no such row any more


class LedgerRow(BaseModel):
    """The end of one object version under one model, and whether people know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object_id: str
    model: str  # id/version
    state: State
    object: ObjectVersion
    hospital: str | None = None
    case: str | None = None
    urgent: bool = False
    report_key: str | None = None  # None where the state is failed
    failure: str | None = None  # the type of the error, never its text: that may hold what a sender wrote
    finished_at: datetime
    notice: NoticeState = NoticeState.PENDING
    acknowledged_at: datetime | None = None  # a clinician has seen that it is urgent
    patient: str | None = None  # the patient's digest: what lists a patient's own smears
    # The review, which the report, being immutable, can't hold.
    verdicts: Annotated[int, Field(ge=0)] = 0  # how many count; files of higher numbers are of a writer that died
    spoken: Annotated[int, Field(ge=0)] = 0  # the verdict that the release rests on; 0 before it
    release: Release = Release.PRELIMINARY
    released_at: datetime | None = None
    # What lists and figures say of the report without opening it; rows of before have none of these.
    decision: Decision | None = None
    rejection: RejectionReason | None = None
    screening_ms: float | None = None
    colour_score: float | None = None  # the report's out_of_distribution_score
    feature_score: float | None = None


class ObjectStore(Protocol):
    """Pictures in, reports out."""

    def read(self, version: ObjectVersion, limit: int) -> bytes:
        """Content of an object version.

        Raises
        ------
        MissingObject
            Where it is gone.
        RejectedSmear
            Where it is empty or larger than ``limit`` bytes; nothing is downloaded then.
        TransientError
            Where the store did not answer.
        """

    def write_once(self, key: str, content: bytes, content_type: str) -> bool:
        """Store a report unless its key is taken; tell whether it was stored."""


class Ledger(Protocol):
    """Exactly one end for each object version under each model."""

    def find(self, object_id: str, model: str) -> LedgerRow | None:
        """The row, or None before the first end."""

    def finish(self, row: LedgerRow) -> LedgerRow:
        """Record an end; return the row that stands: the given one itself where it was recorded.

        ``reported`` and ``rejected`` stand for ever: if one is there, it is returned and nothing changes. ``failed``
        gives way to any other end, since a replayed message may still succeed, but not to a second failure: whoever was
        told of the first need not hear of it again.
        """

    def is_forgotten(self, object_id: str) -> bool:
        """Tell whether a tombstone stands for an object version: its patient's data was deleted on request."""

    def was_urgent(self, object_id: str) -> bool:
        """Tell whether the object version is urgent under any model that has judged it."""

    def begin_telling(self, object_id: str, model: str, channel: str, now: datetime, until: datetime) -> Telling:
        """Take the right to use a channel, unless it was used or somebody else holds it; it lapses at ``until``."""

    def end_telling(self, object_id: str, model: str, channel: str, told: bool) -> None:
        """Mark a channel that was begun as used, or give it back unused.

        Where the row is gone meanwhile, nothing comes back; where it is another end by now, its channels are not used.
        """

    def set_notice(self, object_id: str, model: str, notice: NoticeState, state: State | None = None) -> bool:
        """Record what became of a notice, and tell whether that was new; a row that is gone meanwhile stays gone.

        Where a state is given, of the end in that state alone: a failure may have given way to a report meanwhile.
        """


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


class LedgerReader(Protocol):
    """The ledger as people look at it, through the portal."""

    def rows_of(self, object_id: str) -> tuple[LedgerRow, ...]:
        """Every row of one object version, one for each model that judged it."""

    def rows_by_case(self, hospital: str, case: str, limit: int) -> tuple[LedgerRow, ...]:
        """Rows of a hospital's slide, of whichever patient and model, at most ``limit``; in no order."""

    def rows_by_patient(self, patient: Patient, limit: int) -> tuple[LedgerRow, ...]:
        """A patient's rows, newest first, at most ``limit``."""

    def rows_by_hospital(self, hospital: str, limit: int, after: RowPosition | None = None) -> RowPage:
        """A hospital's rows, newest first, at most ``limit``; those behind a position where one is given."""


class ReviewLedger(Protocol):
    """The ledger as reviewers change it."""

    def set_review(self, before: LedgerRow, after: LedgerRow) -> bool:
        """Put the review of ``after`` in the place of that of ``before``; tell whether that one still stood."""

    def acknowledge(self, object_id: str, model: str, at: datetime) -> None:
        """Record that an urgent answer was seen, unless that stands already; a row that is gone stays gone."""


class NoticeQueue(Protocol):
    """The way from the screening to the delivery station."""

    def put(self, due: DueNotice, wait: timedelta = timedelta()) -> None:
        """Ask that people be told of an end; asking twice tells nobody twice.

        It comes back after ``wait``, or sooner where the queue can't wait so long; ``due_at`` says when it is time.
        """


class Publisher(Protocol):
    """The topic that hospitals subscribe to."""

    def publish(self, notice: Notice) -> None:
        """Tell the subscribers."""


class PatientPublisher(Protocol):
    """The topic that patients' own devices subscribe to."""

    def publish(self, notice: PatientNotice) -> None:
        """Tell the patient's device."""


class Mailer(Protocol):
    """Mail to people of the hospital."""

    def send(self, mail: Mail) -> None:
        """Send the mail made from its template."""


class HospitalBook(Protocol):
    """What each hospital has decided."""

    def settings_of(self, hospital: str) -> HospitalSettings:
        """The hospital's settings; where it has set nothing, those of the deployment."""

    def change(self, hospital: str, settings: HospitalSettings) -> None:
        """Put these in the place of the settings."""


class AuditTrail(Protocol):
    """Who saw, released or changed what: append-only, one chain a hospital."""

    def append(self, hospital: str, who: str, action: AuditAction, object_id: str | None, at: datetime) -> AuditEntry:
        """Add an entry behind the last one; safe beside others who do so at the same time."""

    def entries(self, hospital: str, after: int, limit: int) -> tuple[AuditEntry, ...]:
        """Entries in their order, those numbered above ``after``, at most ``limit``."""


class UploadForm(BaseModel):
    """An HTML form's address and fields; the file goes behind them, as the last field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    fields: dict[str, str]


class SignedPut(BaseModel):
    """A link that takes one content to one key, once: S3 wants exactly these headers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    headers: dict[str, str]


class LinkMaker(Protocol):
    """Ways to one object for people who have no rights in the store: each fits that object alone and ends soon."""

    @property
    def seconds(self) -> int:
        """How long a link or a form holds."""

    def upload_form(self, key: str, maximum_bytes: int) -> UploadForm:
        """A form that takes one file of 1 to ``maximum_bytes`` bytes to exactly this key of the uploads."""

    def upload_put(self, key: str, sha256: str, size: int) -> SignedPut:
        """A link that takes these very bytes to exactly this key of the uploads, where nothing stands there yet."""

    def link(self, key: str) -> str:
        """A link that shows one object of the reports."""


class Clock(Protocol):
    """The time of day, and a timer."""

    def now(self) -> datetime:
        """Current time, with time zone."""

    def seconds(self) -> float:
        """Seconds since any fixed moment, for measuring."""
