"""``hemascope forget``: deletes all that the service holds about a patient. What stays names smears by ids that lead nowhere.

The order makes it safe to die anywhere. Tombstones come first, so that a late delivery writes nothing and a second call
knows what the first had begun; then the pictures, so that nobody reads them any more; then a pause as long as a function
may run, after which no worker has a picture in its hands; then reports and rows; then the tombstones say that it is done.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hemascope.aws.client import map_aws_errors
from hemascope.domain.audit import SERVICE, AuditAction
from hemascope.domain.errors import HemascopeError
from hemascope.domain.specimen import Patient, report_prefixes
from hemascope.ports import AuditTrail, Clock
from hemascope_cli.operations.buckets import StoredVersion, VersionedBucket
from hemascope_cli.operations.ledger_table import Found, LedgerTable

LONGEST_RUN = timedelta(seconds=120)  # the longest timeout that the settings allow a function


@dataclass(frozen=True)
class Plan:
    """What there is about a patient: versions and markers below their prefix, and for each object its files and rows."""

    versions: list[StoredVersion]
    objects: dict[str, Found]
    was_interrupted: bool
    done_before: int

    @property
    def files(self) -> int:
        """Versions in the reports bucket."""
        return sum(one.files for one in self.objects.values())

    @property
    def rows(self) -> int:
        """Rows in the ledger."""
        return sum(one.rows for one in self.objects.values())

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is left, not even work that an earlier call began."""
        return not self.versions and not self.objects


@dataclass(frozen=True)
class Forgetting:
    """One patient's data in both buckets and the ledger."""

    patient: Patient
    uploads: VersionedBucket
    reports: VersionedBucket
    ledger: LedgerTable
    audit: AuditTrail
    clock: Clock

    def plan(self) -> Plan:
        """Look what there is; nothing changes."""
        versions = self.uploads.all_below(self.patient.prefix)
        traces = list(self.ledger.traces(self.patient))
        done = {trace.object_id for trace in traces if trace.done}
        rows = Counter(one.object_id for one in traces if not one.is_tombstone)
        begun = {one.object_id for one in traces if one.is_tombstone and not one.done}
        ids = begun | set(rows) | {version.object.object_id for version in versions if not version.is_marker}
        objects = {object_id: Found(len(self._files(object_id)), rows[object_id]) for object_id in sorted(ids)}
        return Plan(versions, objects, bool(begun), len(done - ids))

    def carry_out(self, plan: Plan, wait: Callable[[], None]) -> None:
        """Delete it; whatever is interrupted is finished by the next call."""
        for object_id, found in plan.objects.items():
            with map_aws_errors("append to the audit trail"):
                self.audit.append(self.patient.hospital, SERVICE, AuditAction.FORGOTTEN, object_id, self.clock.now())
            self.ledger.write_tombstone(object_id, self.patient, found, self.clock.now())
        self.uploads.delete(plan.versions)
        wait()
        for object_id in plan.objects:
            self.reports.delete(self._files(object_id))
            self.ledger.delete_rows(object_id)
            self.ledger.complete(object_id, self.clock.now())

    def _files(self, object_id: str) -> list[StoredVersion]:
        return [one for prefix in report_prefixes(object_id) for one in self.reports.all_below(prefix)]


def forget(forgetting: Forgetting, wait: Callable[[], None], confirm: Callable[[], bool]) -> int:
    """Say what there is, ask, delete it, look again; return the exit status.

    Raises
    ------
    HemascopeError
        Where it was not confirmed.
    """
    plan = forgetting.plan()
    if plan.is_empty:
        before = f"; pictures forgotten earlier: {plan.done_before}" if plan.done_before else ""
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
