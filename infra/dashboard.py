"""Widgets of the dashboard: smears and waiting times first, then queues and functions, people and cost."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from hemascope.runtime.metrics import Metric
from infra.alarms import ABSTAINED, abstained_share, counted, rejected_share

_HOUR, _MINUTES = Duration.hours(1), Duration.minutes(5)
_DECISIONS = (Metric.SMEARS_CONFIDENT, *ABSTAINED, Metric.SMEARS_UNVERIFIED)
_DRIFT = (Metric.DRIFT_ALARMS, Metric.DRIFT_SUSPENSIONS, Metric.DRIFT_UNWATCHED)
_HALF, _THIRD, _WHOLE = 12, 8, 24
_COST_NOTE = (
    "Estimated charges of the whole account, this month. Shown where *Receive CloudWatch billing alerts* is on in the billing "
    "preferences. The budget and its mails do not depend on it."
)


def _graph(
    title: str,
    metrics: Sequence[cloudwatch.IMetric],
    width: int = _HALF,
    *,
    stacked: bool | None = None,
    left_y_axis: cloudwatch.YAxisProps | None = None,
    region: str | None = None,
    right: Sequence[cloudwatch.IMetric] = (),
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(metrics),
        right=list(right),
        width=width,
        height=6,
        stacked=stacked,
        left_y_axis=left_y_axis,
        region=region,
    )


def _percentiles(metric: Metric, function: lambda_.IFunction) -> list[cloudwatch.Metric]:
    return [
        counted(metric, function, _HOUR, percentile).with_(label=f"{metric.value} {percentile}")
        for percentile in ("p50", "p95", "p99")
    ]


def smears(screening: lambda_.IFunction) -> list[list[cloudwatch.IWidget]]:
    """Return the rows of widgets on smears: terminal states, decisions and durations."""
    states = {
        "reported": Metric.SMEARS_REPORTED,
        "rejected": Metric.SMEARS_REJECTED,
        "failed": Metric.SMEARS_FAILED,
    }
    return [
        [
            _graph(
                "Smears per hour, by terminal state",
                [counted(metric, screening, _HOUR).with_(label=label) for label, metric in states.items()],
                _THIRD,
                stacked=True,
                # They are among the rejected ones, so they have an axis of their own.
                right=[counted(Metric.SMEARS_UNASSIGNED, screening, _HOUR).with_(label="unassigned")],
            ),
            _graph(
                "Reports per hour, by decision",
                [counted(metric, screening, _HOUR) for metric in _DECISIONS],
                _THIRD,
                stacked=True,
            ),
            _graph(
                "Share over six hours, in percent (0 below 20 smears)",
                [rejected_share(screening), abstained_share(screening)],
                _THIRD,
                left_y_axis=cloudwatch.YAxisProps(min=0, max=100),
            ),
        ],
        [
            _graph("Arrival to report, seconds", _percentiles(Metric.ARRIVAL_TO_REPORT, screening), _THIRD),
            _graph(
                "Screening, milliseconds",
                [*_percentiles(Metric.SCREENING_TIME, screening), counted(Metric.NETWORK_TIME, screening, _HOUR, "p50")],
                _THIRD,
            ),
            _graph("Microscopes that change, per hour", [counted(metric, screening, _HOUR) for metric in _DRIFT], _THIRD),
        ],
    ]


def machinery(
    queues: Mapping[str, sqs.IQueue],
    dead: Mapping[str, sqs.IQueue],
    functions: Mapping[str, lambda_.IFunction],
    consumers: Sequence[lambda_.IFunction],
) -> list[list[cloudwatch.IWidget]]:
    """Return the rows of widgets on queues and functions.

    Parameters
    ----------
    queues, dead
        Queues and their dead-letter queues, by name.
    functions
        Every function, by name.
    consumers
        The function that empties each of ``queues``, in the same order.
    """
    ages = [
        queue.metric_approximate_age_of_oldest_message(period=_MINUTES, statistic="Maximum", label=name)
        for name, queue in queues.items()
    ]
    dead_letters = [
        queue.metric_approximate_number_of_messages_visible(period=_MINUTES, statistic="Maximum", label=name)
        for name, queue in dead.items()
    ]
    return [
        [_graph("Age of the oldest message, seconds", ages), _graph("Dead letters", dead_letters)],
        [
            _graph(
                "Errors", [function.metric_errors(period=_MINUTES, label=name) for name, function in functions.items()], _THIRD
            ),
            _graph(
                "Failed messages",
                [
                    counted(Metric.MESSAGES_FAILED, function, _MINUTES).with_(label=name)
                    for name, function in zip(queues, consumers, strict=True)
                ],
                _THIRD,
            ),
            _graph(
                "Throttles",
                [function.metric_throttles(period=_MINUTES, label=name) for name, function in functions.items()],
                _THIRD,
            ),
        ],
    ]


def people(
    notification: lambda_.IFunction, mail_events: lambda_.IFunction, topic: sns.ITopic, api: apigateway.IHttpApi
) -> list[list[cloudwatch.IWidget]]:
    """Return the rows of widgets on notifications, mails, the portal and cost."""
    returned = (Metric.MAILS_BOUNCED, Metric.MAILS_SOFT_BOUNCED, Metric.MAILS_COMPLAINED, Metric.MAILS_REFUSED)
    bill = cloudwatch.Metric(
        namespace="AWS/Billing",
        metric_name="EstimatedCharges",
        dimensions_map={"Currency": "USD"},
        statistic="Maximum",
        period=Duration.hours(6),
        region="us-east-1",  # the only region where AWS reports it
    )
    return [
        [
            _graph(
                "Notifications sent per hour, urgent smears unacknowledged",
                [counted(metric, notification, _HOUR) for metric in (Metric.NOTIFICATIONS_SENT, Metric.URGENT_UNACKNOWLEDGED)],
            ),
            _graph(
                "Mails returned, subscribers not reached",
                [
                    *(counted(metric, mail_events, _HOUR) for metric in returned),
                    topic.metric_number_of_notifications_failed(period=_HOUR, statistic="Sum"),
                ],
            ),
        ],
        [
            _graph(
                "Portal: requests, refused, failed",
                [
                    api.metric_count(period=_HOUR, statistic="Sum", label="requests"),
                    api.metric_client_error(period=_HOUR, statistic="Sum", label="refused"),
                    api.metric_server_error(period=_HOUR, statistic="Sum", label="failed"),
                ],
            ),
            _graph("Cost, USD", [bill], region="us-east-1"),
        ],
        [cloudwatch.TextWidget(markdown=_COST_NOTE, width=_WHOLE, height=2)],
    ]
