"""One report, shown to whom it is for: to staff in full, to its patient the summary. Each showing is in the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import Pictures
from hemascope.domain.specimen import Specimen, is_object_id, specimen_of
from hemascope.portal.audit import Trail
from hemascope.portal.identity import STAFF, Person, Role
from hemascope.portal.patients import PatientDesk
from hemascope.portal.problems import Forbidden, NotFound
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.responses import PatientView, ReportView, Row
from hemascope.portal.worklist import newest_report_first
from hemascope.ports import Ledger, LinkMaker


def rows_of_own(ledger: Ledger, person: Person, object_id: str) -> tuple[LedgerRow, ...]:
    """Every row of an object version of the person's own hospital.

    Raises
    ------
    NotFound, Forbidden
    """
    rows = ledger.rows_of(object_id) if is_object_id(object_id) else ()
    if not rows:
        raise NotFound("There is no report of this id, or not yet.")
    specimen = specimen_of(rows[0].object.key)
    if specimen is None or specimen.hospital != person.hospital:
        raise Forbidden("This report is not yours.")
    return rows


@dataclass(frozen=True)
class Reading:
    """Readers of one deployment's reports."""

    ledger: Ledger
    repository: ReportRepository
    links: LinkMaker
    patients: PatientDesk
    trail: Trail

    def show_report(self, person: Person, object_id: str) -> ReportView | PatientView:
        """Show what is known of one object version: to staff the report, to its patient the summary.

        Raises
        ------
        NotFound
            Where nothing of this id has come to an end; for a patient also where nothing is out.
        Forbidden
            Where it is another hospital's or another patient's.
        """
        found = self.ledger.rows_of(object_id) if is_object_id(object_id) else ()
        rows = sorted(found, key=newest_report_first)
        if not rows:
            raise NotFound("There is no report of this id, or not yet.")
        if not _may_see(person, specimen_of(rows[0].object.key)):
            raise Forbidden("This report is not yours.")
        if person.role is Role.PATIENT:
            return self._for_patient(person, rows)
        self.trail.record_view(person, object_id)
        return self._for_staff(rows[0], rows[1:])

    def _for_patient(self, person: Person, rows: Sequence[LedgerRow]) -> PatientView:
        summary = self.patients.summary(person.hospital, rows)
        if summary is None:
            raise NotFound("There is no report of this id, or not yet.")
        self.trail.record_view(person, summary.object_id)
        return PatientView(summary=summary)

    def _for_staff(self, row: LedgerRow, others: list[LedgerRow]) -> ReportView:
        report = self.repository.report(row) if row.report_key else None
        pictures = report.evidence.pictures if report and report.evidence else None
        return ReportView(
            **Row.of(row).model_dump(),
            report=report,
            pictures=self._linked(pictures) if pictures else None,
            expires_in=self.links.seconds,
            verdicts=self.repository.verdicts(row),
            released_verdict_number=row.released_verdict_number,
            others=tuple(Row.of(other) for other in others),
        )

    def _linked(self, pictures: Pictures) -> Pictures:
        return Pictures(
            segmented=self.links.link(pictures.segmented),
            overlay=self.links.link(pictures.overlay),
            heat_maps={branch: self.links.link(key) for branch, key in pictures.heat_maps.items()},
        )


def _may_see(person: Person, specimen: Specimen | None) -> bool:
    """All staff of the hospital; of patients the one whose blood it is."""
    if specimen is None or specimen.hospital != person.hospital:
        return False
    return person.role in STAFF or specimen.patient == person.patient
