"""Metric, threshold and meaning of every alarm. Each alarm has a runbook entry in ``docs/operations.md``."""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from hemascope.runtime.metrics import NAMESPACE, Metric

_MINUTE, _QUARTER, _HOUR = Duration.minutes(1), Duration.minutes(15), Duration.hours(1)
_SHARE_PERIOD, _DAY = Duration.hours(6), Duration.days(1)
_SHARE_SMEARS = 20  # a share of fewer smears is not meaningful
_NEAR_TIMEOUT = 0.8
_QUIET_DAYS = 3  # a long weekend without smears is normal
ABSTAINED = (Metric.SMEARS_INDETERMINATE, Metric.SMEARS_OUT_OF_DISTRIBUTION, Metric.SMEARS_POOR_QUALITY)


@dataclass(frozen=True)
class Alarm:
    """Definition of an alarm, before it becomes a CloudFormation resource.

    Parameters
    ----------
    name
        Name after ``hemascope-{stage}-``; also the heading of its runbook entry.
    means
        One sentence for the engineer on call.
    metric
        The metric that is compared with the threshold.
    threshold
        The alarm fires at or above this value; at or below it, where ``below`` is set.
    periods
        Number of consecutive periods that must breach.
    below
        Whether low values breach instead of high ones.
    missing_data
        How periods without data are treated. Without calls, smears or messages there are no data, so for most alarms missing
        data are healthy. Where the absence itself is the fault, they breach.
    """

    name: str
    means: str
    metric: cloudwatch.IMetric
    threshold: float
    periods: int = 1
    below: bool = False
    missing_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING

    def make(self, scope: Construct, name: str) -> cloudwatch.Alarm:
        """Create the CloudWatch alarm of this name."""
        operator = cloudwatch.ComparisonOperator
        return cloudwatch.Alarm(
            scope,
            self.name.title().replace("-", ""),
            alarm_name=name,
            alarm_description=describe(self.name, self.means),
            metric=self.metric,
            threshold=self.threshold,
            comparison_operator=(
                operator.LESS_THAN_OR_EQUAL_TO_THRESHOLD if self.below else operator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            ),
            evaluation_periods=self.periods,
            treat_missing_data=self.missing_data,
        )


def describe(name: str, means: str) -> str:
    """Return the description of an alarm: its meaning and its runbook entry."""
    return f"{means} Runbook: {name} in docs/operations.md"


def counted(metric: Metric, function: lambda_.IFunction, period: Duration, statistic: str = "Sum") -> cloudwatch.Metric:
    """Return one of the service's own metrics."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=metric.value,
        dimensions_map={"function": function.function_name},
        statistic=statistic,
        period=period,
    )


def share(
    label: str, part: tuple[Metric, ...], whole: tuple[Metric, ...], function: lambda_.IFunction, period: Duration
) -> cloudwatch.MathExpression:
    """Return the share of ``part`` in ``whole``, in percent; 0 where there are fewer than 20 smears."""
    names = {metric: metric.value[0].lower() + metric.value[1:] for metric in (*whole, *part)}
    total, some = " + ".join(names[metric] for metric in whole), " + ".join(names[metric] for metric in part)
    return cloudwatch.MathExpression(
        expression=f"IF({total} >= {_SHARE_SMEARS}, 100 * ({some}) / ({total}), 0)",
        using_metrics={name: counted(metric, function, period) for metric, name in names.items()},
        label=label,
        period=period,
    )


def rejected_share(function: lambda_.IFunction, period: Duration = _SHARE_PERIOD) -> cloudwatch.MathExpression:
    """Return the share of rejected smears in all finished ones."""
    finished = (Metric.SMEARS_REPORTED, Metric.SMEARS_REJECTED)
    return share("rejected %", (Metric.SMEARS_REJECTED,), finished, function, period)


def abstained_share(function: lambda_.IFunction, period: Duration = _SHARE_PERIOD) -> cloudwatch.MathExpression:
    """Return the share of reports without a confident answer in those of microscopes that may give one."""
    return share("abstained %", ABSTAINED, (Metric.SMEARS_CONFIDENT, *ABSTAINED), function, period)


def queue_alarms(name: str, queue: sqs.IQueue, dead: sqs.IQueue, timeout: Duration) -> Iterator[Alarm]:
    """Yield alarms on messages that wait too long or failed. SQS reports no age for an empty queue."""
    yield Alarm(
        f"{name}-dead-letters",
        "A message failed at every delivery and is in the dead-letter queue.",
        # The depth of the queue: a message that SQS itself moves there does not count as sent.
        dead.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum"),
        threshold=1,
    )
    yield Alarm(
        f"waiting-{name}",
        "A message has waited for longer than a second delivery takes.",
        queue.metric_approximate_age_of_oldest_message(period=_MINUTE, statistic="Maximum"),
        threshold=9 * timeout.to_seconds(),  # 1.5 times the visibility timeout
        periods=2,
    )


def function_alarms(name: str, function: lambda_.IFunction, timeout: Duration) -> Iterator[Alarm]:
    """Yield alarms on a function that crashes, is throttled or nearly times out. Without calls there are no data."""
    yield Alarm(
        f"errors-{name}",
        "The function crashed, ran out of time or memory, or could not start.",
        function.metric_errors(period=_QUARTER),
        threshold=1,
    )
    yield Alarm(
        f"throttles-{name}",
        "Lambda has throttled the function for 45 minutes.",
        function.metric_throttles(period=_QUARTER),
        threshold=1,
        periods=3,
    )
    yield Alarm(
        f"slow-{name}",
        "One call in twenty takes more than 80 % of the function's timeout.",
        # Evaluated with few calls too: at a small hospital the p95 of an hour is the slowest call, which is what matters.
        function.metric_duration(period=_HOUR, statistic="p95"),
        threshold=_NEAR_TIMEOUT * timeout.to_milliseconds(),
    )


def smear_alarms(function: lambda_.IFunction, arrivals: sqs.IQueue, rejected: int, abstained: int) -> Iterator[Alarm]:
    """Yield alarms on the pictures: shares that point at a microscope, a stain or the model, and the absence of smears."""
    yield Alarm(
        "rejected-share",
        f"At least {rejected} % of the smears of the last six hours were rejected, more than usual here.",
        rejected_share(function),
        threshold=rejected,
    )
    yield Alarm(
        "abstained-share",
        f"At least {abstained} % of the reports of the last six hours give no confident answer, more than usual here.",
        abstained_share(function),
        threshold=abstained,
    )
    yield Alarm(
        "smears-unassigned",
        "A picture was stored under a key that names no patient: no hospital sees it.",
        counted(Metric.SMEARS_UNASSIGNED, function, _QUARTER),
        threshold=1,
    )
    yield Alarm(
        "microscope-suspended",
        "A microscope has changed so much that the service suspended it: its pictures give no answers.",
        counted(Metric.DRIFT_SUSPENSIONS, function, _QUARTER),
        threshold=1,
    )
    yield Alarm(
        "drift-unwatched",
        "For 45 minutes fields were judged without a look at their microscope's drift.",
        counted(Metric.DRIFT_UNWATCHED, function, _QUARTER),
        threshold=1,
        periods=3,
    )
    yield Alarm(
        "no-smears",
        "No picture has arrived for three days.",
        arrivals.metric_number_of_messages_sent(period=_DAY),
        threshold=0,
        periods=_QUIET_DAYS,
        below=True,
        # An idle queue stops reporting after six hours, and so does a queue whose bucket notification was deleted.
        missing_data=cloudwatch.TreatMissingData.BREACHING,
    )


def notification_alarms(
    notification: lambda_.IFunction, mail_function: lambda_.IFunction, topic: sns.ITopic, patients: sns.ITopic
) -> Iterator[Alarm]:
    """Yield alarms on notifications that did not reach somebody. A single failure is enough."""
    yield Alarm(
        "urgent-unacknowledged",
        "Every clinician on a hospital's list was notified of an urgent smear, and nobody has acknowledged it.",
        counted(Metric.URGENT_UNACKNOWLEDGED, notification, _MINUTE),
        threshold=1,
    )
    for name, metric, means in (
        ("mails-bounced", Metric.MAILS_BOUNCED, "A mail came back for good: SES sends no further mail to this address."),
        (
            "mails-complained",
            Metric.MAILS_COMPLAINED,
            "A recipient marked a mail as spam: SES sends no further mail to this address.",
        ),
        ("mails-refused", Metric.MAILS_REFUSED, "SES accepted a mail and then did not send it."),
    ):
        yield Alarm(name, means, counted(metric, mail_function, _QUARTER), threshold=1)
    for name, recipient, subscribed in (
        ("notifications-undelivered", "A subscriber of the notifications (SMS, mail, HTTPS)", topic),
        ("patients-undelivered", "A patient's device", patients),
    ):
        yield Alarm(
            name,
            f"{recipient} could not be reached.",
            subscribed.metric_number_of_notifications_failed(period=_QUARTER, statistic="Sum"),
            threshold=1,
        )


def people_alarms(api: apigateway.IHttpApi, archive: sfn.IStateMachine) -> Iterator[Alarm]:
    """Yield alarms on requests of people that failed: the portal and archive runs. Without requests there are no data."""
    yield Alarm(
        "portal-fails",
        "The portal answered at least three requests with a server error.",
        api.metric_server_error(period=_QUARTER, statistic="Sum"),
        threshold=3,  # a person retries once or twice
    )
    yield Alarm(
        "archive-fails",
        "An archive run failed.",
        archive.metric_failed(period=_QUARTER),
        threshold=1,
    )


def new_version_alarms(function: lambda_.Function, alias: lambda_.Alias) -> Iterator[Alarm]:
    """Yield alarms on the newest version: crashes and failed messages.

    To Lambda a batch that reports item failures is a success, so failed messages need an alarm of their own. Both alarms
    watch the newest version only; otherwise a version that fails could never be replaced.
    """
    version = function.current_version.version
    yield Alarm(
        "new-version-crashes",
        "The newest version of the screening function crashed or ran out of time.",
        alias.metric_errors(period=_MINUTE).with_(
            dimensions_map={
                "FunctionName": function.function_name,
                "Resource": f"{function.function_name}:{alias.alias_name}",
                "ExecutedVersion": version,
            }
        ),
        threshold=1,
    )
    yield Alarm(
        "new-version-fails",
        "The newest version of the screening function failed to process a smear.",
        counted(Metric.MESSAGES_FAILED, function, _MINUTE).with_(
            dimensions_map={"function": function.function_name, "version": version}
        ),
        threshold=1,
    )
