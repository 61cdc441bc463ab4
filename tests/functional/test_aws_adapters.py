"""Each adapter against moto: what the ports promise, and what becomes of a service's errors."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from hemascope.adapters.aws import DynamoLedger, S3Store, SesMailer, SnsPublisher, SqsNotices, SystemClock, client, upload
from hemascope.contracts.errors import MissingObject, RejectedSmear
from hemascope.contracts.notice import DueNotice, Notice
from hemascope.contracts.report import State
from hemascope.contracts.specimen import Specimen
from hemascope.ports import NoticeState
from tests.fakes import START
from tests.rows import row

SPECIMEN = Specimen(hospital="st-mary", patient="p 7", case="c+1", file="50% 血液.jpg")
NOTICE = Notice(
    object_id="0f" * 16,
    model="all-subtypes/1.0.0",
    hospital="st-mary",
    state=State.REPORTED,
    urgent=True,
    link="https://p.example/reports/0f",
)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


@pytest.fixture
def s3() -> Any:
    s3 = client("s3")
    for bucket in ("uploads", "reports"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
    return s3


@pytest.fixture
def ledger() -> DynamoLedger:
    dynamodb = client("dynamodb")
    keys = ("object_id", "HASH"), ("model", "RANGE")
    dynamodb.create_table(
        TableName="ledger",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoLedger(dynamodb, "ledger")


def test_an_upload_is_read_back_by_its_version(s3: Any) -> None:
    versions = [upload(s3, "uploads", SPECIMEN, data) for data in (b"first", b"second")]

    assert versions[0].key == "smears/st-mary/p 7/c+1/50% 血液.jpg"
    assert [S3Store(s3).read(version, 100) for version in versions] == [b"first", b"second"]


def test_an_unversioned_object_is_read(s3: Any) -> None:
    version = upload(s3, "reports", SPECIMEN, b"content")

    assert version.version_id == "null"
    assert S3Store(s3).read(version, 100) == b"content"


@pytest.mark.parametrize("changed", [{"key": "smears/h/p/c/other.jpg"}, {"version_id": "11111111-2222-3333-4444-555555555555"}])
def test_an_object_that_is_gone_is_missing(s3: Any, changed: dict[str, str]) -> None:
    version = upload(s3, "uploads", SPECIMEN, b"content").model_copy(update=changed)

    with pytest.raises(MissingObject, match=version.object_id):
        S3Store(s3).read(version, 100)


@pytest.mark.parametrize(("data", "reason"), [(b"", "empty_file")])
def test_a_file_of_no_allowed_size_is_rejected(s3: Any, data: bytes, reason: str) -> None:
    version = upload(s3, "uploads", SPECIMEN, data)

    with pytest.raises(RejectedSmear) as error:
        S3Store(s3).read(version, 100)

    assert error.value.reason == reason


def test_a_report_is_never_overwritten(s3: Any) -> None:
    store = S3Store(s3, "reports")

    stored = [store.write_once("reports/r.json", content, "application/json") for content in (b"first", b"second")]

    answer = s3.get_object(Bucket="reports", Key="reports/r.json")
    assert stored == [True, False]
    assert (answer["Body"].read(), answer["ContentType"]) == (b"first", "application/json")


def test_a_missing_bucket_is_our_own_fault_and_stays_visible(s3: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3Store(s3, "nowhere").write_once("k", b"", "text/plain")


def test_a_row_is_found_as_it_was_recorded(ledger: DynamoLedger) -> None:
    assert ledger.find(row().object_id, row().model) is None

    given = row()
    standing = ledger.finish(given)

    assert standing is given
    assert standing == ledger.find(row().object_id, row().model) == row()


@pytest.mark.parametrize("first", [State.REPORTED, State.REJECTED])
@pytest.mark.parametrize("second", State)
def test_reported_and_rejected_stand_for_ever(ledger: DynamoLedger, first: State, second: State) -> None:
    ledger.finish(row(first))

    standing = ledger.finish(row(second, report_key="reports/other.json"))

    assert standing == row(first)
    assert ledger.find(row().object_id, row().model) == row(first)


def test_a_failure_gives_way(ledger: DynamoLedger) -> None:
    ledger.finish(row(State.FAILED, failure="LastDelivery", report_key=None))

    assert ledger.finish(row()) == row()
    assert ledger.find(row().object_id, row().model) == row()


def test_models_have_rows_of_their_own(ledger: DynamoLedger) -> None:
    ledger.finish(row())
    ledger.finish(row(State.REJECTED, model="all-subtypes/2.0.0"))

    assert ledger.find(row().object_id, row().model) == row()


def test_an_object_was_urgent_if_any_model_said_so(ledger: DynamoLedger) -> None:
    ledger.finish(row(urgent=False))
    before = ledger.was_urgent(row().object_id)
    ledger.finish(row(model="all-subtypes/2.0.0", urgent=True))

    assert (before, ledger.was_urgent(row().object_id), ledger.was_urgent("0f")) == (False, True, False)


def test_a_notice_is_claimed_once_until_the_lease_lapses(ledger: DynamoLedger) -> None:
    ledger.finish(row())
    which = (row().object_id, row().model)

    claims = [ledger.claim_notice(*which, now, now + MINUTE) for now in (START, START + MINUTE / 2, START + 2 * MINUTE)]

    assert claims == [True, False, True]


def test_a_sent_notice_is_never_claimed_again(ledger: DynamoLedger) -> None:
    ledger.finish(row())
    which = (row().object_id, row().model)
    ledger.claim_notice(*which, START, START + MINUTE)

    ledger.set_notice(*which, NoticeState.SENT)

    assert ledger.claim_notice(*which, START + 2 * MINUTE, START + 3 * MINUTE) is False
    assert ledger.find(*which) == row(notice=NoticeState.SENT)


def test_a_bounce_stands_also_where_it_overtakes_the_record_of_sending(ledger: DynamoLedger) -> None:
    ledger.finish(row())
    which = (row().object_id, row().model)

    new = [ledger.set_notice(*which, notice) for notice in (NoticeState.BOUNCED, NoticeState.SENT, NoticeState.BOUNCED)]

    assert new == [True, False, False]
    assert ledger.find(*which) == row(notice=NoticeState.BOUNCED)


def test_a_row_that_is_gone_does_not_come_back_by_its_notice(ledger: DynamoLedger) -> None:
    assert ledger.set_notice("0f", "m/1.0.0", NoticeState.SENT) is False

    assert ledger.find("0f", "m/1.0.0") is None


def test_a_due_notice_travels_as_ids() -> None:
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="notices")["QueueUrl"]

    SqsNotices(sqs, queue).put(DueNotice(object_id="0f", model="m/1.0.0"))

    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == {"object_id": "0f", "model": "m/1.0.0"}


def test_nothing_is_claimed_without_an_end(ledger: DynamoLedger) -> None:
    assert ledger.claim_notice("0f", "m/1.0.0", START, START + MINUTE) is False


def test_a_notice_carries_what_subscriptions_filter_by() -> None:
    sns, sqs = client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="notices")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    SnsPublisher(sns, topic).publish(NOTICE)

    body = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert Notice.model_validate_json(body["Message"]) == NOTICE
    assert {name: one["Value"] for name, one in body["MessageAttributes"].items()} == {
        "hospital": "st-mary",
        "urgency": "urgent",
    }


@pytest.mark.parametrize(
    ("state", "words"),
    [(State.REPORTED, "report is ready"), (State.REJECTED, "could not be judged"), (State.FAILED, "Nothing is lost")],
)
def test_a_mail_is_made_from_the_template(state: State, words: str) -> None:
    ses = client("ses")
    ses.verify_email_identity(EmailAddress="lab@example.org")
    ses.create_template(
        Template={
            "TemplateName": "notice",
            "SubjectPart": "A smear",
            "TextPart": "{{state_sentence}} {{link}}",
            "HtmlPart": "-",
        }
    )

    ses.create_configuration_set(ConfigurationSet={"Name": "mails"})

    SesMailer(ses, "notice", "lab@example.org", "duty@example.org", "mails").send(NOTICE.model_copy(update={"state": state}))

    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    (mail,) = ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages
    data = json.loads(mail.template_data[0] if isinstance(mail.template_data, list) else mail.template_data)
    assert words in data["state_sentence"]
    assert data["link"] == NOTICE.link
    assert mail.destinations["ToAddresses"] == ["duty@example.org"]


def test_clients_retry_and_never_wait_longer_than_a_function_may() -> None:
    config = client("s3").meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
    assert (config.connect_timeout, config.read_timeout) == (3, 20)


def test_the_clock_knows_its_time_zone_and_runs_forward() -> None:
    clock = SystemClock()

    assert clock.now().utcoffset() == timedelta(0)
    assert clock.seconds() <= clock.seconds()
