"""The ledger in a list and two dicts, with all promises of its ports: tests/contract/test_ledger.py holds it to them."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

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
from hemascope.domain.report import Release, State
from hemascope.domain.specimen import Patient

_COMPLETED = "completed"
_REVIEW = {"verdicts", "released_verdict_number", "release", "released_at"}


@dataclass
class Tombstone:
    """What is left of a forgotten object."""

    patient: str
    found: StoredCounts
    forgotten_at: datetime
    completed_at: datetime | None = None


class FakeLedger:
    """A Ledger and LedgerOperations. Tests may put rows into the list as they like."""

    def __init__(self) -> None:
        self.rows: list[LedgerRow] = []
        self.marks: dict[tuple[str, str], dict[str, datetime | str]] = {}
        self.tombstones: dict[str, Tombstone] = {}
        self.asked: list[str] = []  # object ids whose rows were read
        self._lock = threading.Lock()

    def find(self, object_id: str, model: str) -> LedgerRow | None:
        return next((row for row in self.rows if (row.object_id, row.model) == (object_id, model)), None)

    def finish(self, row: LedgerRow) -> LedgerRow:
        with self._lock:
            recorded = self.find(row.object_id, row.model)
            if recorded is not None and (recorded.state is not State.FAILED or row.state is State.FAILED):
                return recorded
            self.put(row)
            self.marks.pop((row.object_id, row.model), None)
            return row

    def supersede(self, object_id: str, model: str) -> None:
        row = self.find(object_id, model)
        if row is not None and not row.urgent and not row.verdicts:
            self.put(row.model_copy(update={"superseded": True}))

    def is_forgotten(self, object_id: str) -> bool:
        return object_id in self.tombstones

    def was_urgent(self, object_id: str) -> bool:
        return any(row.urgent for row in self.rows if row.object_id == object_id)

    def claim_channel(self, object_id: str, model: str, channel: str, now: datetime, until: datetime) -> ClaimStatus:
        with self._lock:
            mark = self.marks.get((object_id, model), {}).get(channel)
            if self.find(object_id, model) is None or mark == _COMPLETED:
                return ClaimStatus.COMPLETED
            if isinstance(mark, datetime) and mark >= now:
                return ClaimStatus.HELD
            self.marks.setdefault((object_id, model), {})[channel] = until
            return ClaimStatus.CLAIMED

    def complete_channel(self, object_id: str, model: str, channel: str) -> None:
        marks = self.marks.get((object_id, model), {})
        if channel in marks:
            marks[channel] = _COMPLETED

    def release_channel(self, object_id: str, model: str, channel: str) -> None:
        self.marks.get((object_id, model), {}).pop(channel, None)

    def set_notification(
        self, object_id: str, model: str, notification: NotificationStatus, state: State | None = None
    ) -> bool:
        row = self.find(object_id, model)
        if row is None or row.notification in notification.outranked_by or state not in {None, row.state}:
            return False
        self.put(row.model_copy(update={"notification": notification}))
        return True

    def rows_of(self, object_id: str) -> tuple[LedgerRow, ...]:
        self.asked.append(object_id)
        if object_id in self.tombstones:
            return ()
        return tuple(row for row in self.rows if row.object_id == object_id)

    def rows_by_slide(self, hospital: str, slide: str, limit: int) -> tuple[LedgerRow, ...]:
        return tuple(row for row in self.rows if (row.hospital, row.slide) == (hospital, slide))[:limit]

    def rows_by_patient(self, patient: Patient, limit: int) -> tuple[LedgerRow, ...]:
        return tuple(_newest_first(row for row in self.rows if row.patient == patient.digest)[:limit])

    def rows_by_microscope(self, microscope: str, limit: int) -> tuple[LedgerRow, ...]:
        return tuple(_newest_first(row for row in self.rows if row.microscope == microscope)[:limit])

    def rows_by_hospital(self, hospital: str, limit: int, after: RowPosition | None = None) -> RowPage:
        return self.search(hospital, RowFilter(), limit, after)

    def search(self, hospital: str, wanted: RowFilter, limit: int, after: RowPosition | None = None) -> RowPage:
        rows = _newest_first(row for row in self.rows if row.hospital == hospital and wanted.matches(row))
        if after:
            rows = [row for row in rows if _place(row) < _place(after)]
        last = rows[limit - 1] if len(rows) > limit else None
        position = RowPosition(**last.model_dump(include=set(RowPosition.model_fields))) if last else None
        return RowPage(rows=tuple(rows[:limit]), next=position)

    def set_review(self, before: LedgerRow, after: LedgerRow) -> bool:
        row = self.find(before.object_id, before.model)
        if row is None or (row.verdicts, row.release) != (before.verdicts, before.release):
            return False
        review = {name: getattr(after, name) for name in _REVIEW}
        self.put(row.model_copy(update={name: value for name, value in review.items() if value is not None}))
        return True

    def acknowledge(self, object_id: str, model: str, at: datetime) -> None:
        row = self.find(object_id, model)
        if row is not None and row.acknowledged_at is None:
            self.put(row.model_copy(update={"acknowledged_at": at}))

    def find_all(self, object_ids: Sequence[str], model: str) -> dict[str, LedgerRow]:
        return {row.object_id: row for row in self.rows if row.model == model and row.object_id in object_ids}

    def pages_finished_before(self, model: str, before: datetime) -> Iterator[list[LedgerRow]]:
        second = before.replace(microsecond=0)
        yield [row for row in self.rows if row.model_name == model and row.finished_at < second]

    def released_ids(self) -> set[str]:
        return {row.object_id for row in self.rows if row.release is not Release.PRELIMINARY}

    def traces_of(self, patient: Patient) -> Iterator[PatientTrace]:
        for row in self.rows:
            if row.patient == patient.digest or patient.owns(row.object.key):
                yield PatientTrace(object_id=row.object_id)
        for object_id, tombstone in self.tombstones.items():
            if tombstone.patient == patient.digest:
                yield PatientTrace(object_id=object_id, is_tombstone=True, completed=tombstone.completed_at is not None)

    def write_tombstone(self, object_id: str, patient: Patient, found: StoredCounts, now: datetime) -> None:
        tombstone = self.tombstones.setdefault(object_id, Tombstone(patient.digest, found, now))
        tombstone.completed_at = None

    def complete_tombstone(self, object_id: str, now: datetime) -> None:
        self.tombstones[object_id].completed_at = now

    def delete_rows(self, object_id: str) -> int:
        before = len(self.rows)
        self.rows = [row for row in self.rows if row.object_id != object_id]
        self.marks = {key: marks for key, marks in self.marks.items() if key[0] != object_id}
        return before - len(self.rows)

    def put(self, row: LedgerRow) -> None:
        """Put a row in the place of the one with the same key, whatever the ports allow."""
        keys = [(kept.object_id, kept.model) for kept in self.rows]
        if (row.object_id, row.model) in keys:
            self.rows[keys.index((row.object_id, row.model))] = row
        else:
            self.rows.append(row)


def _place(row: LedgerRow | RowPosition) -> tuple[datetime, str, str]:
    return row.finished_at, row.object_id, row.model


def _newest_first(rows: Iterator[LedgerRow]) -> list[LedgerRow]:
    return sorted(rows, key=_place, reverse=True)
