"""``hemascope forget``: deletes everything that is stored about a patient, except ids that no longer refer to anything.

The order of the steps makes a crash between any two of them safe. Tombstones are written first, so that a late delivery
writes nothing and a second call knows what the first had begun. Then the pictures are deleted, so that nobody reads them any
more. A pause as long as a function may run follows, after which no worker holds a picture. Then reports and rows are deleted,
and at last the tombstones record that the deletion is finished.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hemascope.aws.client import map_aws_errors
from hemascope.domain.audit import SERVICE, AuditAction
from hemascope.domain.errors import HemascopeError
from hemascope.domain.ledger import StoredCounts
from hemascope.domain.specimen import Patient, report_prefixes
from hemascope.ports import AuditTrail, Clock, LedgerOperations
from hemascope_cli.operations.buckets import StoredVersion, VersionedBucket

LONGEST_RUN = timedelta(seconds=120)  # the longest timeout of a function that the settings allow


@dataclass(frozen=True)
class Plan:
    """What is stored about a patient: versions and delete markers below their prefix, and the counts of each object."""

    versions: list[StoredVersion]
    objects: dict[str, StoredCounts]  # by object id
    was_interrupted: bool
    completed_before: int

    @property
    def files(self) -> int:
        """Versions in the reports bucket."""
        return sum(counts.files for counts in self.objects.values())

    @property
    def rows(self) -> int:
        """Rows in the ledger."""
        return sum(counts.rows for counts in self.objects.values())

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is left, not even the unfinished work of an earlier call."""
        return not self.versions and not self.objects


@dataclass(frozen=True)
class Forgetting:
    """Deletion of one patient's data in both buckets and the ledger."""

    patient: Patient
    uploads: VersionedBucket
    reports: VersionedBucket
    ledger: LedgerOperations
    audit: AuditTrail
    clock: Clock

    def plan(self) -> Plan:
        """Find everything that is stored; nothing is changed."""
        below = self.uploads.all_below(self.patient.search_prefix)
        versions = [version for version in below if self.patient.owns(version.object.key)]
        traces = list(self.ledger.traces_of(self.patient))
        completed = {trace.object_id for trace in traces if trace.completed}
        rows = Counter(trace.object_id for trace in traces if not trace.is_tombstone)
        begun = {trace.object_id for trace in traces if trace.is_tombstone and not trace.completed}
        ids = begun | set(rows) | {version.object.object_id for version in versions if not version.is_marker}
        objects = {
            object_id: StoredCounts(files=len(self._files(object_id)), rows=rows[object_id]) for object_id in sorted(ids)
        }
        return Plan(versions, objects, bool(begun), len(completed - ids))

    def carry_out(self, plan: Plan, wait: Callable[[], None]) -> None:
        """Delete it. An interrupted deletion is finished by the next call."""
        for object_id, found in plan.objects.items():
            with map_aws_errors("append to the audit trail"):
                self.audit.append(self.patient.hospital, SERVICE, AuditAction.FORGOTTEN, object_id, self.clock.now())
            self.ledger.write_tombstone(object_id, self.patient, found, self.clock.now())
        self.uploads.delete(plan.versions)
        wait()
        for object_id in plan.objects:
            self.reports.delete(self._files(object_id))
            self.ledger.delete_rows(object_id)
            self.ledger.complete_tombstone(object_id, self.clock.now())

    def _files(self, object_id: str) -> list[StoredVersion]:
        return [version for prefix in report_prefixes(object_id) for version in self.reports.all_below(prefix)]


def forget(forgetting: Forgetting, wait: Callable[[], None], confirm: Callable[[], bool]) -> int:
    """Print what is stored, ask for confirmation, delete it and check again; return the exit status.

    Raises
    ------
    HemascopeError
        Where it was not confirmed.
    """
    plan = forgetting.plan()
    if plan.is_empty:
        before = f"; pictures forgotten earlier: {plan.completed_before}" if plan.completed_before else ""
        print(f"nothing is stored about this patient{before}")
        return 0
    print(f"object versions: {len(plan.versions)}, files of reports: {plan.files}, ledger rows: {plan.rows}")
    if plan.was_interrupted:
        print("an earlier call was interrupted; this one finishes it")
    if not confirm():
        raise HemascopeError("expected yes, nothing was deleted")
    forgetting.carry_out(plan, wait)
    if not forgetting.plan().is_empty:
        print("deleted, but more came meanwhile: stop the uploads of this patient and call again")
        return 1
    print(f"deleted; tombstones that keep late deliveries from bringing anything back: {len(plan.objects)}")
    return 0
