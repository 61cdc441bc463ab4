"""A report as a file for staff: PDF, or FHIR bundle. Access and audit trail are those of viewing the report.

ReportLab, OpenCV and the FHIR library are imported at the first request that needs them, so that nothing else waits for them.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hemascope.domain.disease import Disease
from hemascope.domain.errors import MissingObject, RejectedSmear
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.report import Report
from hemascope.domain.reviewed import Reviewed
from hemascope.domain.specimen import ObjectVersion
from hemascope.domain.texts import Texts
from hemascope.portal.identity import Person
from hemascope.portal.problems import NotFound
from hemascope.portal.reports import ReportService, ReportView
from hemascope.portal.rows import NO_REPORT
from hemascope.ports import HospitalSettingsRepository, ObjectStore

_HEAT_MAP = "heat map "  # with a branch of the network behind it: the name of a picture


@dataclass(frozen=True)
class ReportDocumentService:
    """Renders reports; ``pictures`` reads smears and the pictures of the evidence.

    ``disease`` and ``texts`` are the served model's.
    """

    reports: ReportService
    hospitals: HospitalSettingsRepository
    pictures: ObjectStore
    disease: Disease
    texts: Texts

    def print_report(self, person: Person, object_id: str) -> bytes:
        """Render the newest report on one object version as a PDF file.

        Raises
        ------
        Forbidden
            Where it is another hospital's.
        NotFound
            Where nothing of this id has reached a terminal state, or the screening failed.
        """
        from hemascope.documents.pdf_report import pdf_report
        from hemascope.documents.pictures import ReportPictures

        view, report = self._report(person, object_id)
        files = self._read(self._stored(view, report)) if report.result else {}
        heat_maps = {name.removeprefix(_HEAT_MAP): data for name, data in files.items() if name.startswith(_HEAT_MAP) and data}
        pictures = ReportPictures(files.get("smear"), files.get("overlay"), heat_maps)
        return pdf_report(report, pictures, self.disease, self.texts, _reviewed(view), self._settings(person))

    def bundle_report(self, person: Person, object_id: str) -> bytes:
        """Render the newest report as a FHIR bundle, of the version that the hospital has chosen: JSON.

        Raises
        ------
        Forbidden, NotFound
            As above.
        """
        from hemascope.documents.fhir import fhir_bundle

        view, report = self._report(person, object_id)
        return fhir_bundle(report, self.disease, self.texts, _reviewed(view), self._settings(person).fhir).encode()

    def _settings(self, person: Person) -> HospitalSettings:
        return self.hospitals.settings_of(person.hospital)

    def _report(self, person: Person, object_id: str) -> tuple[ReportView, Report]:
        view = self.reports.show_report(person, object_id)
        if not isinstance(view, ReportView) or view.report is None:
            raise NotFound(NO_REPORT)
        return view, view.report

    def _stored(self, view: ReportView, report: Report) -> dict[str, ObjectVersion]:
        """Where the pictures are stored: the smear's version in the uploads bucket, the others beside the report."""
        smears = [row.object for row in self.reports.ledger.rows_of(view.object_id) if row.model == view.model]
        drawn = report.evidence.pictures if report.evidence else None
        keys = {} if drawn is None else {"overlay": drawn.overlay}
        keys |= {} if drawn is None else {f"{_HEAT_MAP}{branch}": key for branch, key in drawn.heat_maps.items()}
        bucket = self.reports.repository.bucket
        return {"smear": smears[0]} | {name: ObjectVersion(bucket=bucket, key=key) for name, key in keys.items()}

    def _read(self, stored: Mapping[str, ObjectVersion]) -> dict[str, bytes | None]:
        with ThreadPoolExecutor(len(stored)) as readers:
            return dict(zip(stored, readers.map(self._file, stored.values()), strict=True))

    def _file(self, version: ObjectVersion) -> bytes | None:
        """A picture's bytes; None where it has expired: a report is kept longer than its pictures."""
        try:
            return self.pictures.read(version, MAXIMUM_BYTES)
        except (MissingObject, RejectedSmear):
            return None


def _reviewed(view: ReportView) -> Reviewed:
    return Reviewed(view.verdicts, view.release, view.released_verdict_number)
