"""``hemascope reconcile``: checks that every object version has a terminal state and every notification was sent."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hemascope.domain.events import CreatedObject, announce
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.notification import NotificationTask
from hemascope.domain.report import State
from hemascope.domain.specimen import SMEARS, ObjectVersion, specimen_of
from hemascope.ports import LedgerOperations
from hemascope_cli.operations.buckets import StoredVersion, VersionedBucket
from hemascope_cli.operations.queues import Queue


class Finding(StrEnum):
    """Result for an object version or a row, beside the states."""

    IN_PROGRESS = "in progress"  # no terminal state yet, but uploaded within the grace time
    NO_STATE = "no state"  # no terminal state
    UNASSIGNED = "unassigned"  # rejected, because its key names no patient: no hospital sees it
    REQUEUED = "requeued"
    NOT_NOTIFIED = "not notified"  # the notification is pending for longer than the grace time
    RENOTIFIED = "renotified"  # the notification was queued again
    NO_OBJECT = "no object"  # a row whose object was deleted meanwhile


ALARMING = (Finding.NO_STATE, State.FAILED, Finding.UNASSIGNED, Finding.NOT_NOTIFIED)
Tally = Counter[State | Finding]


class SeenIds:
    """A set of object ids in a temporary file, so that memory use stays constant with millions of them."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("")  # a private temporary file, which SQLite deletes on closing
        self._file.execute("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, ids: Iterable[str]) -> None:
        """Add ids."""
        self._file.executemany("INSERT OR IGNORE INTO seen VALUES (?)", ((object_id,) for object_id in ids))

    def __contains__(self, object_id: str) -> bool:
        return self._file.execute("SELECT 1 FROM seen WHERE id = ?", (object_id,)).fetchone() is not None

    def close(self) -> None:
        """Delete the file."""
        self._file.close()


@dataclass(frozen=True)
class Reconciliation:
    """Comparison of the uploads bucket with the ledger, under one model.

    Parameters
    ----------
    arrivals, notifications
        Queues to which object versions without a terminal state, and overdue notifications, are sent again; None sends
        nothing.
    requeue_failed
        Send failed object versions again too: for those whose dead letter has expired after 14 days.
    show
        Called with each object version that needs attention, as soon as it is found.
    """

    uploads: VersionedBucket
    ledger: LedgerOperations
    model: str
    now: datetime
    grace: timedelta
    arrivals: Queue | None = None
    notifications: Queue | None = None
    requeue_failed: bool = False
    show: Callable[[Finding | State, ObjectVersion], None] = lambda finding, version: None

    def run(self) -> Tally:
        """Check every object version, then every row; return how many there are of each kind."""
        tally: Tally = Counter()
        with closing(SeenIds()) as seen:
            for page in self.uploads.pages(SMEARS):
                versions = [version for version in page if not version.is_marker and not _created(version).is_folder_marker]
                seen.add(version.object.object_id for version in versions)
                self._check_versions(versions, tally)
            for rows in self.ledger.pages_finished_before(self.model, self.now):
                self._check_rows(rows, seen, tally)
        return tally

    def _check_versions(self, versions: list[StoredVersion], tally: Tally) -> None:
        rows = self.ledger.find_all([version.object.object_id for version in versions], self.model)
        again: list[StoredVersion] = []
        for version in versions:
            row = rows.get(version.object.object_id)
            kind = row.state if row else self._without_state(version)
            tally[kind] += 1
            if kind in ALARMING:
                self.show(kind, version.object)
            if kind is State.REJECTED and specimen_of(version.object.key) is None:
                tally[Finding.UNASSIGNED] += 1
                self.show(Finding.UNASSIGNED, version.object)
            if kind is Finding.NO_STATE or (kind is State.FAILED and self.requeue_failed):
                again.append(version)
        if self.arrivals:
            self.arrivals.send([announce(_created(version)) for version in again])
            tally[Finding.REQUEUED] += len(again)

    def _without_state(self, version: StoredVersion) -> Finding:
        return Finding.IN_PROGRESS if version.modified > self.now - self.grace else Finding.NO_STATE

    def _check_rows(self, rows: list[LedgerRow], seen: SeenIds, tally: Tally) -> None:
        orphans = [row for row in rows if row.object_id not in seen]
        late = [
            row for row in rows if row.notification is NotificationStatus.PENDING and row.finished_at < self.now - self.grace
        ]
        for kind, found in ((Finding.NO_OBJECT, orphans), (Finding.NOT_NOTIFIED, late)):
            tally[kind] += len(found)
            for row in found:
                self.show(kind, row.object)
        if self.notifications:
            self.notifications.send([NotificationTask(object_id=row.object_id, model=row.model).to_json() for row in late])
            tally[Finding.RENOTIFIED] += len(late)


def _created(version: StoredVersion) -> CreatedObject:
    return CreatedObject(object=version.object, size=version.size)


def reconcile(reconciliation: Reconciliation) -> int:
    """Run it, print the counts, and return the exit status: 1 where something needs attention, so that a cron job can alert."""
    tally = reconciliation.run()
    versions = sum(tally[kind] for kind in (*State, Finding.IN_PROGRESS, Finding.NO_STATE))
    print(f"object versions below {SMEARS}: {versions:,}, model {reconciliation.model}")
    for kind in (*State, *Finding):
        print(f"  {kind:<12} {tally[kind]:>9,}")
    missing = sum(tally[kind] for kind in ALARMING)
    print(f"need attention: {missing:,}" if missing else "nothing needs attention")
    return 1 if missing else 0
