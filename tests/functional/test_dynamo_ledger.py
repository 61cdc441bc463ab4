"""Each adapter against moto: what the ports promise, and what becomes of a service's errors."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from hemascope.aws.client import client
from hemascope.aws.clock import SystemClock
from hemascope.aws.ledger.writer import DynamoLedger
from hemascope.aws.s3 import S3Store, upload
from hemascope.domain.errors import MissingObject, RejectedSmear
from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.report import State
from hemascope.domain.specimen import Specimen
from tests.support.fakes import START
from tests.support.rows import row

SPECIMEN = Specimen(hospital="st-mary", patient="p 7", slide="c+1", field="50% 血液.jpg")
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


def test_a_channel_is_begun_once_until_its_time_is_over(ledger: DynamoLedger) -> None:
    ledger.finish(row())
    which = (row().object_id, row().model, "clinician-1")

    begun = [ledger.claim_channel(*which, now, now + MINUTE) for now in (START, START + MINUTE / 2, START + 2 * MINUTE)]

    assert begun == ["claimed", "held", "claimed"]


def test_a_channel_that_was_used_is_never_begun_again_and_others_are_free(ledger: DynamoLedger) -> None:
    ledger.finish(row())
    which = (row().object_id, row().model)
    ledger.claim_channel(*which, "topic", START, START + MINUTE)

    ledger.complete_channel(*which, "topic", sent=True)

    assert ledger.claim_channel(*which, "topic", START + 2 * MINUTE, START + 3 * MINUTE) == "completed"
    assert ledger.claim_channel(*which, "clinician", START, START + MINUTE) == "claimed"
    assert ledger.find(*which) == row()


def test_a_channel_that_is_given_back_unused_can_be_begun_at_once(ledger: DynamoLedger) -> None:
    ledger.finish(row())
    which = (row().object_id, row().model, "clinician")
    ledger.claim_channel(*which, START, START + MINUTE)

    ledger.complete_channel(*which, sent=False)

    assert ledger.claim_channel(*which, START, START + MINUTE) == "claimed"


def test_another_end_after_a_failure_is_told_of_anew(ledger: DynamoLedger) -> None:
    ledger.finish(row(State.FAILED))
    which = (row().object_id, row().model)
    ledger.complete_channel(*which, "topic", sent=True)

    ledger.finish(row())

    assert ledger.claim_channel(*which, "topic", START, START + MINUTE) == "claimed"


def test_a_second_failure_leaves_the_first_as_it_is(ledger: DynamoLedger) -> None:
    first = row(State.FAILED, failure="LastDelivery", report_key=None)
    ledger.finish(first)
    ledger.set_notification(first.object_id, first.model, NotificationStatus.SENT)

    standing = ledger.finish(first.model_copy(update={"finished_at": START + MINUTE}))

    assert standing == first.model_copy(update={"notification": NotificationStatus.SENT})


def test_a_bounce_stands_also_where_it_overtakes_the_record_of_sending(ledger: DynamoLedger) -> None:
    ledger.finish(row())
    which = (row().object_id, row().model)

    new = [
        ledger.set_notification(*which, notification)
        for notification in (NotificationStatus.BOUNCED, NotificationStatus.SENT, NotificationStatus.BOUNCED)
    ]

    assert new == [True, False, False]
    assert ledger.find(*which) == row(notification=NotificationStatus.BOUNCED)


def test_what_became_of_a_notification_is_recorded_of_the_end_in_that_state_alone(ledger: DynamoLedger) -> None:
    ledger.finish(row())
    which = (row().object_id, row().model)

    new = [ledger.set_notification(*which, NotificationStatus.SENT, state) for state in (State.FAILED, State.REPORTED)]

    assert new == [False, True]
    assert ledger.find(*which) == row(notification=NotificationStatus.SENT)


def test_a_channel_that_was_begun_of_a_failure_is_not_used_of_the_report_that_took_its_place(ledger: DynamoLedger) -> None:
    which = (row().object_id, row().model, "clinician")
    ledger.finish(row(State.FAILED, failure="LastDelivery", report_key=None))
    ledger.claim_channel(*which, START, START + MINUTE)
    ledger.finish(row())

    ledger.complete_channel(*which, sent=True)

    assert ledger.claim_channel(*which, START, START + MINUTE) == "claimed"


def test_a_row_that_is_gone_does_not_come_back_by_its_notification(ledger: DynamoLedger) -> None:
    assert ledger.set_notification("0f", "m/1.0.0", NotificationStatus.SENT) is False
    ledger.complete_channel("0f", "m/1.0.0", "topic", sent=True)
    ledger.complete_channel("0f", "m/1.0.0", "topic", sent=False)

    assert ledger.find("0f", "m/1.0.0") is None


def test_nothing_is_begun_without_an_end(ledger: DynamoLedger) -> None:
    assert ledger.claim_channel("0f", "m/1.0.0", "topic", START, START + MINUTE) == "completed"


def test_clients_retry_and_never_wait_longer_than_a_function_may() -> None:
    config = client("s3").meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
    assert (config.connect_timeout, config.read_timeout) == (3, 20)


def test_the_clock_knows_its_time_zone_and_runs_forward() -> None:
    clock = SystemClock()

    assert clock.now().utcoffset() == timedelta(0)
    assert clock.seconds() <= clock.seconds()
