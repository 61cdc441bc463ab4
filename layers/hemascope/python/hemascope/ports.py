"""Ports: the interfaces that use cases depend on. ``aws/`` implements them; the tests' fakes are lists and dicts."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from hemascope.domain.account import Account, AccountPage
from hemascope.domain.audit import AuditAction, AuditEntry
from hemascope.domain.events import CreatedObject
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.ledger import (
    ClaimStatus,
    LedgerRow,
    NotificationStatus,
    PatientTrace,
    RowFilter,
    RowPage,
    RowPosition,
    StoredCounts,
)
from hemascope.domain.microscope import Microscope
from hemascope.domain.microscope_jobs import MicroscopeJob
from hemascope.domain.notification import Mail, Notification, NotificationTask, PatientNotification
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion, Patient
from hemascope.domain.upload import SignedPut, UploadForm


class ObjectStore(Protocol):
    """Object storage: pictures are read from it, reports written to it."""

    def read(self, version: ObjectVersion, limit: int) -> bytes:
        """Return the content of an object version.

        Raises
        ------
        MissingObject
            Where it does not exist.
        RejectedSmear
            Where it is empty or larger than ``limit`` bytes; nothing is downloaded then.
        TransientError
            Where the store did not answer.
        """

    def write_once(self, key: str, content: bytes, content_type: str) -> bool:
        """Store a report unless its key is taken; return whether it was stored."""


class Ledger(Protocol):
    """One terminal state for each object version under each model, with its notification channels and its review."""

    def find(self, object_id: str, model: str) -> LedgerRow | None:
        """Return the row, or None before the first terminal state."""

    def finish(self, row: LedgerRow) -> LedgerRow:
        """Record a terminal state and return the row that stands: the given object itself where it was recorded.

        ``reported`` and ``rejected`` are final: where one of them stands, it is returned and nothing changes. ``failed`` is
        replaced by any other state, since a replayed message may still succeed, but not by a second failure: people who were
        notified of the first need no second notification. A new row starts without used channels.
        """

    def is_forgotten(self, object_id: str) -> bool:
        """Return whether a tombstone stands for an object version, because its patient's data was deleted on request."""

    def was_urgent(self, object_id: str) -> bool:
        """Return whether the object version is urgent under any model that has judged it."""

    def claim_channel(self, object_id: str, model: str, channel: str, now: datetime, until: datetime) -> ClaimStatus:
        """Claim a notification channel, unless it was used or another worker's claim holds; the claim expires at ``until``."""

    def complete_channel(self, object_id: str, model: str, channel: str) -> None:
        """Record that a claimed channel was used.

        Nothing happens where the row is gone, or was replaced by another terminal state whose channels are unused.
        """

    def release_channel(self, object_id: str, model: str, channel: str) -> None:
        """Give a claimed channel back unused, so that it can be claimed again at once."""

    def supersede(self, object_id: str, model: str) -> None:
        """Mark a row as superseded, unless it is urgent or has a verdict, or is gone. A second call changes nothing."""

    def set_notification(
        self, object_id: str, model: str, notification: NotificationStatus, state: State | None = None
    ) -> bool:
        """Record the notification status; return whether it was recorded.

        It is not where the row is gone, where a status stands that outranks it, or where a ``state`` is given and the row is in
        another one: a failure may have become a report meanwhile.
        """

    def rows_of(self, object_id: str) -> tuple[LedgerRow, ...]:
        """Return every row of an object version, one for each model that judged it; none where it is forgotten."""

    def rows_by_slide(self, hospital: str, slide: str, limit: int) -> tuple[LedgerRow, ...]:
        """Return the rows of a hospital's slide, of every patient and model, at most ``limit``, in no order."""

    def rows_by_patient(self, patient: Patient, limit: int) -> tuple[LedgerRow, ...]:
        """Return a patient's rows, newest first, at most ``limit``."""

    def rows_by_microscope(self, microscope: str, limit: int) -> tuple[LedgerRow, ...]:
        """Return the rows of the microscope with this digest, newest first, at most ``limit``."""

    def rows_by_hospital(self, hospital: str, limit: int, after: RowPosition | None = None) -> RowPage:
        """Return a hospital's rows, newest first, at most ``limit``; those behind a position where one is given."""

    def search(self, hospital: str, wanted: RowFilter, limit: int, after: RowPosition | None = None) -> RowPage:
        """Return a hospital's rows that match a filter, newest first, at most ``limit``.

        A search reads a limited number of rows. Where few of them match, the page holds few rows or none, and ``next`` still
        says where the next page starts.
        """

    def set_review(self, before: LedgerRow, after: LedgerRow) -> bool:
        """Record the review of ``after``, provided that the review of ``before`` still stands; return whether it did."""

    def acknowledge(self, object_id: str, model: str, at: datetime) -> None:
        """Record that an urgent result was acknowledged, unless that was done before or the row is gone."""


class LedgerOperations(Protocol):
    """What operators' commands need of the ledger beyond :class:`Ledger`. These read or change many rows.

    Raises
    ------
    HemascopeError
        From every method, where the ledger can't be read or written.
    """

    def find_all(self, object_ids: Sequence[str], model: str) -> dict[str, LedgerRow]:
        """Return the rows of many objects under one model, by object id; objects without a row are left out."""

    def pages_finished_before(self, model: str, before: datetime) -> Iterator[list[LedgerRow]]:
        """Yield all rows of a model that were finished before the second of a moment, in pages and in no order."""

    def released_ids(self) -> set[str]:
        """Return the object ids of all rows that a reviewer has released, as ``final`` or ``amended``."""

    def traces_of(self, patient: Patient) -> Iterator[PatientTrace]:
        """Yield everything that the ledger holds about a patient: rows and tombstones."""

    def write_tombstone(self, object_id: str, patient: Patient, found: StoredCounts, now: datetime) -> None:
        """Write a tombstone, after which nothing new is recorded about the object; what the first call found stands."""

    def complete_tombstone(self, object_id: str, now: datetime) -> None:
        """Record on a tombstone that the deletion is finished."""

    def delete_rows(self, object_id: str) -> int:
        """Delete an object's rows under every model and return how many there were; the tombstone stays."""


class NotificationQueue(Protocol):
    """The queue between screening service and notification service."""

    def put(self, task: NotificationTask, wait: timedelta = timedelta()) -> None:
        """Queue a notification task; a task that is queued twice still notifies once.

        The task is delivered after ``wait``, or sooner where the queue can't delay so long; its ``due_at`` is what counts.
        """


class JobQueue(Protocol):
    """The queue of jobs about microscopes."""

    def put(self, job: MicroscopeJob) -> None:
        """Queue a job; one that is queued twice is carried out once."""


class PictureQueue(Protocol):
    """The queue of the screening function."""

    def announce_again(self, pictures: Sequence[CreatedObject]) -> None:
        """Queue stored pictures to be screened again, because what is known of their microscope has changed."""


class Publisher(Protocol):
    """The topic to which hospitals subscribe."""

    def publish(self, notification: Notification) -> None:
        """Publish to all subscribers."""


class PatientPublisher(Protocol):
    """The topic to which patients' own devices subscribe."""

    def publish(self, notification: PatientNotification) -> None:
        """Publish to the patient's device."""


class Mailer(Protocol):
    """Mail to the staff of a hospital."""

    def send(self, mail: Mail) -> None:
        """Fill the mail's template and send it."""


class HospitalSettingsRepository(Protocol):
    """The settings of each hospital."""

    def settings_of(self, hospital: str) -> HospitalSettings:
        """Return the hospital's settings; those of the deployment where it has none."""

    def change(self, hospital: str, settings: HospitalSettings) -> None:
        """Replace the settings."""


class MicroscopeRegistry(Protocol):
    """The microscopes of each hospital."""

    def find(self, hospital: str, name: str) -> Microscope | None:
        """Return a microscope; None where the hospital has registered none of this name."""

    def of_hospital(self, hospital: str) -> tuple[Microscope, ...]:
        """Return a hospital's microscopes, sorted by name."""

    def store(self, microscope: Microscope) -> bool:
        """Store a registration (version 1) or a change (version n after n - 1); return whether it was stored.

        It is not where the name is taken, or where another change came first.
        """


class AuditTrail(Protocol):
    """Who viewed, released or changed what: an append-only chain of entries for each hospital."""

    def append(
        self,
        hospital: str,
        who: str,
        action: AuditAction,
        object_id: str | None,
        at: datetime,
        microscope: str | None = None,
    ) -> AuditEntry:
        """Append an entry; safe with concurrent writers."""

    def entries(self, hospital: str, after: int, limit: int) -> tuple[AuditEntry, ...]:
        """Return the entries numbered above ``after``, in order, at most ``limit``."""


class LinkMaker(Protocol):
    """Presigned links and forms, each for one object and a short time, for people without access to the store."""

    @property
    def seconds(self) -> int:
        """Validity of a link or a form in seconds."""

    def upload_form(self, key: str, maximum_bytes: int) -> UploadForm:
        """Return a form that uploads one file of 1 to ``maximum_bytes`` bytes under exactly this key."""

    def upload_put(self, key: str, sha256: str, size: int) -> SignedPut:
        """Return a link that uploads exactly these bytes under exactly this key, unless the key is taken."""

    def link(self, key: str) -> str:
        """Return a link to one object of the reports bucket."""


class Clock(Protocol):
    """Current time and a timer."""

    def now(self) -> datetime:
        """Return the current time, with time zone."""

    def seconds(self) -> float:
        """Return seconds since an arbitrary fixed moment, for measuring durations."""


class AccountDirectory(Protocol):
    """Accounts of the portal; each belongs to one hospital and never moves to another."""

    def page(self, hospital: str, limit: int, after: str | None = None) -> AccountPage | None:
        """Return a hospital's accounts, at most ``limit``; None where ``after`` is not a position of a page."""

    def invite(self, hospital: str, email: str, role: str, patient: str | None) -> Account | None:
        """Create an account and invite its owner by mail; None where the address has an account, in any hospital."""

    def account_id(self, hospital: str, username: str) -> str | None:
        """Return the id that the owner's tokens carry; None where the hospital has no such account."""

    def remove(self, username: str) -> None:
        """Delete an account; nothing happens where there is none."""
