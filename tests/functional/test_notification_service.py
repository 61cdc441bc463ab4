"""The notification service in a world of lists and dicts: told once, whatever happens between two writes."""

import logging
from datetime import timedelta

import pytest

from hemascope.domain.errors import InvalidEvent, RequestRejected, TransientError
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.notification import NotificationTask
from hemascope.domain.report import State
from hemascope.model.artifact import Artifact
from hemascope.notifications.service import DeliveryOutcome
from tests.support.fakes import LEASE, START, FixedClassifier, Killed, Wire, World, kill
from tests.support.notification_world import DUE, ROW, run_queue

WRITES = [
    "claim_channel",
    "publish",
    "complete_channel",
    "claim_channel",
    "put",
    "send",
    "complete_channel",
    "set_notification",
]


@pytest.fixture
def world(artifact: Artifact) -> World:
    world = World(FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))
    world.ledger.finish(ROW)
    return world


def test_people_are_told_by_topic_and_mail_and_the_ledger_knows(world: World) -> None:
    wire = Wire()

    outcome = world.notification_service(wire).notify(DUE)

    assert outcome is DeliveryOutcome.SENT
    assert world.row.notification is NotificationStatus.SENT
    assert wire.writes == WRITES
    assert world.publisher.notifications == [mail.notification for mail in world.mailer.mails]
    assert world.mailer.mails[0].recipients == ("duty@hospital.example",)
    assert world.mailer.mails[0].notification.urgent is True


def test_the_notification_holds_ids_and_a_link_only(world: World) -> None:
    world.notification_service().notify(DUE)

    (notification,) = world.publisher.notifications
    assert notification.model_dump() == {
        "object_id": ROW.object_id,
        "model": "all-subtypes/1.0.0",
        "hospital": "st-mary",
        "state": "reported",
        "urgent": True,
        "link": f"https://portal.example/#/reports/{ROW.object_id}",
    }


def test_a_smear_whose_key_could_not_be_read_is_of_an_unknown_hospital(world: World) -> None:
    world.ledger.put(ROW.model_copy(update={"hospital": None, "state": State.REJECTED}))

    world.notification_service().notify(DUE)

    assert world.publisher.notifications[0].hospital == "unknown"


def test_a_second_message_tells_nobody(world: World) -> None:
    world.notification_service().notify(DUE)
    wire = Wire()

    outcome = world.notification_service(wire).notify(DUE)

    assert outcome is DeliveryOutcome.NOT_SENT
    assert wire.writes == []
    assert len(world.mailer.mails) == 1


@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
def test_two_workers_at_once_tell_once(world: World, number: int) -> None:
    # Where the second finds a channel in the first one's hands, it asks to come again later.
    world.notification_service(Wire(before={number: lambda: world.notification_service().notify(DUE)})).notify(DUE)
    run_queue(world)

    assert world.row.notification is NotificationStatus.SENT
    assert len(world.publisher.notifications) == len(world.mailer.mails) == 1


def test_what_another_worker_holds_comes_back_when_its_time_is_over(world: World) -> None:
    world.ledger.claim_channel(ROW.object_id, ROW.model, "topic", START, START + LEASE)

    outcome = world.notification_service().notify(DUE)

    assert outcome is DeliveryOutcome.NOT_SENT
    assert world.notifications.due[-1] == DUE.model_copy(update={"due_at": START + LEASE})
    assert world.notifications.waits[-1] == LEASE


@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_around_any_write_leaves_nobody_untold(world: World, number: int, when: str) -> None:
    with pytest.raises(Killed):
        world.notification_service(Wire(**{when: {number: kill}})).notify(DUE)
    world.clock.time += LEASE + timedelta(seconds=1)

    world.notification_service().notify(DUE)

    assert world.row.notification is NotificationStatus.SENT
    # A kill between a use of a channel and its mark: here nobody else knows of the use, so it is used again.
    between = {"topic": [(2, "after"), (3, "before")], "mail": [(6, "after"), (7, "before")]}
    assert len(world.publisher.notifications) == (2 if (number, when) in between["topic"] else 1)
    assert len(world.mailer.mails) == (2 if (number, when) in between["mail"] else 1)


def test_a_mail_that_ses_tells_of_is_not_sent_again_though_its_sender_died_before_it_could_say_so(world: World) -> None:
    with pytest.raises(Killed):
        world.notification_service(Wire(after={6: kill})).notify(DUE)
    world.ledger.complete_channel(ROW.object_id, ROW.model, "clinician")  # as the function for SES's events does
    world.clock.time += LEASE + timedelta(seconds=1)

    world.notification_service().notify(DUE)

    assert len(world.mailer.mails) == 1
    assert world.row.notification is NotificationStatus.SENT


def test_a_service_that_says_no_is_asked_again_at_once(world: World) -> None:
    def refuse() -> None:
        raise RequestRejected("expected to send a mail, received Throttling")

    with pytest.raises(RequestRejected):
        world.notification_service(Wire(before={6: refuse})).notify(DUE)

    assert world.notification_service().notify(DUE) is DeliveryOutcome.SENT
    assert len(world.publisher.notifications) == len(world.mailer.mails) == 1


@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
def test_a_service_that_fails_at_any_write_is_tried_again(world: World, number: int) -> None:
    def fail() -> None:
        raise TransientError("expected to write, received SlowDown")

    with pytest.raises(TransientError, match="SlowDown"):
        world.notification_service(Wire(before={number: fail})).notify(DUE)
    world.clock.time += LEASE + timedelta(seconds=1)
    world.notification_service().notify(DUE)

    assert world.row.notification is NotificationStatus.SENT


def test_a_message_about_no_row_comes_again(world: World) -> None:
    world.ledger.rows.clear()

    with pytest.raises(TransientError, match="there is none"):
        world.notification_service().notify(DUE)


@pytest.mark.parametrize("status", [NotificationStatus.SOFT_BOUNCED, NotificationStatus.BOUNCED])
def test_a_bounce_is_not_mailed_again(world: World, status: NotificationStatus) -> None:
    world.notification_service().notify(DUE)
    world.ledger.set_notification(ROW.object_id, ROW.model, status)

    assert world.notification_service().notify(DUE) is DeliveryOutcome.NOT_SENT
    assert world.row.notification is status
    assert len(world.mailer.mails) == 1


@pytest.mark.parametrize("status", [NotificationStatus.SOFT_BOUNCED, NotificationStatus.BOUNCED])
def test_a_bounce_that_overtakes_the_patients_notification_keeps_the_patient_from_nothing(
    world: World, status: NotificationStatus
) -> None:
    world.hospitals.settings["st-mary"] = HospitalSettings(recipients=("a@b.example",), patient_channel="sms")
    with pytest.raises(Killed):
        world.notification_service(Wire(before={8: kill})).notify(DUE)
    world.ledger.set_notification(ROW.object_id, ROW.model, status)

    world.notification_service().notify(DUE)

    assert len(world.patients.notifications) == len(world.mailer.mails) == 1


def test_a_topic_that_fails_keeps_no_mail_waiting(world: World) -> None:
    def fail() -> None:
        raise TransientError("expected to publish a notification, received InternalError")

    with pytest.raises(TransientError, match="InternalError"):
        world.notification_service(Wire(before={2: fail})).notify(DUE)

    assert (len(world.mailer.mails), world.publisher.notifications) == (1, [])
    assert world.row.notification is NotificationStatus.PENDING


@pytest.mark.parametrize("number", [7, 8])
def test_a_failure_that_becomes_a_report_while_people_hear_of_it_is_told_as_a_report_too(world: World, number: int) -> None:
    failed = {"state": State.FAILED, "urgent": False, "report_key": None, "failure": "LastDelivery"}
    world.ledger.put(ROW.model_copy(update=failed))

    # begin, publish, end, begin, send, end, set_notification: before the mail's mark, and before the notification's
    world.notification_service(Wire(before={number - 1: lambda: world.ledger.finish(ROW)})).notify(DUE)
    after = world.row.notification
    world.notification_service().notify(DUE)

    assert after is NotificationStatus.PENDING
    assert [mail.notification.state for mail in world.mailer.mails] == [State.FAILED, State.REPORTED]
    assert world.row.notification is NotificationStatus.SENT


@pytest.mark.parametrize(
    "body", ["", "[]", '{"object_id": "Jane Doe"}', '{"object_id": "a", "model": "m", "name": "Jane Doe"}']
)
def test_a_message_of_another_form_is_refused_without_repeating_it(body: str) -> None:
    with pytest.raises(InvalidEvent, match="another message") as error:
        NotificationTask.parse(body)

    assert "Jane" not in str(error.value)


def test_logs_hold_neither_key_nor_patient(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.ledger.claim_channel(ROW.object_id, ROW.model, "topic", START, START + LEASE)

    with caplog.at_level(logging.DEBUG):
        world.notification_service().notify(DUE)

    text = " ".join(str(record.__dict__) for record in caplog.records if record.name.startswith("hemascope"))
    assert "notification channel claimed by another worker" in text
    assert not [word for word in ("p-7", "c-1", "field-1") if word in text]
