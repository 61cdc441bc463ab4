"""Shows what all fields of one slide say together: to staff the slide report, to its patient the summary."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hemascope.domain.account import Role
from hemascope.domain.characters import compose
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import Report
from hemascope.domain.slide import SlideReport, SlideSummary
from hemascope.domain.slide_texts import SlideTexts
from hemascope.domain.specimen import Specimen, specimen_of, to_segment
from hemascope.portal.audit import AuditService
from hemascope.portal.identity import Person
from hemascope.portal.patients import PatientResultService, release_of
from hemascope.portal.problems import BadRequest, NotFound
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.requests import Message, Query
from hemascope.portal.worklist import SLIDE_ROWS
from hemascope.ports import Ledger
from hemascope.slides.fields import SlideField
from hemascope.slides.statement import build_slide_report, summarize_slide

_READERS = 8  # reports that are read in parallel


class SlideQuery(Query):
    """Which slide to show; ``patient`` where several patients of a hospital have a slide of this id."""

    slide: str
    patient: str | None = None


class SlideView(Message):
    """What staff see of all fields of one slide."""

    report: SlideReport


class PatientSlideView(Message):
    """What a patient sees of it."""

    summary: SlideSummary


@dataclass(frozen=True)
class SlideService:
    """Shows the slides of all hospitals of a deployment, each to its own people."""

    ledger: Ledger
    repository: ReportRepository
    patients: PatientResultService
    audit: AuditService
    urgent_classes: Sequence[str]
    texts: SlideTexts

    def show_slide(self, person: Person, query: SlideQuery) -> SlideView | PatientSlideView:
        """Show what all fields of one slide say together.

        Ids of slides can be guessed, so another hospital's or patient's slide is not found, as if it did not exist. The slide
        report is built anew for each request: fields still arrive, and a stored one would be out of date.

        Raises
        ------
        BadRequest
            Where patients share the slide's id and none is named, or it has too many reports.
        NotFound
            Where the caller's hospital, or the patient, has no such slide or none of its fields has reached a terminal state.
        """
        specimens = self._find_specimens(person, query)
        with ThreadPoolExecutor(_READERS) as readers:
            read = readers.map(lambda object_id: self._fields_of(person, specimens[object_id], object_id), specimens)
            fields = [field for fields_of_object in read for field in fields_of_object]
        if not fields:
            raise NotFound("There is no slide of this id, or not yet.")
        self.audit.record_view(person, *dict.fromkeys(field.object_id for field in fields))
        report = build_slide_report(fields, self.urgent_classes, self.texts)
        if person.role is Role.PATIENT:
            report = report.model_copy(update={"release": release_of(fields)})
            return PatientSlideView(summary=summarize_slide(report, self.texts))
        return SlideView(report=report)

    def _find_specimens(self, person: Person, query: SlideQuery) -> Mapping[str, Specimen]:
        """The slide's fields by object id, of one patient alone."""
        known: Sequence[LedgerRow] = ()
        if slide := to_segment(query.slide):
            known = self.ledger.rows_by_slide(person.hospital, slide, SLIDE_ROWS + 1)
        patient = person.patient if person.role is Role.PATIENT else query.patient and compose(query.patient)
        found = {row.object_id: specimen for row in known if (specimen := specimen_of(row.object.key))}
        specimens = {object_id: specimen for object_id, specimen in found.items() if patient in {None, specimen.patient}}
        if len({specimen.patient for specimen in specimens.values()}) > 1:
            raise BadRequest("Several patients have a slide of this id. Please name the patient too: &patient=.")
        if len(known) > SLIDE_ROWS:
            raise BadRequest(f"Expected a slide of at most {SLIDE_ROWS} reports.")
        return specimens

    def _fields_of(self, person: Person, specimen: Specimen, object_id: str) -> Sequence[SlideField]:
        """Every model's report on one object version, from its own rows: the index is delayed and knows no tombstone."""
        rows = self.ledger.rows_of(object_id)
        if person.role is Role.PATIENT:
            return self.patients.visible_fields(person.hospital, specimen, rows)
        reports: list[Report | None] = [self.repository.report(row) for row in rows if row.report_key]
        if rows and not reports:
            reports = [None]  # only failures
        return [SlideField(specimen.field, object_id, report) for report in reports]
