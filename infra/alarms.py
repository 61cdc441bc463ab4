"""What wakes somebody up: metric, threshold and meaning of every alarm. Each has an entry in ``docs/operations.md``."""

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
_SHARE_SMEARS = 20  # fewer are no basis for a share
_NEAR_TIMEOUT = 0.8
_QUIET_DAYS = 3  # a long weekend is no news
ABSTAINED = (Metric.SMEARS_INDETERMINATE, Metric.SMEARS_OUT_OF_DISTRIBUTION, Metric.SMEARS_POOR_QUALITY)


@dataclass(frozen=True)
class Alarm:
    """One alarm before it is a resource.

    Parameters
    ----------
    name
        After ``hemascope-{stage}-``; also the name of its entry in the runbook.
    means
        A sentence for the one who is woken.
    threshold
        From which it rings; up to which, where ``below``.
    silence
        What missing data mean. No calls, no ends and no messages are no data, so for most alarms silence is well-being;
        where the silence itself is the fault, it breaches.
    """

    name: str
    means: str
    metric: cloudwatch.IMetric
    threshold: float
    periods: int = 1
    below: bool = False
    silence: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING

    def make(self, scope: Construct, name: str) -> cloudwatch.Alarm:
        """Make it a resource of this name."""
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
            treat_missing_data=self.silence,
        )


def describe(name: str, means: str) -> str:
    """Meaning of an alarm and where its runbook entry is."""
    return f"{means} Runbook: {name} in docs/operations.md"


def counted(metric: Metric, function: lambda_.IFunction, period: Duration, statistic: str = "Sum") -> cloudwatch.Metric:
    """One of our own metrics."""
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
    """Share of some ends in others, in percent; 0 where there are too few to tell."""
    names = {one: one.value[0].lower() + one.value[1:] for one in (*whole, *part)}
    total, some = " + ".join(names[one] for one in whole), " + ".join(names[one] for one in part)
    return cloudwatch.MathExpression(
        expression=f"IF({total} >= {_SHARE_SMEARS}, 100 * ({some}) / ({total}), 0)",
        using_metrics={name: counted(one, function, period) for one, name in names.items()},
        label=label,
        period=period,
    )


def rejected_share(function: lambda_.IFunction, period: Duration = _SHARE_PERIOD) -> cloudwatch.MathExpression:
    """Rejections in all ends."""
    ends = (Metric.SMEARS_REPORTED, Metric.SMEARS_REJECTED)
    return share("rejected %", (Metric.SMEARS_REJECTED,), ends, function, period)


def abstained_share(function: lambda_.IFunction, period: Duration = _SHARE_PERIOD) -> cloudwatch.MathExpression:
    """Reports without an answer in all reports."""
    return share("abstained %", ABSTAINED, (Metric.SMEARS_REPORTED,), function, period)


def queue_alarms(name: str, queue: sqs.IQueue, dead: sqs.IQueue, timeout: Duration) -> Iterator[Alarm]:
    """Messages that wait too long or wait for an engineer. SQS reports no age of an empty queue, hence silence is rest."""
    yield Alarm(
        f"{name}-dead-letters",
        "A message failed at every delivery and waits in the dead-letter queue.",
        # Its own depth: a message that SQS itself moves there is not counted as sent.
        dead.metric_approximate_number_of_messages_visible(period=_MINUTE, statistic="Maximum"),
        threshold=1,
    )
    yield Alarm(
        f"waiting-{name}",
        "A message has waited for longer than a second delivery takes.",
        queue.metric_approximate_age_of_oldest_message(period=_MINUTE, statistic="Maximum"),
        threshold=9 * timeout.to_seconds(),  # one and a half times its invisibility after a failure
        periods=2,
    )


def function_alarms(name: str, function: lambda_.IFunction, timeout: Duration) -> Iterator[Alarm]:
    """Functions that crash, are held back or hardly make it. No calls, no data, no fault."""
    yield Alarm(
        f"errors-{name}",
        "The function crashed, ran out of time or memory, or could not start.",
        function.metric_errors(period=_QUARTER),
        threshold=1,
    )
    yield Alarm(
        f"throttles-{name}",
        "Lambda has held calls of the function back for three quarters of an hour.",
        function.metric_throttles(period=_QUARTER),
        threshold=1,
        periods=3,
    )
    yield Alarm(
        f"slow-{name}",
        "One call in twenty takes more than four fifths of the function's timeout.",
        # Evaluated with few calls too: at a small hospital p95 of an hour is the slowest call, which is what matters.
        function.metric_duration(period=_HOUR, statistic="p95"),
        threshold=_NEAR_TIMEOUT * timeout.to_milliseconds(),
    )


def smear_alarms(function: lambda_.IFunction, arrivals: sqs.IQueue, rejected: int, abstained: int) -> Iterator[Alarm]:
    """What pictures and answers tell of microscopes, stains and the model. Below twenty smears a share says nothing."""
    yield Alarm(
        "rejected-share",
        f"{rejected} % of the smears of six hours, or more, were rejected: more than is usual here.",
        rejected_share(function),
        threshold=rejected,
    )
    yield Alarm(
        "abstained-share",
        f"{abstained} % of the reports of six hours, or more, give no answer: more than is usual here.",
        abstained_share(function),
        threshold=abstained,
    )
    yield Alarm(
        "no-smears",
        "For three days no picture has arrived.",
        arrivals.metric_number_of_messages_sent(period=_DAY),
        threshold=0,
        periods=_QUIET_DAYS,
        below=True,
        # A queue at rest for six hours reports nothing, and a deleted notification looks just like that.
        silence=cloudwatch.TreatMissingData.BREACHING,
    )


def notification_alarms(
    notification: lambda_.IFunction, mail_function: lambda_.IFunction, topic: sns.ITopic, patients: sns.ITopic
) -> Iterator[Alarm]:
    """Somebody did not hear of a smear. One is enough; no mails back, no data."""
    yield Alarm(
        "urgent-unacknowledged",
        "Everybody on a hospital's list was told of an urgent smear, and nobody has acknowledged it.",
        counted(Metric.URGENT_UNACKNOWLEDGED, notification, _MINUTE),
        threshold=1,
    )
    for name, metric, means in (
        ("mails-bounced", Metric.MAILS_BOUNCED, "A mail came back: its address gets none any more."),
        ("mails-complained", Metric.MAILS_COMPLAINED, "A reader called a mail unwanted: its address gets none any more."),
        ("mails-refused", Metric.MAILS_REFUSED, "SES did not send a mail that it had taken."),
    ):
        yield Alarm(name, means, counted(metric, mail_function, _QUARTER), threshold=1)
    for name, who, one in (
        ("notifications-undelivered", "A subscriber of the notifications (SMS, mail, HTTPS)", topic),
        ("patients-undelivered", "A patient's device", patients),
    ):
        yield Alarm(
            name,
            f"{who} could not be reached.",
            one.metric_number_of_notifications_failed(period=_QUARTER, statistic="Sum"),
            threshold=1,
        )


def people_alarms(api: apigateway.IHttpApi, archive: sfn.IStateMachine) -> Iterator[Alarm]:
    """What somebody asked for and did not get. Nobody asks, no data, no fault."""
    yield Alarm(
        "portal-fails",
        "The portal answered three requests or more with an error of ours.",
        api.metric_server_error(period=_QUARTER, statistic="Sum"),
        threshold=3,  # a reader tries again once or twice
    )
    yield Alarm(
        "archive-fails",
        "An archive run was given up.",
        archive.metric_failed(period=_QUARTER),
        threshold=1,
    )


def new_version_alarms(function: lambda_.Function, alias: lambda_.Alias) -> Iterator[Alarm]:
    """Crashes, and messages that came to no end: a batch that names its failures is no error to Lambda.

    Both of the newest version alone, else a version that fails could never be replaced by one that does not.
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
        "The newest version of the screening function could not bring a smear to its end.",
        counted(Metric.MESSAGES_FAILED, function, _MINUTE).with_(
            dimensions_map={"function": function.function_name, "version": version}
        ),
        threshold=1,
    )
