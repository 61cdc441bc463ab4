"""One page that says how the service does, from what people feel (smears, waiting) down to what it costs."""

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
_HALF, _THIRD, _WHOLE = 12, 8, 24
_COST_NOTE = (
    "Estimated charges of the whole account, this month. Shown where *Receive CloudWatch billing alerts* is on in the billing "
    "preferences. The budget and its mails do not depend on it."
)


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric], width: int = _HALF, **options: object) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=width, height=6, **options)


def _percentiles(metric: Metric, function: lambda_.IFunction) -> list[cloudwatch.Metric]:
    return [counted(metric, function, _HOUR, one).with_(label=f"{metric.value} {one}") for one in ("p50", "p95", "p99")]


def smears(screening: lambda_.IFunction) -> list[list[cloudwatch.IWidget]]:
    """What became of smears, and how long it took."""
    ends = {
        "reported": Metric.SMEARS_REPORTED,
        "rejected": Metric.SMEARS_REJECTED,
        "failed": Metric.SMEARS_FAILED,
    }
    return [
        [
            _graph(
                "Smears an hour, by end",
                [counted(metric, screening, _HOUR).with_(label=label) for label, metric in ends.items()],
                _THIRD,
                stacked=True,
            ),
            _graph(
                "Reports an hour, by decision",
                [counted(metric, screening, _HOUR) for metric in (Metric.SMEARS_CONFIDENT, *ABSTAINED)],
                _THIRD,
                stacked=True,
            ),
            _graph(
                "Share of six hours, in percent (0 below 20 smears)",
                [rejected_share(screening), abstained_share(screening)],
                _THIRD,
                left_y_axis=cloudwatch.YAxisProps(min=0, max=100),
            ),
        ],
        [
            _graph("Arrival to report, seconds", _percentiles(Metric.ARRIVAL_TO_REPORT, screening)),
            _graph(
                "Screening, milliseconds",
                [*_percentiles(Metric.SCREENING_TIME, screening), counted(Metric.NETWORK_TIME, screening, _HOUR, "p50")],
            ),
        ],
    ]


def machinery(
    queues: Mapping[str, sqs.IQueue],
    dead: Mapping[str, sqs.IQueue],
    functions: Mapping[str, lambda_.IFunction],
    fed: Sequence[lambda_.IFunction],
) -> list[list[cloudwatch.IWidget]]:
    """Queues and functions."""
    ages = [
        one.metric_approximate_age_of_oldest_message(period=_MINUTES, statistic="Maximum", label=name)
        for name, one in queues.items()
    ]
    dead_letters = [
        one.metric_approximate_number_of_messages_visible(period=_MINUTES, statistic="Maximum", label=name)
        for name, one in dead.items()
    ]
    return [
        [_graph("Age of the oldest message, seconds", ages), _graph("Dead letters", dead_letters)],
        [
            _graph("Errors", [one.metric_errors(period=_MINUTES, label=name) for name, one in functions.items()], _THIRD),
            _graph(
                "Failed messages",
                [
                    counted(Metric.MESSAGES_FAILED, one, _MINUTES).with_(label=name)
                    for name, one in zip(queues, fed, strict=True)
                ],
                _THIRD,
            ),
            _graph("Throttles", [one.metric_throttles(period=_MINUTES, label=name) for name, one in functions.items()], _THIRD),
        ],
    ]


def people(
    notification: lambda_.IFunction, mail_events: lambda_.IFunction, topic: sns.ITopic, api: apigateway.IHttpApi
) -> list[list[cloudwatch.IWidget]]:
    """Notifications, mails, the portal, and the bill."""
    back = (Metric.MAILS_BOUNCED, Metric.MAILS_COMPLAINED, Metric.MAILS_REFUSED)
    bill = cloudwatch.Metric(
        namespace="AWS/Billing",
        metric_name="EstimatedCharges",
        dimensions_map={"Currency": "USD"},
        statistic="Maximum",
        period=Duration.hours(6),
        region="us-east-1",  # the only place where AWS reports it
    )
    return [
        [
            _graph(
                "Notifications sent an hour, urgent ones unacknowledged",
                [counted(one, notification, _HOUR) for one in (Metric.NOTIFICATIONS_SENT, Metric.URGENT_UNACKNOWLEDGED)],
            ),
            _graph(
                "Mails that came back, subscribers not reached",
                [
                    *(counted(one, mail_events, _HOUR) for one in back),
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
