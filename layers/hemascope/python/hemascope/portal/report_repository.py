"""Reads the reports and verdicts on one object version, and stores new verdicts beside them."""

from dataclasses import dataclass

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.report import PatientSummary, Report
from hemascope.domain.review import Verdict
from hemascope.domain.specimen import ObjectVersion, report_keys, verdict_key
from hemascope.ports import ObjectStore


@dataclass(frozen=True)
class ReportRepository:
    """The reports bucket. Its objects are never changed: the row's release replaces the one in the file when it is read."""

    store: ObjectStore
    bucket: str

    def report(self, row: LedgerRow) -> Report:
        """The hospital's report of a row that has one."""
        assert row.report_key is not None  # callers check it
        return Report.model_validate_json(self._read(row.report_key)).model_copy(update={"release": row.release})

    def summary(self, row: LedgerRow) -> PatientSummary:
        """The patient's summary of such a row, as the model's answer produced it."""
        stored = self._read(report_keys(row.object_id, row.model).summary)
        return PatientSummary.model_validate_json(stored).model_copy(update={"release": row.release})

    def verdict(self, row: LedgerRow, number: int) -> Verdict:
        """One verdict on the row's answer."""
        return Verdict.model_validate_json(self._read(verdict_key(row.object_id, row.model, number)))

    def verdicts(self, row: LedgerRow) -> tuple[Verdict, ...]:
        """All verdicts that the row counts, in ascending order."""
        return tuple(self.verdict(row, number) for number in range(1, row.verdicts + 1))

    def put_verdict(self, object_id: str, verdict: Verdict) -> bool:
        """Store a verdict unless its number is taken; tell whether it was stored."""
        key = verdict_key(object_id, verdict.model, verdict.number)
        return self.store.write_once(key, verdict.to_json().encode(), "application/json")

    def _read(self, key: str) -> bytes:
        return self.store.read(ObjectVersion(bucket=self.bucket, key=key), MAXIMUM_BYTES)
