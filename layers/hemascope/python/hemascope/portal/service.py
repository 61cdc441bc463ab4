"""The portal's requests: who am I, take a picture, one report, one slide.

Every rule of who may see what stands here, in ``people`` and in ``patients``; what reviewers do stands in ``review``, lists
stand in ``worklist``, what administrators do in ``administration``. A hospital's reports are for its staff, a patient's summary
for that patient; whatever exists and is somebody else's is forbidden, whatever doesn't exist is not found.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.file_size import MAXIMUM_BYTES
from hemascope.domain.report import Report
from hemascope.domain.slide_texts import SlideTexts
from hemascope.domain.specimen import Specimen, is_segment, smear_key, specimen_of
from hemascope.portal.acknowledgements import Acknowledging
from hemascope.portal.administration import Administration
from hemascope.portal.audit import Trail
from hemascope.portal.identity import UPLOADERS, Person, Role
from hemascope.portal.patients import PatientDesk, release_of
from hemascope.portal.problems import BadRequest, NotFound
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.reports import Reading
from hemascope.portal.responses import (
    Me,
    PatientSlideView,
    SlideView,
    Upload,
    UploadRequest,
)
from hemascope.portal.reviews import Review
from hemascope.portal.worklist import SLIDE_ROWS, Worklist
from hemascope.ports import Ledger, LinkMaker
from hemascope.slides.fields import SlideField
from hemascope.slides.statement import build_slide_report, summarize_slide

_READERS = 8  # reports that are read at a time


@dataclass(frozen=True)
class Desk:
    """The portal's function without its cloud."""

    ledger: Ledger
    repository: ReportRepository
    links: LinkMaker
    reading: Reading
    uploads_bucket: str
    urgent_classes: Sequence[str]
    slide_texts: SlideTexts
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
            key = smear_key(Specimen(hospital=person.hospital, **wanted.model_dump(include={"patient", "slide", "field"})))
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

    def show_slide(self, person: Person, slide: str | None, patient: str | None) -> SlideView | PatientSlideView:
        """Say what all fields of one slide say together: to staff the statement, to its patient the summary.

        Ids of slides can be guessed, so what is somebody else's is not found, as if it weren't there. It is stated anew at each
        request: fields still come, and what is stored would be out of date.

        Raises
        ------
        BadRequest
            Where no case is named, patients share its id and none is named, or it has too many reports.
        NotFound
            Where the caller's hospital, or the patient, has no such slide or nothing of it has come to an end.
        """
        if not slide:
            raise BadRequest("Expected a slide: ?slide=, and &patient= where several patients have one of this id.")
        known = self.ledger.rows_by_slide(person.hospital, slide, SLIDE_ROWS + 1) if is_segment(slide) else ()
        wanted = person.patient if person.role is Role.PATIENT else patient
        found = {row.object_id: one for row in known if (one := specimen_of(row.object.key)) and wanted in {None, one.patient}}
        if len({one.patient for one in found.values()}) > 1:
            raise BadRequest("Several patients have a slide of this id. Please name the patient too: &patient=.")
        if len(known) > SLIDE_ROWS:
            raise BadRequest(f"Expected a slide of at most {SLIDE_ROWS} reports.")
        with ThreadPoolExecutor(_READERS) as readers:
            read = partial(self._fields_of, person)
            fields = [one for some in readers.map(read, found.values(), found) for one in some]
        if not fields:
            raise NotFound("There is no slide of this id, or not yet.")
        self.trail.record_view(person, *dict.fromkeys(field.object_id for field in fields))
        statement = build_slide_report(fields, self.urgent_classes, self.slide_texts)
        if person.role is Role.PATIENT:
            statement = statement.model_copy(update={"release": release_of(fields)})
            return PatientSlideView(summary=summarize_slide(statement, self.slide_texts))
        return SlideView(statement=statement)

    def _fields_of(self, person: Person, specimen: Specimen, object_id: str) -> list[SlideField]:
        """Every model's report on one object version, by its own rows: the index trails behind and knows no tombstone."""
        rows = self.ledger.rows_of(object_id)
        if person.role is Role.PATIENT:
            return self.patients.fields(person.hospital, specimen, rows)
        reports: list[Report | None] = [self.repository.report(row) for row in rows if row.report_key]
        if rows and not reports:
            reports = [None]  # nothing but failures
        return [SlideField(specimen.field, object_id, report) for report in reports]
