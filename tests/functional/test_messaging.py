"""Notification queue, topics and mails on moto, and the requests that each adapter makes."""

import json
from collections.abc import Callable
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from hemascope.aws.client import client
from hemascope.aws.hospitals_table import DynamoHospitalSettings
from hemascope.aws.messaging import SesMailer, SnsPatientPublisher, SnsPublisher, SqsNotificationQueue
from hemascope.domain.errors import RequestRejected, TransientError
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.notification import Mail, Notification, NotificationTask, PatientNotification
from hemascope.domain.report import State
from tests.support.fakes import START
from tests.support.moto_cloud import MotoCloud

NOTIFICATION = Notification(
    object_id="0f" * 16,
    model="all-subtypes/1.0.0",
    hospital="st-mary",
    state=State.REPORTED,
    urgent=True,
    link="https://p.example/reports/0f",
)
MAIL = Mail(
    notification=NOTIFICATION,
    channel="clinician",
    kind="notification",
    recipients=("duty@example.org",),
    words={"state_sentence": "A smear is done."},
)
MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.usefixtures("cloud")


class Recorder:
    """A client that records its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda **arguments: self.calls.append((name, arguments))


def test_a_notification_task_travels_as_ids(cloud: MotoCloud) -> None:
    SqsNotificationQueue(cloud.sqs, cloud.notifications).put(NotificationTask(object_id="0f", model="m/1.0.0"))

    (body,) = cloud.bodies(cloud.notifications)
    assert json.loads(body) == {"object_id": "0f", "model": "m/1.0.0"}


@pytest.mark.parametrize(("minutes", "seconds"), [(0, "0"), (2, "120"), (30, "900")])
def test_what_is_due_later_is_kept_back_as_long_as_sqs_can(minutes: int, seconds: str) -> None:
    sqs = Recorder()

    SqsNotificationQueue(sqs, "notifications").put(
        NotificationTask(object_id="0f", model="m/1.0.0", step=1, due_at=START), minutes * MINUTE
    )

    ((name, call),) = sqs.calls
    assert (name, call["DelaySeconds"]) == ("send_message", int(seconds))
    assert NotificationTask.parse(call["MessageBody"]) == NotificationTask(
        object_id="0f", model="m/1.0.0", step=1, due_at=START
    )


def test_a_hospital_has_the_deployments_settings_until_it_sets_its_own(cloud: MotoCloud) -> None:
    standard = HospitalSettings(recipients=("duty@example.org",))
    repository = DynamoHospitalSettings(cloud.dynamodb, "hospitals", standard)
    own = HospitalSettings(recipients=("a@example.org", "b@example.org"), release="after_review")
    nobody = HospitalSettings(release="after_review")

    before = repository.settings_of("st-mary")
    repository.change("st-mary", own)
    repository.change("st-joseph", nobody)

    assert before == standard
    assert repository.settings_of("st-mary") == own
    assert repository.settings_of("st-joseph") == nobody.model_copy(update={"recipients": ("duty@example.org",)})


def test_a_patients_notification_is_plain_text_with_ids_to_filter_by() -> None:
    sns = Recorder()

    SnsPatientPublisher(sns, "patients").publish(
        PatientNotification(hospital="st-mary", patient="p-7", text="Something to read.")
    )

    ((name, call),) = sns.calls
    assert (name, call["Message"]) == ("publish", "Something to read.")
    assert {name: attribute["StringValue"] for name, attribute in call["MessageAttributes"].items()} == {
        "hospital": "st-mary",
        "patient": "p-7",
    }


def test_a_notification_carries_what_subscriptions_filter_by() -> None:
    sns, sqs = client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="notifications")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    SnsPublisher(sns, topic).publish(NOTIFICATION)

    body = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert Notification.model_validate_json(body["Message"]) == NOTIFICATION
    assert {name: attribute["Value"] for name, attribute in body["MessageAttributes"].items()} == {
        "hospital": "st-mary",
        "urgency": "urgent",
    }


def test_a_mail_is_made_from_the_template_of_its_kind() -> None:
    ses = client("ses")
    ses.verify_email_identity(EmailAddress="lab@example.org")
    ses.create_template(
        Template={
            "TemplateName": "mail-notification",
            "SubjectPart": "A smear",
            "TextPart": "{{state_sentence}} {{link}}",
            "HtmlPart": "-",
        }
    )

    ses.create_configuration_set(ConfigurationSet={"Name": "mails"})

    SesMailer(ses, "mail", "lab@example.org", "mails").send(MAIL)

    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    (mail,) = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    data = json.loads(mail.template_data[0] if isinstance(mail.template_data, list) else mail.template_data)
    assert data == {"state_sentence": "A smear is done.", "link": NOTIFICATION.link}
    assert mail.destinations["ToAddresses"] == ["duty@example.org"]


class Busy:
    """An SES that refuses a number of requests and counts those that it accepts."""

    def __init__(self, times: int, status: int = 400) -> None:
        self.times, self.status, self.asked, self.sent = times, status, 0, 0

    def send_templated_email(self, **_: object) -> None:
        self.asked += 1
        if self.asked <= self.times:
            answer = {"Error": {"Code": "Throttling"}, "ResponseMetadata": {"HTTPStatusCode": self.status}}
            raise ClientError(answer, "SendTemplatedEmail")
        self.sent += 1


def test_an_ses_that_is_too_busy_is_asked_again_after_growing_pauses() -> None:
    ses, pauses = Busy(3), list[float]()

    SesMailer(ses, "mail", "lab@example.org", "mails", pauses.append).send(MAIL)

    assert ses.sent == 1
    assert [0 <= pause <= longest for pause, longest in zip(pauses, (0.5, 1, 2), strict=True)] == [True] * 3


def test_an_ses_that_stays_too_busy_has_sent_nothing() -> None:
    ses = Busy(100)

    with pytest.raises(RequestRejected, match="Throttling"):
        SesMailer(ses, "mail", "lab@example.org", "mails", lambda _: None).send(MAIL)

    assert (ses.asked, ses.sent) == (4, 0)


def test_an_answer_that_may_have_been_a_yes_is_not_asked_for_again() -> None:
    ses = Busy(1, status=500)

    with pytest.raises(TransientError) as error:
        SesMailer(ses, "mail", "lab@example.org", "mails").send(MAIL)

    assert not isinstance(error.value, RequestRejected)
    assert (ses.asked, ses.sent) == (1, 0)
