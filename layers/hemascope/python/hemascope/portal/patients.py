"""What a patient reads: their own summaries, once the hospital lets them out, and never an answer that a reviewer corrected."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from hemascope.domain.hospital import ReleasePolicy
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.release_rules import speaking
from hemascope.domain.report import Decision, PatientSummary, Release, Result
from hemascope.domain.slide_texts import PatientText
from hemascope.domain.specimen import Patient, Specimen
from hemascope.domain.texts import Texts
from hemascope.portal.audit import Trail
from hemascope.portal.identity import PATIENTS, Person
from hemascope.portal.report_repository import ReportRepository
from hemascope.ports import HospitalSettingsRepository, LedgerReader
from hemascope.slides.fields import SlideField

ROWS = 200  # the newest of a patient
_READERS = 8
_NEVER = datetime.min.replace(tzinfo=UTC)


class Summaries(BaseModel):
    """A patient's own, newest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summaries: tuple[PatientSummary, ...]


@dataclass(frozen=True)
class PatientDesk:
    """The patients' side of the portal. ``texts`` is what the served model says."""

    ledger: LedgerReader
    repository: ReportRepository
    hospitals: HospitalSettingsRepository
    trail: Trail
    texts: Texts

    def summaries(self, person: Person) -> Summaries:
        """Show all summaries that are out.

        Raises
        ------
        Forbidden
        """
        person.expect(PATIENTS)
        patient = Patient.model_validate(person.model_dump(include={"hospital", "patient"}))
        ids = list(dict.fromkeys(row.object_id for row in self.ledger.rows_by_patient(patient, ROWS)))
        with ThreadPoolExecutor(_READERS) as readers:
            # By each smear's own rows: the index trails behind and knows no tombstone.
            found = list(readers.map(lambda one: self.summary(person.hospital, self.ledger.rows_of(one)), ids))
        told = [one for one in found if one is not None]
        self.trail.record_view(person, *(one.object_id for one in told))
        return Summaries(summaries=tuple(sorted(told, key=lambda one: one.issued_at or _NEVER, reverse=True)))

    def summary(self, hospital: str, rows: Sequence[LedgerRow]) -> PatientSummary | None:
        """The summary of one smear from the rows of every model; None where there is none for the patient yet."""
        row = self._row(hospital, rows)
        if row is None:
            return None
        summary, words = self.repository.summary(row), self._words(row)
        changed = words.model_dump() if words else {}
        changed["telephone"] = self.hospitals.settings_of(hospital).telephone
        if row.released_at:
            changed["issued_at"] = row.released_at
        return summary.model_copy(update=changed)

    def fields(self, hospital: str, specimen: Specimen, rows: Sequence[LedgerRow]) -> list[SlideField]:
        """The field of a slide as the patient may hear of it; nothing where it is not out."""
        row = self._row(hospital, rows)
        if row is None:
            return []
        report = self.repository.report(row)
        if report.result:
            report = report.model_copy(update={"result": self._reviewed(report.result, row)})
        return [SlideField(specimen.field, row.object_id, report)]

    def _row(self, hospital: str, rows: Sequence[LedgerRow]) -> LedgerRow | None:
        row = speaking(rows)
        if row is None or row.release is not Release.PRELIMINARY:
            return row
        withheld = self.hospitals.settings_of(hospital).release is ReleasePolicy.AFTER_REVIEW
        return None if withheld else row

    def _words(self, row: LedgerRow) -> PatientText | None:
        """Other words than the summary's, where a reviewer has corrected it."""
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

    def _reviewed(self, result: Result, row: LedgerRow) -> Result:
        """A reviewer's word in the place of the model's; while it waits for its release, both are possible."""
        label = self._correction(row)
        if label is None:
            return result
        if not row.released_verdict_number:
            both = tuple(dict.fromkeys((result.label, label)))
            return result.model_copy(update={"decision": Decision.INDETERMINATE, "prediction_set": both})
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
    """How far a statement on these fields may be relied on: as far as the one that is relied on least."""
    found = {field.report.release for field in fields if field.report}
    if not found or Release.PRELIMINARY in found:
        return Release.PRELIMINARY
    return Release.AMENDED if Release.AMENDED in found else Release.FINAL
