"""What the watchers see of a smear on its way through the embedded cloud.

The emulator makes no metrics of log lines and measures no queue, so a test puts the measured depth where SQS would; nor does
it tell dimensions apart when it judges an alarm, which is why another test holds that each names something that exists.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from hemascope.domain.report import State
from tests.e2e.conftest import Service
from tests.support.emf import emitted, metric_lines, values
from tests.support.fakes import s3_message, s3_record
from tests.support.patience import wait_until

pytestmark = pytest.mark.local_cloud


@pytest.fixture
def alarm_mails(service: Service) -> Iterator[str]:
    """URL of a queue that hears what an engineer's mail box would."""
    sqs, sns = service.cloud.client("sqs"), service.cloud.client("sns")
    url = sqs.create_queue(QueueName="engineer")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=service.cloud.outputs["AlarmTopic"], Protocol="sqs", Endpoint=arn)
    yield url
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


def heard(service: Service, url: str) -> dict[str, dict[str, Any]]:
    """Alarms in the mail box, by name."""
    messages = service.cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    notified = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
    return {alarm["AlarmName"]: alarm for alarm in notified}


def test_a_smears_metrics_are_in_the_workers_logs_and_name_nobody(service: Service, smear: bytes) -> None:
    before = len(service.cloud.log("screen_smear")), len(service.cloud.log("send_notifications"))
    version = service.send(smear, "field-1.jpg")
    row = service.wait_for_end(version)
    service.wait_until_quiet()

    screening = service.cloud.log("screen_smear")[before[0] :]
    delivering = service.cloud.log("send_notifications")[before[1] :]

    counted = values(screening)
    assert row.state is State.REPORTED
    assert (counted["SmearsReported"], counted["SmearsRejected"]) == ((1,), (0,))
    decisions = ("SmearsConfident", "SmearsIndeterminate", "SmearsOutOfDistribution", "SmearsPoorQuality")
    assert sorted(counted[name] for name in decisions) == [(0,), (0,), (0,), (1,)]
    assert counted["SmearsUnverified"] == (0,)
    assert 0 < counted["NetworkTime"][0] < counted["ScreeningTime"][0]
    assert counted["ArrivalToReport"][0] > 0
    assert values(delivering) == {"NotificationsSent": (1,)}
    assert {metric.dimensions for metric in emitted(screening)} == {(("function", "hemascope-dev-screen-smear"),)}
    text = json.dumps(metric_lines(screening + delivering))
    assert not [word for word in ("smears/", ".jpg", "p-7", "st-mary", "slide-1", version.object_id, "Pre-B") if word in text]


def test_a_redelivery_is_no_second_smear(service: Service, smear: bytes) -> None:
    version = service.send(smear, "again.jpg")
    service.wait_for_end(version)
    service.wait_until_quiet()
    before = values(service.cloud.log("screen_smear"))

    service.send_message(s3_message(s3_record(version.key, version.bucket, version.version_id, size=1000)))
    wait_until(lambda: '"why":"known"' in service.cloud.log("screen_smear"), "a redelivery")
    service.wait_until_quiet()

    assert values(service.cloud.log("screen_smear")) == before


def test_a_dead_letter_reaches_the_engineers_mail_box(service: Service, alarm_mails: str) -> None:
    service.send_message('{"Records": "poison"}')
    service.wait_until_quiet()
    depth = service.waiting("ArrivalsDeadLetterQueue")

    service.cloud.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Dimensions": [{"Name": "QueueName", "Value": "hemascope-dev-arrivals-dead-letters"}],
                "Value": depth,
            }
        ],
    )

    notified: dict[str, dict[str, Any]] = {}

    def rung() -> bool:
        notified.update(heard(service, alarm_mails))
        return "hemascope-dev-arrivals-dead-letters" in notified

    wait_until(rung, "an alarm")
    assert depth == 1
    assert notified["hemascope-dev-arrivals-dead-letters"]["NewStateValue"] == "ALARM"
    assert notified["hemascope-dev-arrivals-dead-letters"]["AlarmDescription"].endswith(
        "Runbook: arrivals-dead-letters in docs/operations.md"
    )
    assert values(service.cloud.log("screen_smear"))["MessagesFailed"] == (1, 1, 1, 1, 1)


def test_every_alarm_watches_something_that_exists(service: Service) -> None:
    client = service.cloud.client
    existing = {
        "QueueName": {url.rsplit("/", 1)[1] for url in client("sqs").list_queues()["QueueUrls"]},
        "FunctionName": {function["FunctionName"] for function in client("lambda").list_functions()["Functions"]},
        "TopicName": {topic["TopicArn"].rsplit(":", 1)[1] for topic in client("sns").list_topics()["Topics"]},
    }
    existing |= {"function": existing["FunctionName"], "Resource": {"hemascope-dev-screen-smear:live"}}
    existing |= {"ApiId": {item["ApiId"] for item in client("apigatewayv2").get_apis()["Items"]}}
    existing |= {"StateMachineArn": {service.cloud.outputs["ArchiveMachine"]}}
    existing |= {"version": {"1"}, "ExecutedVersion": {"1"}}

    alarms = client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]

    watched = {(dimension["Name"], dimension["Value"]) for alarm in alarms for dimension in alarm["Dimensions"]}
    assert len(alarms) == 40  # the emulator knows no alarm on a share
    assert {name: value for name, value in watched if value not in existing[name]} == {}


def test_the_dashboard_is_there(service: Service) -> None:
    body = service.cloud.client("cloudwatch").get_dashboard(DashboardName="hemascope-dev-overview")["DashboardBody"]

    titles = [widget["properties"].get("title") for widget in json.loads(body)["widgets"]]

    assert titles[:2] == ["Alarms", "Smears per hour, by terminal state"]
    assert "hemascope-dev-screen-smear" in body
