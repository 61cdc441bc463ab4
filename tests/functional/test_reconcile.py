"""``hemascope reconcile`` against moto: every object version has one end, or it says which has none."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hemascope.aws.ledger import DynamoLedger
from hemascope.domain.errors import TransientError
from hemascope.domain.events import parse_message
from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from hemascope_cli.main import main
from hemascope_cli.operations.reconcile import Finding, Reconciliation
from tests.support.moto_cloud import MODEL, MotoCloud
from tests.support.wired import Wired

Captured = pytest.CaptureFixture[str]
KEY = "smears/st-mary/p-7/c-1/field-1.jpg"
ODD = "smears/st-mary/p 7/c+1/50% 血液&<>.jpg"


def now() -> datetime:
    """The time as the command sees it, also where the tests before took long."""
    return datetime.now(UTC)


LATER = now() + timedelta(hours=1)


def reconcile(cloud: MotoCloud, *words: str, grace: int = 0) -> int:
    names = cloud.names("uploads", "ledger", "arrivals", "notifications")
    return main(["reconcile", "--model", MODEL, "--grace", str(grace), *names, *words])


def said(captured: Captured) -> tuple[list[str], dict[str, int]]:
    """What was found, line by line, and the counts below."""
    lines = captured.readouterr().out.splitlines()
    start = next(number for number, line in enumerate(lines) if "object versions below smears/" in line)
    counts = {line.rsplit(maxsplit=1)[0].strip(): int(line.rsplit(maxsplit=1)[1]) for line in lines[start + 1 : -1]}
    return lines[:start], {name: count for name, count in counts.items() if count}


def test_nothing_needs_attention_where_every_version_has_a_state(cloud: MotoCloud, capsys: Captured) -> None:
    for state in (State.REPORTED, State.REJECTED):
        cloud.finish(cloud.put(KEY, state.encode()), state)

    status = reconcile(cloud)

    assert status == 0
    assert capsys.readouterr().out == (
        "object versions below smears/: 2, model all-subtypes/1.0.0\n"
        "  reported             1\n"
        "  rejected             1\n"
        "  failed               0\n"
        "  in progress          0\n"
        "  no state             0\n"
        "  unassigned           0\n"
        "  requeued             0\n"
        "  not notified         0\n"
        "  renotified           0\n"
        "  no object            0\n"
        "nothing needs attention\n"
    )


def test_an_empty_bucket_is_well(cloud: MotoCloud, capsys: Captured) -> None:
    assert reconcile(cloud) == 0

    assert said(capsys) == ([], {})


def test_of_two_versions_of_one_key_the_one_without_an_end_is_named(cloud: MotoCloud, capsys: Captured) -> None:
    first, second = cloud.put(KEY, b"first"), cloud.put(KEY, b"second")
    cloud.finish(first)

    status = reconcile(cloud)

    assert status == 1
    lines, counts = said(capsys)
    assert lines == [f"no state      {second.object_id}  version {second.version_id}"]
    assert counts == {"reported": 1, "no state": 1}


def test_keys_are_printed_on_request_alone(cloud: MotoCloud, capsys: Captured) -> None:
    cloud.put(KEY)

    lines = []
    for words in ([], ["--show-keys"]):
        reconcile(cloud, *words)
        lines += said(capsys)[0]

    assert "p-7" not in lines[0]
    assert lines[1] == f"{lines[0]}  {KEY}"


def test_a_young_object_is_on_the_way(cloud: MotoCloud, capsys: Captured) -> None:
    cloud.put(KEY)

    status = reconcile(cloud, "--requeue", grace=15)

    assert status == 0
    assert said(capsys) == ([], {"in progress": 1})
    assert cloud.bodies(cloud.arrivals) == []


def test_an_end_under_another_model_is_none(cloud: MotoCloud) -> None:
    cloud.finish(cloud.put(KEY), model="all-subtypes/0.9.0")

    assert reconcile(cloud) == 1


def test_objects_elsewhere_and_deletion_markers_are_no_smears(cloud: MotoCloud, capsys: Captured) -> None:
    cloud.put("notes/readme.txt")
    cloud.finish(cloud.put(KEY))
    cloud.s3.delete_object(Bucket="uploads", Key=KEY)

    status = reconcile(cloud)

    assert status == 0
    assert said(capsys) == ([], {"reported": 1})


def test_what_has_no_end_is_announced_again_as_s3_would(cloud: MotoCloud, capsys: Captured) -> None:
    versions = [cloud.put(ODD, b"four"), cloud.put(KEY, b"seven77")]

    status = reconcile(cloud, "--requeue")

    announced = [created for body in cloud.bodies(cloud.arrivals) for created in parse_message(body)]
    assert status == 1
    assert said(capsys)[1] == {"no state": 2, "requeued": 2}
    assert {created.object: created.size for created in announced} == {versions[0]: 4, versions[1]: 7}


def test_an_object_without_a_version_is_announced_without_one(cloud: MotoCloud) -> None:
    cloud.s3.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Suspended"})
    cloud.s3.put_object(Bucket="uploads", Key=KEY, Body=b"picture")

    reconcile(cloud, "--requeue")

    (body,) = cloud.bodies(cloud.arrivals)
    assert "versionId" not in body
    assert [created.object for created in parse_message(body)] == [ObjectVersion(bucket="uploads", key=KEY)]


def test_nothing_is_sent_where_nobody_asked(cloud: MotoCloud) -> None:
    cloud.put(KEY)
    cloud.finish(cloud.put(ODD), notification=NotificationStatus.PENDING)

    reconcile(cloud)

    assert cloud.bodies(cloud.arrivals) == cloud.bodies(cloud.notifications) == []


def test_a_failure_is_named_and_left_to_the_replay(cloud: MotoCloud, capsys: Captured) -> None:
    version = cloud.put(KEY)
    cloud.finish(version, State.FAILED, report_key=None, failure="LastDelivery")

    status = reconcile(cloud, "--requeue")

    assert status == 1
    assert said(capsys) == ([f"failed        {version.object_id}  version {version.version_id}"], {"failed": 1})
    assert cloud.bodies(cloud.arrivals) == []


def test_a_failure_whose_dead_letter_is_gone_is_sent_again_on_request(cloud: MotoCloud) -> None:
    version = cloud.put(KEY)
    cloud.finish(version, State.FAILED, report_key=None, failure="LastDelivery")

    reconcile(cloud, "--requeue-failed")

    (body,) = cloud.bodies(cloud.arrivals)
    assert [created.object for created in parse_message(body)] == [version]


def test_a_notification_that_is_late_is_put_into_its_queue_again(cloud: MotoCloud, capsys: Captured) -> None:
    late, young = cloud.put(KEY), cloud.put(ODD)
    cloud.finish(late, notification=NotificationStatus.PENDING, finished_at=now() - timedelta(minutes=16))
    cloud.finish(young, notification=NotificationStatus.PENDING, finished_at=now() - timedelta(minutes=14))

    status = reconcile(cloud, "--requeue", grace=15)

    assert status == 1
    assert said(capsys) == (
        [f"not notified  {late.object_id}  version {late.version_id}"],
        {"reported": 2, "not notified": 1, "renotified": 1},
    )
    (body,) = cloud.bodies(cloud.notifications)
    assert json.loads(body) == {"object_id": late.object_id, "model": "all-subtypes/1.0.0"}
    assert cloud.bodies(cloud.arrivals) == []


@pytest.mark.parametrize("notification", [NotificationStatus.SENT, NotificationStatus.SOFT_BOUNCED, NotificationStatus.BOUNCED])
def test_a_notification_that_had_its_fate_is_not_late(cloud: MotoCloud, notification: NotificationStatus) -> None:
    cloud.finish(cloud.put(KEY), notification=notification)

    assert reconcile(cloud, "--requeue") == 0


def test_a_row_whose_object_was_deleted_is_named_and_is_no_alarm(cloud: MotoCloud, capsys: Captured) -> None:
    gone, there = cloud.put(KEY, b"first"), cloud.put(KEY, b"second")
    for version in (gone, there):
        cloud.finish(version)
    cloud.s3.delete_object(Bucket="uploads", Key=KEY, VersionId=gone.version_id)

    status = reconcile(cloud)

    assert status == 0
    assert said(capsys) == (
        [f"no object     {gone.object_id}  version {gone.version_id}"],
        {"reported": 1, "no object": 1},
    )


def looking(cloud: MotoCloud, ledger: DynamoLedger | None = None, now: datetime = LATER) -> Reconciliation:
    return Reconciliation(cloud.uploads, ledger or cloud.ledger, MODEL, now, timedelta(minutes=15))


def test_a_row_that_was_finished_while_the_listing_ran_is_not_taken_for_an_orphan(cloud: MotoCloud) -> None:
    version = ObjectVersion(bucket="uploads", key=KEY, version_id="v1")
    second = LATER.replace(microsecond=0)
    cloud.finish(version, finished_at=second)

    tallies = [looking(cloud, now=now).run() for now in (second, second + timedelta(seconds=1))]

    assert [tally[Finding.NO_OBJECT] for tally in tallies] == [0, 1]


def test_what_dynamodb_leaves_out_is_asked_for_again(cloud: MotoCloud) -> None:
    for number in range(120):
        cloud.finish(cloud.put(f"smears/h/p/c/{number}"), notification=NotificationStatus.SENT)
    asked: list[int] = []

    def answers_seventy(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "batch_get_item":
            found = answer["Responses"]["ledger"]
            asked.append(len(found))
            left = [{key: item[key] for key in ("object_id", "model")} for item in found[70:]]
            answer["Responses"]["ledger"] = found[:70]
            answer["UnprocessedKeys"] = {"ledger": {"Keys": left, "ConsistentRead": True}} if left else {}
        return answer

    ledger = DynamoLedger(Wired(cloud.dynamodb, answers_seventy), "ledger", pause=lambda seconds: None)

    tally = looking(cloud, ledger).run()

    assert asked == [100, 30, 20]
    assert +tally == {State.REPORTED: 120}


def test_a_ledger_that_leaves_out_the_same_rows_for_ever_is_an_error(cloud: MotoCloud) -> None:
    version, pauses = cloud.put(KEY), []

    def answers_nothing(name: str, call: Callable[[], Any]) -> Any:
        keys = [{"object_id": {"S": version.object_id}, "model": {"S": MODEL}}]
        return {"Responses": {}, "UnprocessedKeys": {"ledger": {"Keys": keys}}} if name == "batch_get_item" else call()

    ledger = DynamoLedger(Wired(cloud.dynamodb, answers_nothing), "ledger", pauses.append)

    with pytest.raises(TransientError, match="some were left out 10 times"):
        looking(cloud, ledger).run()

    assert pauses[:4] == [0.05, 0.1, 0.2, 0.4]
    assert max(pauses) <= 5


def test_more_than_a_page_is_counted_to_the_end(cloud: MotoCloud) -> None:
    for number in range(1005):
        cloud.put(f"smears/h/p/c/{number:04}", b"")

    assert max(len(page) for page in cloud.uploads.pages("smears/")) == 1000
    assert +looking(cloud).run() == {Finding.NO_STATE: 1005}


def test_a_model_that_is_no_name_is_refused(capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["reconcile", "--model", "newest"])

    assert "expected a name such as all-subtypes/1.0.0, received newest" in capsys.readouterr().err


def test_the_newest_artifact_of_the_project_is_the_model(cloud: MotoCloud, capsys: Captured) -> None:
    main(["reconcile", *cloud.names("uploads", "ledger")])

    assert capsys.readouterr().out.startswith("object versions below smears/: 0, model all-subtypes/1.0.1\n")
