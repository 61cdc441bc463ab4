"""The Lambda's entry: batches, partial failures, log lines."""

import json
from collections.abc import Iterator
from io import StringIO
from types import ModuleType

import pytest

from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from hemascope.runtime.sqs_batch import logger
from tests.support.fakes import MAXIMUM_RECEIVES, FixedClassifier, World, lambda_context, s3_message, s3_record, sqs_event

CONTEXT = lambda_context()


@pytest.fixture
def world(artifact: Artifact, handler_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))
    monkeypatch.setattr(handler_module, "screening_service", world.screening_service)
    return world


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the function writes to its log."""
    lines = StringIO()
    before = logger.registered_handler.setStream(lines)
    yield lines
    logger.registered_handler.setStream(before)


def put(world: World, data: bytes, file: str) -> str:
    key = f"smears/st-mary/p-7/c-1/{file}"
    world.pictures.pictures[ObjectVersion(bucket="uploads", key=key, version_id="v1")] = data
    return key


def failed(answer: dict) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_batch_of_good_messages_has_no_failures(handler_module: ModuleType, world: World, smear: bytes) -> None:
    bodies = [s3_message(s3_record(put(world, smear, f"field {number}.jpg"))) for number in range(3)]

    answer = handler_module.handler(sqs_event(*bodies), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert len(world.ledger.rows) == 3


def test_only_the_failing_messages_come_again(handler_module: ModuleType, world: World, smear: bytes) -> None:
    good = s3_message(s3_record(put(world, smear, "good.jpg")))
    gone = s3_message(s3_record("smears/st-mary/p-7/c-1/gone.jpg"))

    answer = handler_module.handler(sqs_event("no event", good, gone, '{"Records": [{}]}'), CONTEXT)

    assert failed(answer) == ["message-1", "message-3", "message-4"]
    assert len(world.ledger.rows) == 1


def test_where_every_message_fails_each_is_named(handler_module: ModuleType, world: World) -> None:
    answer = handler_module.handler(sqs_event("no event", "neither"), CONTEXT)

    assert failed(answer) == ["message-1", "message-2"]


def test_one_missing_object_keeps_no_other_of_its_message_waiting(
    handler_module: ModuleType, world: World, smear: bytes
) -> None:
    records = [s3_record("smears/st-mary/p-7/c-1/gone.jpg"), *(s3_record(put(world, smear, f"{name}.jpg")) for name in "ab")]

    answer = handler_module.handler(sqs_event(s3_message(*records)), CONTEXT)

    assert failed(answer) == ["message-1"]
    assert {row.object.key[-5:] for row in world.ledger.rows} == {"a.jpg", "b.jpg"}


def test_a_rejected_picture_is_acknowledged(handler_module: ModuleType, world: World) -> None:
    body = s3_message(s3_record(put(world, b"no picture", "text.jpg")))

    answer = handler_module.handler(sqs_event(body), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert world.row.state == "rejected"


def test_the_notification_test_of_s3_is_acknowledged(handler_module: ModuleType, world: World) -> None:
    answer = handler_module.handler(sqs_event('{"Service": "Amazon S3", "Event": "s3:TestEvent"}'), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert world.ledger.rows == []


def test_a_folder_of_the_console_leaves_nothing_behind(handler_module: ModuleType, world: World, log: StringIO) -> None:
    body = s3_message(s3_record("smears/st-mary/p-7/c-1/", size=0))

    answer = handler_module.handler(sqs_event(body, receives=MAXIMUM_RECEIVES), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert (world.ledger.rows, world.reports.files, world.notifications.due, log.getvalue()) == ([], {}, [], "")


def test_the_last_delivery_is_counted(handler_module: ModuleType, world: World) -> None:
    body = s3_message(s3_record("smears/st-mary/p-7/c-1/gone.jpg"))

    handler_module.handler(sqs_event(body, receives=MAXIMUM_RECEIVES), CONTEXT)

    assert world.row.state == "failed"


def test_a_worker_without_its_environment_fails_the_messages_and_says_which(
    handler_module: ModuleType, monkeypatch: pytest.MonkeyPatch, log: StringIO
) -> None:
    monkeypatch.delenv("HEMASCOPE_ARTIFACT", raising=False)
    handler_module.screening_service.cache_clear()

    answer = handler_module.handler(sqs_event(s3_message(s3_record("smears/st-mary/p-7/c-1/f.jpg"))), CONTEXT)

    assert failed(answer) == ["message-1"]
    assert json.loads(log.getvalue())["error"] == "HemascopeError"


def test_log_lines_are_json_without_key_patient_or_label(
    handler_module: ModuleType, world: World, smear: bytes, log: StringIO
) -> None:
    bodies = [s3_message(s3_record(put(world, smear, "field.jpg"))), '{"patient": "Jane Doe"}']

    handler_module.handler(sqs_event(*bodies), CONTEXT)

    lines = log.getvalue().splitlines()
    assert {json.loads(line)["message"] for line in lines} >= {"smear done", "message failed"}
    assert not [word for word in ("p-7", "c-1", "field", "Jane", "Pre-B") if any(word in line for line in lines)]
