"""The portal's requests: who am I, take a picture, one report, one case.

Every rule of who may see what stands here, in ``people`` and in ``patients``; what reviewers do stands in ``review``, lists
stand in ``worklist``, what administrators do in ``administration``. A hospital's reports are for its staff, a patient's summary
for that patient; whatever exists and is somebody else's is forbidden, whatever doesn't exist is not found.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from hemascope.cases.fields import SlideField
from hemascope.cases.statement import state_case, summarize_case
from hemascope.contracts.case_texts import CaseTexts
from hemascope.contracts.errors import RejectedSmear
from hemascope.contracts.file_size import MAXIMUM_BYTES
from hemascope.contracts.report import Report
from hemascope.contracts.specimen import Specimen, is_segment, smear_key, specimen_of
from hemascope.portal.acknowledge import Acknowledging
from hemascope.portal.administration import Administration
from hemascope.portal.answers import (
    CaseView,
    Me,
    PatientCaseView,
    Upload,
    UploadRequest,
)
from hemascope.portal.patients import PatientDesk, release_of
from hemascope.portal.people import UPLOADERS, Person, Role
from hemascope.portal.problems import BadRequest, NotFound
from hemascope.portal.reading import Reading
from hemascope.portal.review import Review
from hemascope.portal.shelf import Shelf
from hemascope.portal.trail import Trail
from hemascope.portal.worklist import CASE_ROWS, Worklist
from hemascope.ports import LedgerReader, LinkMaker

_READERS = 8  # reports that are read at a time


@dataclass(frozen=True)
class Desk:
    """The portal's function without its cloud."""

    ledger: LedgerReader
    shelf: Shelf
    links: LinkMaker
    reading: Reading
    uploads_bucket: str
    urgent_classes: Sequence[str]
    case_words: CaseTexts
    review: Review
    acknowledging: Acknowledging
    patients: PatientDesk
    trail: Trail
    worklist: Worklist
    administration: Administration

    def me(self, person: Person) -> Me:
        """Tell who is signed in."""
        return Me(role=person.role, hospital=person.hospital, patient=person.patient)

    def open_upload(self, person: Person, body: str) -> Upload:
        """Give a form that takes one picture of the sender's own hospital.

        Raises
        ------
        Forbidden, BadRequest
        """
        person.expect(UPLOADERS)
        wanted = UploadRequest.parse(body)
        try:
            key = smear_key(Specimen(hospital=person.hospital, **wanted.model_dump(include={"patient", "case", "file"})))
        except RejectedSmear as error:  # the ids are too long together; its text holds lengths alone
            raise BadRequest(f"{error}.") from error
        return Upload(
            form=self.links.upload_form(key, MAXIMUM_BYTES),
            maximum_bytes=MAXIMUM_BYTES,
            expires_in=self.links.seconds,
            bucket=self.uploads_bucket,
            key=key,
            put=self.links.upload_put(key, wanted.sha256, wanted.size) if wanted.sha256 and wanted.size else None,
        )

    def show_case(self, person: Person, case: str | None, patient: str | None) -> CaseView | PatientCaseView:
        """Say what all fields of one slide say together: to staff the statement, to its patient the summary.

        Ids of cases can be guessed, so what is somebody else's is not found, as if it weren't there. It is stated anew at each
        request: fields still come, and what is stored would be out of date.

        Raises
        ------
        BadRequest
            Where no case is named, patients share its id and none is named, or it has too many reports.
        NotFound
            Where the caller's hospital, or the patient, has no such case or nothing of it has come to an end.
        """
        if not case:
            raise BadRequest("Expected a case: ?case=, and &patient= where several patients have one of this id.")
        known = self.ledger.rows_by_case(person.hospital, case, CASE_ROWS + 1) if is_segment(case) else ()
        wanted = person.patient if person.role is Role.PATIENT else patient
        found = {row.object_id: one for row in known if (one := specimen_of(row.object.key)) and wanted in {None, one.patient}}
        if len({one.patient for one in found.values()}) > 1:
            raise BadRequest("Several patients have a case of this id. Please name the patient too: &patient=.")
        if len(known) > CASE_ROWS:
            raise BadRequest(f"Expected a case of at most {CASE_ROWS} reports.")
        with ThreadPoolExecutor(_READERS) as readers:
            read = partial(self._fields_of, person)
            fields = [one for some in readers.map(read, found.values(), found) for one in some]
        if not fields:
            raise NotFound("There is no case of this id, or not yet.")
        self.trail.saw(person, *dict.fromkeys(one.object_id for one in fields))
        statement = state_case(fields, self.urgent_classes, self.case_words)
        if person.role is Role.PATIENT:
            statement = statement.model_copy(update={"release": release_of(fields)})
            return PatientCaseView(summary=summarize_case(statement, self.case_words))
        return CaseView(statement=statement)

    def _fields_of(self, person: Person, specimen: Specimen, object_id: str) -> list[SlideField]:
        """Every model's report on one object version, by its own rows: the index trails behind and knows no tombstone."""
        rows = self.ledger.rows_of(object_id)
        if person.role is Role.PATIENT:
            return self.patients.fields(person.hospital, specimen, rows)
        reports: list[Report | None] = [self.shelf.report(row) for row in rows if row.report_key]
        if rows and not reports:
            reports = [None]  # nothing but failures
        return [SlideField(specimen.file, object_id, report) for report in reports]
