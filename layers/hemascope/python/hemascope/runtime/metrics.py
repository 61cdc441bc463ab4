"""Metrics of the service, as log lines in CloudWatch's embedded metric format; no other module names a metric.

``docs/operations.md`` documents each metric, and a test compares the two. A metric describes the service, never a patient: it
contains no id, no label and no probability.
"""

from datetime import datetime
from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from hemascope.domain.mail_event import MailFate
from hemascope.domain.report import Decision, Report, State

NAMESPACE = "Hemascope"


class Metric(StrEnum):
    """Names in CloudWatch."""

    SMEARS_REPORTED = "SmearsReported"
    SMEARS_REJECTED = "SmearsRejected"
    SMEARS_FAILED = "SmearsFailed"
    SMEARS_UNASSIGNED = "SmearsUnassigned"
    SMEARS_CONFIDENT = "SmearsConfident"
    SMEARS_INDETERMINATE = "SmearsIndeterminate"
    SMEARS_OUT_OF_DISTRIBUTION = "SmearsOutOfDistribution"
    SMEARS_POOR_QUALITY = "SmearsPoorQuality"
    SMEARS_UNVERIFIED = "SmearsUnverified"
    SCREENING_TIME = "ScreeningTime"
    NETWORK_TIME = "NetworkTime"
    ARRIVAL_TO_REPORT = "ArrivalToReport"
    NOTIFICATIONS_SENT = "NotificationsSent"
    URGENT_UNACKNOWLEDGED = "UrgentUnacknowledged"
    MAILS_BOUNCED = "MailsBounced"
    MAILS_SOFT_BOUNCED = "MailsSoftBounced"
    MAILS_COMPLAINED = "MailsComplained"
    MAILS_REFUSED = "MailsRefused"
    DRIFT_ALARMS = "DriftAlarms"
    DRIFT_SUSPENSIONS = "DriftSuspensions"
    DRIFT_UNWATCHED = "DriftUnwatched"
    MESSAGES_FAILED = "MessagesFailed"

    @property
    def unit(self) -> MetricUnit:
        """Unit in CloudWatch."""
        return _UNITS.get(self, MetricUnit.Count)


_UNITS = {
    Metric.SCREENING_TIME: MetricUnit.Milliseconds,
    Metric.NETWORK_TIME: MetricUnit.Milliseconds,
    Metric.ARRIVAL_TO_REPORT: MetricUnit.Seconds,
}
_DECISIONS = {
    Decision.CONFIDENT: Metric.SMEARS_CONFIDENT,
    Decision.INDETERMINATE: Metric.SMEARS_INDETERMINATE,
    Decision.OUT_OF_DISTRIBUTION: Metric.SMEARS_OUT_OF_DISTRIBUTION,
    Decision.POOR_QUALITY: Metric.SMEARS_POOR_QUALITY,
    Decision.UNVERIFIED: Metric.SMEARS_UNVERIFIED,
}
_FATES = {
    MailFate.BOUNCE: Metric.MAILS_BOUNCED,
    MailFate.SOFT_BOUNCE: Metric.MAILS_SOFT_BOUNCED,
    MailFate.COMPLAINT: Metric.MAILS_COMPLAINED,
    MailFate.REJECT: Metric.MAILS_REFUSED,
    MailFate.RENDERING_FAILURE: Metric.MAILS_REFUSED,
}
_DRIFT = {"alarm": Metric.DRIFT_ALARMS, "suspended": Metric.DRIFT_SUSPENSIONS, "unwatched": Metric.DRIFT_UNWATCHED}
# Instead of Powertools' dimension "service" there is the function, whose name contains the stage.
_metrics = EphemeralMetrics(namespace=NAMESPACE, service="")
_failures = EphemeralMetrics(namespace=NAMESPACE, service="")


def count_end(report: Report, sent: datetime, finished: datetime) -> None:
    """Count a smear whose terminal state this delivery recorded.

    Every count that a share is made of is written, zeros too, so that its alarm never has to interpret a missing value.

    Parameters
    ----------
    report
        The report that was written.
    sent
        When its message was sent to the queue.
    finished
        When its terminal state was recorded.
    """
    decision = report.result.decision if report.result else None
    _add(Metric.SMEARS_REPORTED, report.state is State.REPORTED)
    _add(Metric.SMEARS_REJECTED, report.state is State.REJECTED)
    for counted, metric in _DECISIONS.items():
        _add(metric, counted is decision)
    if report.specimen is None:
        _add(Metric.SMEARS_UNASSIGNED)
    # The clocks of two machines: the sender's may be slightly ahead.
    _add(Metric.ARRIVAL_TO_REPORT, max(0.0, (finished - sent).total_seconds()))
    if report.timings_ms:
        _add(Metric.SCREENING_TIME, sum(report.timings_ms.values()))
    if "network" in report.timings_ms:  # of a field in tiles it is not told apart from the rest, which runs at the same time
        _add(Metric.NETWORK_TIME, report.timings_ms["network"])


def count_drift(outcome: str) -> None:
    """Count an alarm about a microscope, its suspension, or a field whose drift could not be looked at.

    Parameters
    ----------
    outcome
        Of the watch, as :class:`hemascope.screening.drift.DriftOutcome` names it; others are not counted.
    """
    if outcome in _DRIFT:
        _add(_DRIFT[outcome])


def count_failed_smear() -> None:
    """Count a smear whose last delivery failed."""
    _add(Metric.SMEARS_FAILED)


def count_notification() -> None:
    """Count a notification that was sent."""
    _add(Metric.NOTIFICATIONS_SENT)


def count_unacknowledged() -> None:
    """Count an urgent smear that none of the hospital's recipients has acknowledged."""
    _add(Metric.URGENT_UNACKNOWLEDGED)


def count_mail(fate: MailFate) -> None:
    """Count a mail that bounced, was refused, or was complained about."""
    _add(_FATES[fate])


def count_failed_message() -> None:
    """Count a message that failed. Lambda itself counts an invocation with batch item failures as a success."""
    _failures.add_metric(Metric.MESSAGES_FAILED, Metric.MESSAGES_FAILED.unit, 1)


def flush(context: LambdaContext) -> None:
    """Print the metrics of this invocation, if there are any."""
    if _metrics.metric_set:
        _metrics.add_dimension("function", context.function_name)
        _metrics.flush_metrics()
    if _failures.metric_set:
        _failures.add_dimension("function", context.function_name)
        # By version too: the alarm of a canary deployment must not count failures of the version that it replaces.
        _failures.add_dimensions(function=context.function_name, version=context.function_version)
        _failures.flush_metrics()


def _add(metric: Metric, value: float = 1) -> None:
    _metrics.add_metric(metric, metric.unit, value)
