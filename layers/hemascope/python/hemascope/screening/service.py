"""The screening service: one created object -> report and ledger row, each exactly once, however often its message comes.

This rests on the order of the writes. Pictures are written before the report, the report before the summary, both before the
ledger row, and the row before the message to the notification service. Summary and row are made from the report that stands:
it may be an earlier delivery's, of before its microscope was suspended. Each write but the last is conditional; the last may
happen twice, since the notification service claims a channel before it sends. A worker that crashes between any two writes
leaves a state from which the next delivery of its message continues.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hemascope.domain.errors import ForgottenObject, RejectedSmear
from hemascope.domain.events import CreatedObject
from hemascope.domain.field_figures import drift_of, figures_of
from hemascope.domain.ledger import LedgerRow, NotificationStatus, judged_again
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.notification import NotificationTask
from hemascope.domain.picture_file import MAXIMUM_BYTES, check_size
from hemascope.domain.report import MicroscopeState, Pictures, Report, State
from hemascope.domain.specimen import (
    ObjectVersion,
    Patient,
    Specimen,
    heat_map_key,
    parse_smear_key,
    report_keys,
    specimen_of,
)
from hemascope.imaging.overlay import encode_pngs
from hemascope.model.classifier import Classifier
from hemascope.ports import Clock, Ledger, NotificationQueue, ObjectStore
from hemascope.screening.again import as_it_came, holds_no_answer, may_judge_again, standing_row
from hemascope.screening.drift import LOOK_AGAIN, NOT_CHARTED, DriftLook, DriftWatch
from hemascope.screening.microscopes import MicroscopeLookup
from hemascope.screening.pipeline import Screening, reject, screen, summarize


@dataclass(frozen=True)
class Outcome:
    """Result of one delivery: the row that stands, and the report where this delivery recorded the terminal state."""

    row: LedgerRow
    report: Report | None = None
    drift: DriftLook = LOOK_AGAIN  # where an earlier delivery recorded the terminal state, it may have been killed since

    @property
    def why(self) -> str:
        """Decision or reason of rejection; ``known`` where an earlier delivery recorded the terminal state."""
        if self.report is None:
            return "known"
        if self.report.rejection is not None:
            return self.report.rejection.reason
        assert self.report.result is not None  # a report has one of the two
        return self.report.result.decision


@dataclass(frozen=True)
class ScreeningService:
    """The screening function without its cloud.

    Parameters
    ----------
    reports_bucket
        Where ``reports`` writes, and where a report that stands already is read.
    maximum_receives
        How often a message is delivered before SQS moves it to the dead-letter queue.
    """

    classifier: Classifier
    pictures: ObjectStore
    reports: ObjectStore
    reports_bucket: str
    ledger: Ledger
    microscopes: MicroscopeLookup
    drift: DriftWatch
    notifications: NotificationQueue
    clock: Clock
    maximum_receives: int

    def process(self, created: CreatedObject, receives: int = 1) -> Outcome:
        """Bring one object version to its terminal state and queue its notification, unless that was done before.

        Parameters
        ----------
        created
            The object version that the event names.
        receives
            How often this message has been delivered, this time included. On the last delivery the version is recorded
            as failed before anything else is tried, so that there is a terminal state even if the worker is killed.

        Raises
        ------
        ForgottenObject
            Where it was deleted on request. Nothing is written then, not even a failure, since a row contains the key.
        HemascopeError
            Where the version did not reach its terminal state this time.
        """
        if created.rescreen:
            return self._process_again(created, receives)
        return self._bring_to_end(created, self._model, receives)

    def _process_again(self, created: CreatedObject, receives: int) -> Outcome:
        """Judge a picture again where its microscope changed; what stands already stays beside the new report."""
        object_id = created.object.object_id
        rows = self.ledger.rows_of(object_id)
        own = [row for row in rows if row.model_name == self._model]
        specimen = specimen_of(created.object.key)
        microscope = self.microscopes.find(specimen) if specimen else None
        standing = standing_row(rows)
        if standing is None or microscope is None:
            return self._bring_to_end(created, self._model, receives)
        model = judged_again(self._model, microscope.change) if standing_row(own) else self._model
        if not may_judge_again(rows, microscope, self._model):
            # It may have been judged by an earlier delivery of this message, which did not live to announce or to mark it.
            outcome = self._bring_to_end(created, standing.model, receives)
        else:
            outcome = self._bring_to_end(created, model, receives, microscope)
        self._supersede(own, outcome.row)
        return outcome

    def _supersede(self, rows: Sequence[LedgerRow], latest: LedgerRow) -> None:
        """Mark the rows of one model without an answer that came before the latest one with a report."""
        for row in rows:
            if (
                latest.report_key
                and holds_no_answer(row)
                and row.model != latest.model
                and row.finished_at <= latest.finished_at
            ):
                self.ledger.supersede(row.object_id, row.model)

    def _bring_to_end(
        self, created: CreatedObject, model: str, receives: int, microscope: MicroscopeUse | None = None
    ) -> Outcome:
        """Record the terminal state in the row of ``model``, with the microscope as it was found before where it was."""
        version = created.object
        row = self.ledger.find(version.object_id, model)
        if row is not None and row.state is not State.FAILED:
            outcome = Outcome(row)
        else:
            if self.ledger.is_forgotten(version.object_id):
                raise ForgottenObject(f"expected an object version to screen, {version.object_id} was deleted on request")
            if receives >= self.maximum_receives:
                self.ledger.finish(self._row(version, model, State.FAILED, specimen_of(version.key), failure="LastDelivery"))
            outcome = self._finish(created, model, microscope)
        if outcome.row.notification is NotificationStatus.PENDING:
            self.notifications.put(NotificationTask(object_id=outcome.row.object_id, model=outcome.row.model))
        if outcome.drift.announces:
            self.drift.announce(specimen_of(version.key))
        return outcome

    @property
    def _model(self) -> str:
        return self.classifier.artifact.reference.name

    def _finish(self, created: CreatedObject, model: str, microscope: MicroscopeUse | None) -> Outcome:
        version = created.object
        screening, specimen, drift = self._screen(created, microscope)
        report = self._store(screening, model)
        urgent = self._is_urgent(report)
        row = self._row(
            version, model, report.state, specimen, urgent=urgent, report_key=report_keys(version.object_id, model).report
        )
        row = row.model_copy(update=_copied_from(report))
        if not created.is_repeated:  # an earlier picture says nothing about its microscope of today
            row = row.model_copy(update={"drift": drift_of(report)})
        elif not (urgent and not self.ledger.was_urgent(version.object_id)):
            row = row.model_copy(update={"notification": NotificationStatus.NOT_DUE})
        recorded = self.ledger.finish(row)
        return Outcome(recorded, report if recorded is row else None, drift)

    def _is_urgent(self, report: Report) -> bool:
        """Return whether an urgent class is possible, in a picture that can be judged."""
        if report.result is None or not report.result.decision.names_classes:
            return False
        return not set(report.result.prediction_set).isdisjoint(self.classifier.artifact.manifest.disease.urgent_classes)

    def _screen(self, created: CreatedObject, microscope: MicroscopeUse | None) -> tuple[Screening, Specimen | None, DriftLook]:
        version, artifact = created.object, self.classifier.artifact
        try:
            specimen = parse_smear_key(version.key)
        except RejectedSmear as refusal:
            return reject(refusal, None, artifact, version.object_id), None, NOT_CHARTED
        microscope = microscope or self.microscopes.find(specimen)
        if created.is_repeated:  # it may be of another time of its microscope
            microscope = as_it_came(self.ledger.rows_of(version.object_id), microscope)
        try:
            if created.size is not None:
                check_size(created.size)
            data = self.pictures.read(version, MAXIMUM_BYTES)
        except RejectedSmear as refusal:
            return reject(refusal, specimen, artifact, version.object_id, microscope), specimen, NOT_CHARTED
        judge = partial(screen, data, specimen, self.classifier, object_id=version.object_id, timer=self.clock.seconds)
        screening = judge(microscope=microscope)
        figures = None if created.is_repeated else figures_of(screening.report)
        if figures is None:
            return screening, specimen, NOT_CHARTED
        drift = self.drift.look(specimen, version.object_id, figures, microscope)
        if drift.outcome.is_closed:
            # The field that takes the chart beyond the limit gives no answer either.
            screening = judge(microscope=replace(microscope, state=MicroscopeState.SUSPENDED, verification_sha256=None))
        return screening, specimen, drift

    def _store(self, screening: Screening, model: str) -> Report:
        keys = report_keys(screening.report.object_id, model)
        now, report, evidence = self.clock.now(), screening.report, screening.report.evidence
        if screening.pictures and evidence:
            drawn = screening.pictures
            heat_maps = {branch: heat_map_key(report.object_id, model, branch) for branch in drawn.heat_maps}
            files = {keys.segmented: drawn.segmented, keys.overlay: drawn.overlay}
            files |= {heat_maps[branch]: picture for branch, picture in drawn.heat_maps.items()}
            for key, file in zip(files, encode_pngs(files.values()), strict=True):
                self.reports.write_once(key, file, "image/png")
            pictures = Pictures(segmented=keys.segmented, overlay=keys.overlay, heat_maps=heat_maps)
            evidence = evidence.model_copy(update={"pictures": pictures})
        report = report.model_copy(update={"issued_at": now, "evidence": evidence})
        summary = screening.summary
        if not self.reports.write_once(keys.report, report.to_json().encode(), "application/json"):
            standing = ObjectVersion(bucket=self.reports_bucket, key=keys.report)
            report = Report.model_validate_json(self.reports.read(standing, MAXIMUM_BYTES))
            summary = summarize(report, self.classifier.artifact)
        summary = summary.model_copy(update={"issued_at": report.issued_at})
        self.reports.write_once(keys.summary, summary.to_json().encode(), "application/json")
        return report

    def _row(
        self,
        version: ObjectVersion,
        model: str,
        state: State,
        specimen: Specimen | None = None,
        *,
        urgent: bool = False,
        report_key: str | None = None,
        failure: str | None = None,
    ) -> LedgerRow:
        return LedgerRow(
            object_id=version.object_id,
            model=model,
            state=state,
            object=version,
            hospital=specimen.hospital if specimen else None,
            slide=specimen.slide if specimen else None,
            patient=Patient.of(specimen).digest if specimen else None,
            microscope=specimen.microscope_digest if specimen else None,
            urgent=urgent,
            report_key=report_key,
            failure=failure,
            finished_at=self.clock.now(),
        )


def _copied_from(report: Report) -> dict[str, Any]:
    """Fields of the report that lists and statistics show."""
    result, evidence = report.result, report.evidence
    return {
        "decision": result.decision if result else None,
        "rejection": report.rejection.reason if report.rejection else None,
        "microscope_use": report.microscope.digest if report.microscope else None,
        "screening_ms": round(sum(report.timings_ms.values()), 1) if report.timings_ms else None,
        "colour_score": evidence.out_of_distribution_score if evidence else None,
        "feature_score": evidence.feature_score if evidence else None,
    }
