"""``hemascope reconcile``: has every object version come to its end, and do people know?"""

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
from hemascope.domain.specimen import SMEARS, ObjectVersion
from hemascope_cli.operations.buckets import StoredVersion, VersionedBucket
from hemascope_cli.operations.ledger_table import LedgerTable
from hemascope_cli.operations.queues import Queue


class Finding(StrEnum):
    """What may be said of an object version, beside its state."""

    ON_THE_WAY = "on the way"  # no end yet, but young
    NO_END = "no end"
    REQUEUED = "requeued"
    NOT_TOLD = "not told"  # its notification is pending for longer than the grace time
    ASKED_AGAIN = "asked again"
    NO_OBJECT = "no object"  # a row, but the object was deleted meanwhile


ALARMING = (Finding.NO_END, State.FAILED, Finding.NOT_TOLD)
Tally = Counter[State | Finding]


class SeenIds:
    """A set of object ids in a temporary file: millions of them, and memory stays flat."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("")  # a private file that SQLite deletes when it is closed
        self._file.execute("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, ids: Iterable[str]) -> None:
        """Remember ids."""
        self._file.executemany("INSERT OR IGNORE INTO seen VALUES (?)", ((object_id,) for object_id in ids))

    def __contains__(self, object_id: str) -> bool:
        return self._file.execute("SELECT 1 FROM seen WHERE id = ?", (object_id,)).fetchone() is not None

    def close(self) -> None:
        """Delete the file."""
        self._file.close()


@dataclass(frozen=True)
class Reconciliation:
    """Uploads bucket against ledger, under one model.

    Parameters
    ----------
    arrivals, notifications
        Where object versions without an end are sent again, and notifications that nobody was told of; None only looks.
    requeue_failed
        Send failed ones again too: for those whose dead letter is gone after its 14 days.
    show
        Called with each object version that needs a look, as soon as it is found.
    """

    uploads: VersionedBucket
    ledger: LedgerTable
    model: str
    now: datetime
    grace: timedelta
    arrivals: Queue | None = None
    notifications: Queue | None = None
    requeue_failed: bool = False
    show: Callable[[Finding | State, ObjectVersion], None] = lambda finding, version: None

    def run(self) -> Tally:
        """Look at every object version, then at every row; return how many there are of each kind."""
        tally: Tally = Counter()
        with closing(SeenIds()) as seen:
            for page in self.uploads.pages(SMEARS):
                versions = [one for one in page if not one.is_marker]
                seen.add(version.object.object_id for version in versions)
                self._check_versions(versions, tally)
            for rows in self.ledger.pages(self.model, self.now):
                self._check_rows(rows, seen, tally)
        return tally

    def _check_versions(self, versions: list[StoredVersion], tally: Tally) -> None:
        rows = self.ledger.find_all([one.object.object_id for one in versions], self.model)
        again: list[StoredVersion] = []
        for version in versions:
            row = rows.get(version.object.object_id)
            kind = row.state if row else self._without_end(version)
            tally[kind] += 1
            if kind in ALARMING:
                self.show(kind, version.object)
            if kind is Finding.NO_END or (kind is State.FAILED and self.requeue_failed):
                again.append(version)
        if self.arrivals:
            self.arrivals.send([announce(CreatedObject(object=one.object, size=one.size)) for one in again])
            tally[Finding.REQUEUED] += len(again)

    def _without_end(self, version: StoredVersion) -> Finding:
        return Finding.ON_THE_WAY if version.modified > self.now - self.grace else Finding.NO_END

    def _check_rows(self, rows: list[LedgerRow], seen: SeenIds, tally: Tally) -> None:
        orphans = [row for row in rows if row.object_id not in seen]
        late = [
            row for row in rows if row.notification is NotificationStatus.PENDING and row.finished_at < self.now - self.grace
        ]
        for kind, found in ((Finding.NO_OBJECT, orphans), (Finding.NOT_TOLD, late)):
            tally[kind] += len(found)
            for row in found:
                self.show(kind, row.object)
        if self.notifications:
            self.notifications.send([NotificationTask(object_id=row.object_id, model=row.model).to_json() for row in late])
            tally[Finding.ASKED_AGAIN] += len(late)


def reconcile(reconciliation: Reconciliation) -> int:
    """Run it, print the counts, and return 1 where something is missing, so that a timer can raise an alarm."""
    tally = reconciliation.run()
    versions = sum(tally[kind] for kind in (*State, Finding.ON_THE_WAY, Finding.NO_END))
    print(f"object versions below {SMEARS}: {versions:,}, model {reconciliation.model}")
    for kind in (*State, *Finding):
        print(f"  {kind:<11} {tally[kind]:>9,}")
    missing = sum(tally[kind] for kind in ALARMING)
    print(f"need a look: {missing:,}" if missing else "all is well")
    return 1 if missing else 0
