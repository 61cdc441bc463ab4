"""Watches a microscope's drift: each field is looked at before its report is written, so that it can still be closed.

Everything follows from the ledger's rows, so duplicates and retries change nothing. Nothing here may keep a field from its
terminal state: where the ledger or the registry does not answer, the field is judged unwatched, which is counted, and the next
one sees the same rows again.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from hemascope.domain import microscope_fields
from hemascope.domain.drift import Baseline, DriftAlarm, DriftFinding, DriftNotice, Figures
from hemascope.domain.drift_chart import (
    ALARM,
    RETURNED,
    ROWS,
    SUSPENSION,
    ChartedField,
    DriftChart,
    charted_fields,
    comparable,
    draw_chart,
)
from hemascope.domain.microscope import Microscope, MicroscopeUse
from hemascope.domain.microscope_alarm import announce_alarm, forget_alarm, raise_alarm
from hemascope.domain.microscope_refusal import TransitionRefused
from hemascope.domain.notification import NotificationTask
from hemascope.domain.report import MicroscopeState
from hemascope.domain.specimen import Specimen
from hemascope.ports import Clock, Ledger, MicroscopeRegistry, NotificationQueue

logger = logging.getLogger(__name__)
_ENOUGH = 40  # charted fields among the newest rows: older ones weigh less than a fiftieth together
_ATTEMPTS = 5


class DriftOutcome(StrEnum):
    """What looking at a field's microscope came to."""

    NOT_CHARTED = "not_charted"  # it names no microscope, or one without a baseline, or one that was suspended before
    STEADY = "steady"  # within the limits, or an alarm stands already
    ALARM = "alarm"
    SUSPENDED = "suspended"
    CLOSED = "closed"  # somebody suspended it while the field was judged
    UNWATCHED = "unwatched"  # ledger or registry did not answer

    @property
    def is_closed(self) -> bool:
        """Whether the field that was looked at may not be answered either."""
        return self in {DriftOutcome.SUSPENDED, DriftOutcome.CLOSED}


class DriftLook(NamedTuple):
    """Result of looking at a field's microscope, and whether an alarm waits to be announced."""

    outcome: DriftOutcome
    announces: bool = False


NOT_CHARTED = DriftLook(DriftOutcome.NOT_CHARTED)
LOOK_AGAIN = DriftLook(DriftOutcome.NOT_CHARTED, announces=True)  # nothing was looked at, and an alarm may wait


@dataclass(frozen=True)
class DriftWatch:
    """Compares each field with its microscope's baseline.

    Parameters
    ----------
    model
        The serving model, id/version, as ledger rows name it.
    reference
        Baseline of the artifact's reference microscope; None where the artifact has none.
    """

    ledger: Ledger
    registry: MicroscopeRegistry
    notifications: NotificationQueue
    clock: Clock
    model: str
    reference: Baseline | None

    def look(self, specimen: Specimen, object_id: str, figures: Figures, use: MicroscopeUse) -> DriftLook:
        """Chart a field that was just judged, and raise an alarm or suspend its microscope where it is beyond a limit.

        Parameters
        ----------
        use
            How the field was judged.
        """
        if use.state is MicroscopeState.UNKNOWN or self._baseline(use) is None:
            return NOT_CHARTED
        try:
            return self._look(specimen, object_id, figures, use)
        except Exception as error:  # noqa: BLE001 - whatever happens here, the field gets its report
            logger.warning("drift unwatched", extra={"object_id": object_id, "error": type(error).__name__})
            return DriftLook(DriftOutcome.UNWATCHED)

    def announce(self, specimen: Specimen | None) -> None:
        """Queue the mail about an alarm that was not announced yet; whoever notices it first does so.

        The row of the field that raised it is there by then. A mail that is queued twice is sent once.
        """
        try:
            microscope = self._find(specimen)
            if microscope is None or microscope.alarm is None or microscope.alarm.announced:
                return
            self.notifications.put(_task(microscope, microscope.alarm))
            # Where somebody else changes the microscope at this moment, the next field announces the alarm once more.
            self.registry.store(announce_alarm(microscope))
        except Exception as error:  # noqa: BLE001 - the terminal state is recorded, and the next field announces the alarm
            logger.warning("alarm not announced", extra={"error": type(error).__name__})

    def _look(self, specimen: Specimen, object_id: str, figures: Figures, use: MicroscopeUse) -> DriftLook:
        now = self.clock.now()
        for _ in range(_ATTEMPTS):
            microscope = self._find(specimen)
            if microscope is None or not microscope.watched:
                return NOT_CHARTED
            if microscope.suspension:
                was_open = use.state is not MicroscopeState.SUSPENDED
                return _look(DriftOutcome.CLOSED if was_open else DriftOutcome.NOT_CHARTED, microscope)
            baseline = self._baseline(use)
            if baseline is None or (microscope.profile, microscope.is_reference) != (use.profile_sha256, use.profile is None):
                return NOT_CHARTED  # it was changed while the field was judged
            field = ChartedField(object_id, now, comparable(figures, self.model, baseline))
            change = self._judge(microscope, self._chart(microscope, baseline, field), field)
            if change is None:
                return _look(DriftOutcome.STEADY, microscope)
            if self.registry.store(change):
                return _look(_outcome(change), change)
        return DriftLook(DriftOutcome.UNWATCHED)  # others change this microscope all the time: the next field looks again

    def _judge(self, microscope: Microscope, chart: DriftChart, field: ChartedField) -> Microscope | None:
        """The change that the chart asks for; None where it asks for none."""
        standing, findings = microscope.alarm, chart.beyond(ALARM)
        try:
            if far := chart.beyond(SUSPENSION):
                return raise_alarm(microscope, self._alarm(field, far, suspends=True))
            if not chart.beyond(RETURNED):
                return forget_alarm(microscope)
            known = {finding.figure for finding in standing.findings} if standing else set()
            if {finding.figure for finding in findings} - known:
                return raise_alarm(microscope, self._alarm(field, findings, suspends=False))
        except TransitionRefused:
            return None
        return None

    def _alarm(self, field: ChartedField, findings: tuple[DriftFinding, ...], *, suspends: bool) -> DriftAlarm:
        return DriftAlarm(findings=findings, at=field.at, object_id=field.object_id, model=self.model, suspends=suspends)

    def _chart(self, microscope: Microscope, baseline: Baseline, field: ChartedField) -> DriftChart:
        rows = self.ledger.rows_by_microscope(microscope.digest, ROWS)
        if len(rows) == ROWS and sum(row.drift is not None for row in rows) < _ENOUGH:
            # After a re-screening or an archive run the newest rows are of old pictures, which are not charted.
            rows = self.ledger.rows_by_microscope(microscope.digest, microscope_fields.ROWS)
        known = charted_fields(rows, microscope, baseline)
        # The index may lag behind, and at a second delivery the field itself is in it.
        return draw_chart([*(one for one in known if one.object_id != field.object_id), field], baseline)

    def _baseline(self, use: MicroscopeUse) -> Baseline | None:
        """The baseline of the profile that the field was judged with; without a profile that of a reference microscope."""
        return use.profile.baseline if use.profile else self.reference

    def _find(self, specimen: Specimen | None) -> Microscope | None:
        if specimen is None or specimen.microscope is None:
            return None
        return self.registry.find(specimen.hospital, specimen.microscope)


def _look(outcome: DriftOutcome, microscope: Microscope) -> DriftLook:
    return DriftLook(outcome, microscope.alarm is not None and not microscope.alarm.announced)


def _outcome(change: Microscope) -> DriftOutcome:
    if change.suspension:
        return DriftOutcome.SUSPENDED
    return DriftOutcome.ALARM if change.alarm else DriftOutcome.STEADY


def _task(microscope: Microscope, alarm: DriftAlarm) -> NotificationTask:
    notice = DriftNotice(microscope=microscope.name, suspended=alarm.suspends, text=alarm.text)
    return NotificationTask(object_id=alarm.object_id, model=alarm.model, drift=notice)
