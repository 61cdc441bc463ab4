"""A report as a file for staff: printed, or as a FHIR bundle. Who may have it, and the trail, are those of reading.

ReportLab, OpenCV and the FHIR library are imported by who asks for what they make: the first request pays, no other function.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hemascope.documents.reviewed import Reviewed
from hemascope.domain.disease import Disease
from hemascope.domain.errors import MissingObject, RejectedSmear
from hemascope.domain.file_size import MAXIMUM_BYTES
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.report import Report
from hemascope.domain.specimen import ObjectVersion
from hemascope.domain.texts import Texts
from hemascope.portal.identity import STAFF, Person
from hemascope.portal.problems import NotFound
from hemascope.portal.reports import Reading
from hemascope.portal.responses import ReportView
from hemascope.ports import HospitalSettingsRepository, ObjectStore


@dataclass(frozen=True)
class DocumentDesk:
    """The documents' function without its cloud.

    ``pictures`` reads smears and what was drawn of them; ``disease`` and ``texts`` are the served model's.
    """

    reading: Reading
    hospitals: HospitalSettingsRepository
    pictures: ObjectStore
    disease: Disease
    texts: Texts

    def printed(self, person: Person, object_id: str) -> bytes:
        """Print the newest report on one object version: a PDF file.

        Raises
        ------
        Forbidden
            Where it is not for this role, or another hospital's.
        NotFound
            Where nothing of this id has come to an end, or the screening failed.
        """
        from hemascope.documents.pdf_report import pdf_report
        from hemascope.documents.pictures import ReportPictures

        view, report = self._report(person, object_id)
        files = self._read(self._stored(view, report)) if report.result else {}
        heat_maps = {name.removeprefix("heat map "): data for name, data in files.items() if name.startswith("heat map ")}
        given = ReportPictures(files.get("smear"), files.get("overlay"), {one: data for one, data in heat_maps.items() if data})
        return pdf_report(report, given, self.disease, self.texts, _reviewed(view), self._settings(person))

    def bundled(self, person: Person, object_id: str) -> bytes:
        """Make the same report a FHIR bundle of the version that the hospital has set: JSON.

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
        person.expect(STAFF)
        view = self.reading.show_report(person, object_id)
        if not isinstance(view, ReportView) or view.report is None:
            raise NotFound("There is no report of this id, or not yet.")
        return view, view.report

    def _stored(self, view: ReportView, report: Report) -> dict[str, ObjectVersion]:
        """Where the pictures lie: the smear's own version among the uploads, the others beside the report."""
        smears = [row.object for row in self.reading.ledger.rows_of(view.object_id) if row.model == view.model]
        drawn = report.evidence.pictures if report.evidence else None
        keys = {} if drawn is None else {"overlay": drawn.overlay}
        keys |= {} if drawn is None else {f"heat map {branch}": key for branch, key in drawn.heat_maps.items()}
        bucket = self.reading.repository.bucket
        return {"smear": smears[0]} | {name: ObjectVersion(bucket=bucket, key=key) for name, key in keys.items()}

    def _read(self, stored: Mapping[str, ObjectVersion]) -> dict[str, bytes | None]:
        with ThreadPoolExecutor(len(stored)) as readers:
            return dict(zip(stored, readers.map(self._file, stored.values()), strict=True))

    def _file(self, version: ObjectVersion) -> bytes | None:
        """A picture's file; None where its time is over: a report outlives the pictures it was made from."""
        try:
            return self.pictures.read(version, MAXIMUM_BYTES)
        except (MissingObject, RejectedSmear):
            return None


def _reviewed(view: ReportView) -> Reviewed:
    return Reviewed(view.verdicts, view.release, view.released_verdict_number)
