"""What becomes of late messages about a patient whose data was deleted on request: acknowledged, and nothing is written."""

import pytest

from hemascope.domain.errors import ForgottenObject
from hemascope.domain.events import CreatedObject
from hemascope.domain.ledger import NotificationStatus, StoredCounts
from hemascope.domain.notification import NotificationTask
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion, Patient
from hemascope.model.artifact import Artifact
from tests.conftest import lambda_module
from tests.support.fakes import (
    MAXIMUM_RECEIVES,
    START,
    FixedClassifier,
    Wire,
    World,
    lambda_context,
    s3_message,
    s3_record,
    sqs_event,
)
from tests.support.rows import row

KEY = "smears/st-mary/p-7/c-1/field-1.jpg"
CONTEXT = lambda_context()


@pytest.fixture
def world(artifact: Artifact) -> World:
    return World(FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))


def forgotten(world: World, key: str = KEY, size: int = 7) -> CreatedObject:
    created = CreatedObject(object=ObjectVersion(bucket="uploads", key=key, version_id="v1"), size=size)
    patient = Patient(hospital="st-mary", patient="p-7")
    world.ledger.write_tombstone(created.object.object_id, patient, StoredCounts(), START)
    return created


@pytest.mark.parametrize("receives", [1, MAXIMUM_RECEIVES, MAXIMUM_RECEIVES + 1])
@pytest.mark.parametrize(
    ("key", "size"),
    [(KEY, 7), ("smears/st-mary/p-7/one/folder/more.jpg", 7), (KEY, 0), (KEY, MAXIMUM_BYTES + 1)],
    ids=["a picture", "a key of no form", "an empty file", "too large a file"],
)
def test_a_late_delivery_writes_nothing_not_even_that_it_failed(world: World, receives: int, key: str, size: int) -> None:
    wire = Wire()

    with pytest.raises(ForgottenObject):
        world.screening_service(wire).process(forgotten(world, key, size), receives)

    assert wire.writes == []
    assert world.ledger.rows == []


def test_a_late_delivery_for_a_newer_model_writes_nothing_either(world: World) -> None:
    created = forgotten(world)
    world.ledger.finish(row(State.FAILED, object=created.object, object_id=created.object.object_id, model="m/0.9.0"))

    with pytest.raises(ForgottenObject):
        world.screening_service().process(created, MAXIMUM_RECEIVES)

    assert [(row.object_id, row.model) for row in world.ledger.rows] == [(created.object.object_id, "m/0.9.0")]


def test_its_message_is_acknowledged_and_keeps_no_other_smear_from_coming_again(
    world: World, smear: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = lambda_module("screen_smear")
    monkeypatch.setattr(module, "screening_service", world.screening_service)
    forgotten(world)
    world.pictures.pictures[ObjectVersion(bucket="uploads", key="smears/h/p/c/good.jpg", version_id="v1")] = smear
    late, good, gone = (s3_record(key) for key in (KEY, "smears/h/p/c/good.jpg", "smears/h/p/c/gone.jpg"))

    answer = module.handler(sqs_event(s3_message(late), s3_message(late, good), s3_message(late, gone)), CONTEXT)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-3"}]}
    assert world.row.object.key == "smears/h/p/c/good.jpg"


def test_a_notification_about_it_is_acknowledged_and_nobody_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    module = lambda_module("send_notifications")
    monkeypatch.setattr(module, "notification_service", world.notification_service)
    recorded = world.ledger.finish(row())
    due, unknown = (
        NotificationTask(object_id=object_id, model="all-subtypes/1.0.0").model_dump_json()
        for object_id in (forgotten(world).object.object_id, "00")
    )
    known = NotificationTask(object_id=recorded.object_id, model=recorded.model).model_dump_json()

    answer = module.handler(sqs_event(due, unknown, known), CONTEXT)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-2"}]}
    assert [mail.notification.object_id for mail in world.mailer.mails] == [recorded.object_id]
    assert world.row.notification is NotificationStatus.SENT
