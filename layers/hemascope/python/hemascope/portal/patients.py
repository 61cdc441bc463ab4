"""What a patient reads: their own summaries, once the hospital releases them, and never an answer that a reviewer corrected."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from hemascope.domain.hospital import ReleasePolicy
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.release_rules import governing_row
from hemascope.domain.report import Decision, PatientSummary, Release, Result
from hemascope.domain.slide_texts import PatientText
from hemascope.domain.specimen import Patient, Specimen
from hemascope.domain.texts import Texts
from hemascope.portal.audit import AuditService
from hemascope.portal.identity import Person
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.requests import Message
from hemascope.ports import HospitalSettingsRepository, Ledger
from hemascope.slides.fields import SlideField

ROWS = 200  # the newest of a patient
_READERS = 8
_NEVER = datetime.min.replace(tzinfo=UTC)


class Summaries(Message):
    """A patient's own summaries, newest first."""

    summaries: tuple[PatientSummary, ...]


@dataclass(frozen=True)
class PatientResultService:
    """Results as patients may read them. ``texts`` are those of the served model."""

    ledger: Ledger
    repository: ReportRepository
    hospitals: HospitalSettingsRepository
    audit: AuditService
    texts: Texts

    def list_summaries(self, person: Person) -> Summaries:
        """List the patient's own summaries that are released."""
        patient = Patient.model_validate(person.model_dump(include={"hospital", "patient"}))
        ids = list(dict.fromkeys(row.object_id for row in self.ledger.rows_by_patient(patient, ROWS)))
        with ThreadPoolExecutor(_READERS) as readers:
            # From each smear's own rows: the index is delayed and knows no tombstone.
            read = readers.map(lambda object_id: self.find_summary(person.hospital, self.ledger.rows_of(object_id)), ids)
            summaries = [summary for summary in read if summary is not None]
        self.audit.record_view(person, *(summary.object_id for summary in summaries))
        return Summaries(summaries=tuple(sorted(summaries, key=lambda summary: summary.issued_at or _NEVER, reverse=True)))

    def find_summary(self, hospital: str, rows: Sequence[LedgerRow]) -> PatientSummary | None:
        """The summary of one smear from the rows of every model; None where there is none for the patient yet."""
        row = self._find_released(hospital, rows)
        if row is None:
            return None
        summary, text = self.repository.summary(row), self._corrected_text(row)
        changed = text.model_dump() if text else {}
        changed["telephone"] = self.hospitals.settings_of(hospital).telephone
        if row.released_at:
            changed["issued_at"] = row.released_at
        return summary.model_copy(update=changed)

    def visible_fields(self, hospital: str, specimen: Specimen, rows: Sequence[LedgerRow]) -> list[SlideField]:
        """The field of a slide as the patient may read it; nothing where it is not released."""
        row = self._find_released(hospital, rows)
        if row is None:
            return []
        report = self.repository.report(row)
        if report.result:
            report = report.model_copy(update={"result": self._apply_correction(report.result, row)})
        return [SlideField(specimen.field, row.object_id, report)]

    def _find_released(self, hospital: str, rows: Sequence[LedgerRow]) -> LedgerRow | None:
        """The row that the patient may read of; None where the hospital reviews before it releases."""
        row = governing_row(rows)
        if row is None or row.release is not Release.PRELIMINARY:
            return row
        withheld = self.hospitals.settings_of(hospital).release is ReleasePolicy.AFTER_REVIEW
        return None if withheld else row

    def _corrected_text(self, row: LedgerRow) -> PatientText | None:
        """The text that replaces the summary's where a reviewer corrected the answer."""
        label = self._correction(row)
        if label is None:
            return None
        return (
            self.texts.patient.get(label, self.texts.patient_unclear)
            if row.released_verdict_number
            else self.texts.patient_unclear
        )

    def _correction(self, row: LedgerRow) -> str | None:
        """The class of the released verdict; of the newest where none is released. None where it confirms."""
        number = row.released_verdict_number or row.verdicts
        return self.repository.verdict(row, number).label if number else None

    def _apply_correction(self, result: Result, row: LedgerRow) -> Result:
        """The result with a reviewer's label instead of the model's; before the release, both labels are possible."""
        label = self._correction(row)
        if label is None:
            return result
        if not row.released_verdict_number:
            own = result.label if result.decision.names_classes else label  # the model's means nothing where it gives no answer
            both = tuple(dict.fromkeys((own, label)))
            return result.model_copy(update={"label": own, "decision": Decision.INDETERMINATE, "prediction_set": both})
        return result.model_copy(
            update={
                "label": label,
                "probabilities": {name: float(name == label) for name in result.probabilities},
                "confidence": 1.0,
                "prediction_set": (label,),
                "conformal_set": (label,),
                "decision": Decision.CONFIDENT,
            }
        )


def release_of(fields: Collection[SlideField]) -> Release:
    """The release state of a slide: that of its least reliable field."""
    found = {field.report.release for field in fields if field.report}
    if not found or Release.PRELIMINARY in found:
        return Release.PRELIMINARY
    return Release.AMENDED if Release.AMENDED in found else Release.FINAL
