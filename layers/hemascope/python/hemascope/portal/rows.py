"""Ledger rows as the portal shows them, and access to those of the caller's own hospital."""

from collections.abc import Sequence
from datetime import datetime

from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.report import Decision, Release, State
from hemascope.domain.specimen import Specimen, is_object_id, specimen_of
from hemascope.portal.identity import Person
from hemascope.portal.problems import Forbidden, NotFound
from hemascope.portal.requests import Message
from hemascope.ports import Ledger

NO_REPORT = "There is no report of this id, or not yet."
NOT_YOURS = "This report is not yours."


class Row(Message):
    """The terminal state of one object version under one model."""

    object_id: str
    model: str
    state: State
    specimen: Specimen | None
    urgent: bool
    notification: NotificationStatus
    finished_at: datetime
    release: Release
    decision: Decision | None  # None unless the state is reported
    acknowledged: bool

    @classmethod
    def of(cls, row: LedgerRow) -> "Row":
        """The part of a ledger row that people see."""
        fields = {"object_id", "model", "state", "urgent", "notification", "finished_at", "release", "decision"}
        acknowledged = row.acknowledged_at is not None
        return cls(specimen=specimen_of(row.object.key), acknowledged=acknowledged, **row.model_dump(include=fields))


def find_rows(ledger: Ledger, object_id: str) -> Sequence[LedgerRow]:
    """Every row of an object version, of whichever hospital; text that is not an object id is not looked up.

    Raises
    ------
    NotFound
        Where there is none.
    """
    rows = ledger.rows_of(object_id) if is_object_id(object_id) else ()
    if not rows:
        raise NotFound(NO_REPORT)
    return rows


def find_own_rows(ledger: Ledger, person: Person, object_id: str) -> Sequence[LedgerRow]:
    """Every row of an object version of the person's own hospital.

    Raises
    ------
    NotFound
        Where there is none.
    Forbidden
        Where it is another hospital's.
    """
    rows = find_rows(ledger, object_id)
    if not is_of_hospital(person.hospital, rows[0]):
        raise Forbidden(NOT_YOURS)
    return rows


def is_of_hospital(hospital: str, row: LedgerRow) -> bool:
    """Tell whether a row's object belongs to a hospital, by its key."""
    specimen = specimen_of(row.object.key)
    return specimen is not None and specimen.hospital == hospital


def newest_report_first(row: LedgerRow) -> tuple[bool, float]:
    """Sort key for the rows of one smear: newest first, with failures after every report."""
    return row.report_key is None, -row.finished_at.timestamp()
