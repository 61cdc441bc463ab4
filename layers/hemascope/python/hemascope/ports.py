"""What the stations need of the outside world. ``adapters`` fulfils it; the tests' fakes are lists and dicts."""

from datetime import datetime, timedelta
from typing import Protocol

from hemascope.domain.account import Account, AccountPage
from hemascope.domain.audit import AuditAction, AuditEntry
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.ledger import ClaimStatus, LedgerRow, NotificationStatus, RowFilter, RowPage, RowPosition
from hemascope.domain.notification import Mail, Notification, NotificationTask, PatientNotification
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion, Patient
from hemascope.domain.upload import SignedPut, UploadForm


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

    def claim_channel(self, object_id: str, model: str, channel: str, now: datetime, until: datetime) -> ClaimStatus:
        """Take the right to use a channel, unless it was used or somebody else holds it; it lapses at ``until``."""

    def complete_channel(self, object_id: str, model: str, channel: str, sent: bool) -> None:
        """Mark a channel that was begun as used, or give it back unused.

        Where the row is gone meanwhile, nothing comes back; where it is another end by now, its channels are not used.
        """

    def set_notification(
        self, object_id: str, model: str, notification: NotificationStatus, state: State | None = None
    ) -> bool:
        """Record what became of a notification, and tell whether that was new; a row that is gone meanwhile stays gone.

        Where a state is given, of the end in that state alone: a failure may have given way to a report meanwhile.
        """


class LedgerReader(Protocol):
    """The ledger as people look at it, through the portal."""

    def rows_of(self, object_id: str) -> tuple[LedgerRow, ...]:
        """Every row of one object version, one for each model that judged it."""

    def rows_by_slide(self, hospital: str, slide: str, limit: int) -> tuple[LedgerRow, ...]:
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


class NotificationQueue(Protocol):
    """The way from the screening to the notification service."""

    def put(self, task: NotificationTask, wait: timedelta = timedelta()) -> None:
        """Ask that people be told of an end; asking twice tells nobody twice.

        It comes back after ``wait``, or sooner where the queue can't wait so long; ``due_at`` says when it is time.
        """


class Publisher(Protocol):
    """The topic that hospitals subscribe to."""

    def publish(self, notification: Notification) -> None:
        """Tell the subscribers."""


class PatientPublisher(Protocol):
    """The topic that patients' own devices subscribe to."""

    def publish(self, notification: PatientNotification) -> None:
        """Tell the patient's device."""


class Mailer(Protocol):
    """Mail to people of the hospital."""

    def send(self, mail: Mail) -> None:
        """Send the mail made from its template."""


class HospitalSettingsRepository(Protocol):
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


class RowSearch(Protocol):
    """The ledger as a worklist asks it."""

    def search(self, hospital: str, wanted: RowFilter, limit: int, after: RowPosition | None = None) -> RowPage:
        """A hospital's rows that are asked for, newest first, at most ``limit``.

        A search reads a fixed number of rows at most. Where few of them match, the page holds few, or none, and still says
        where the next one begins.
        """


class AccountDirectory(Protocol):
    """Who may sign in; each account is one hospital's for ever."""

    def page(self, hospital: str, limit: int, after: str | None = None) -> AccountPage | None:
        """A hospital's accounts, at most ``limit``; None where ``after`` is no page's."""

    def invite(self, hospital: str, email: str, role: str, patient: str | None) -> Account | None:
        """Make an account and have its owner told; None where the address has one already, in whichever hospital."""

    def account_id(self, hospital: str, username: str) -> str | None:
        """The id that stands in its owner's tokens; None where the hospital has no such account."""

    def remove(self, username: str) -> None:
        """Take an account away; one that is gone stays gone."""
