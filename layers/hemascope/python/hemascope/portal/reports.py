"""Shows one report: in full to staff, as a summary to its patient. Each view is recorded in the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass

from hemascope.domain.account import Role
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import PatientSummary, Pictures, Report
from hemascope.domain.review import Verdict
from hemascope.domain.specimen import specimen_of
from hemascope.portal.audit import AuditService
from hemascope.portal.identity import Person
from hemascope.portal.patients import PatientResultService
from hemascope.portal.problems import Forbidden, NotFound
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.requests import Message
from hemascope.portal.rows import NO_REPORT, NOT_YOURS, Row, find_rows, is_of_hospital, newest_report_first
from hemascope.ports import Ledger, LinkMaker


class ReportView(Row):
    """What staff see of one object version: the newest model's report in full."""

    report: Report | None  # None where the screening failed
    pictures: Pictures | None  # links, where the report itself has keys
    expires_in: int  # seconds, of the links
    verdicts: tuple[Verdict, ...]  # on this model's answer
    released_verdict_number: int  # the verdict that the release rests on; 0 before the release
    others: tuple[Row, ...]  # rows of other models


class PatientView(Message):
    """What a patient sees of one object version."""

    summary: PatientSummary


@dataclass(frozen=True)
class ReportService:
    """Shows the reports of all hospitals of a deployment, each to its own people."""

    ledger: Ledger
    repository: ReportRepository
    links: LinkMaker
    patients: PatientResultService
    audit: AuditService

    def show_report(self, person: Person, object_id: str) -> ReportView | PatientView:
        """Show what is known of one object version: to staff the report, to its patient the summary.

        Raises
        ------
        NotFound
            Where nothing of this id has reached a terminal state; for a patient also where nothing is released.
        Forbidden
            Where it is another hospital's or another patient's.
        """
        rows = sorted(find_rows(self.ledger, object_id), key=newest_report_first)
        if not _may_see(person, rows[0]):
            raise Forbidden(NOT_YOURS)
        if person.role is Role.PATIENT:
            return self._for_patient(person, rows)
        self.audit.record_view(person, object_id)
        return self._for_staff(rows[0], rows[1:])

    def _for_patient(self, person: Person, rows: Sequence[LedgerRow]) -> PatientView:
        summary = self.patients.find_summary(person.hospital, rows)
        if summary is None:
            raise NotFound(NO_REPORT)
        self.audit.record_view(person, summary.object_id)
        return PatientView(summary=summary)

    def _for_staff(self, row: LedgerRow, others: Sequence[LedgerRow]) -> ReportView:
        report = self.repository.report(row) if row.report_key else None
        pictures = report.evidence.pictures if report and report.evidence else None
        return ReportView(
            **Row.of(row).model_dump(),
            report=report,
            pictures=self._link_pictures(pictures) if pictures else None,
            expires_in=self.links.seconds,
            verdicts=self.repository.verdicts(row),
            released_verdict_number=row.released_verdict_number,
            others=tuple(Row.of(other) for other in others),
        )

    def _link_pictures(self, pictures: Pictures) -> Pictures:
        return Pictures(
            segmented=self.links.link(pictures.segmented),
            overlay=self.links.link(pictures.overlay),
            heat_maps={branch: self.links.link(key) for branch, key in pictures.heat_maps.items()},
        )


def _may_see(person: Person, row: LedgerRow) -> bool:
    """Staff see every smear of their hospital, a patient only their own."""
    if not is_of_hospital(person.hospital, row):
        return False
    specimen = specimen_of(row.object.key)
    return person.role is not Role.PATIENT or (specimen is not None and specimen.patient == person.patient)
