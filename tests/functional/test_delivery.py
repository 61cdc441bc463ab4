"""The delivery station in a world of lists and dicts: told once, whatever happens between two writes."""

import logging
from datetime import timedelta

import pytest

from hemascope.contracts.errors import InvalidEvent, NothingDone, TransientError
from hemascope.contracts.hospital import HospitalSettings
from hemascope.contracts.notice import DueNotice
from hemascope.contracts.report import State
from hemascope.contracts.specimen import ObjectVersion
from hemascope.delivery import Told
from hemascope.model.artifact import Artifact
from hemascope.ports import LedgerRow, NoticeState
from tests.fakes import LEASE, START, FixedClassifier, Killed, Wire, World, kill

WRITES = ["begin_telling", "publish", "end_telling", "begin_telling", "put", "send", "end_telling", "set_notice"]
VERSION = ObjectVersion(bucket="uploads", key="smears/st-mary/p-7/c-1/field-1.jpg", version_id="v1")
ROW = LedgerRow(
    object_id=VERSION.object_id,
    model="all-subtypes/1.0.0",
    state=State.REPORTED,
    object=VERSION,
    hospital="st-mary",
    case="c-1",
    urgent=True,
    report_key="reports/r.json",
    finished_at=START,
)
DUE = DueNotice(object_id=ROW.object_id, model=ROW.model)


@pytest.fixture
def world(artifact: Artifact) -> World:
    world = World(FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))
    world.ledger.finish(ROW)
    return world


def run_queue(world: World) -> None:
    """Deliver what waits in the queue, each at its time, until nothing waits."""
    while world.notices.due:
        due = world.notices.due.pop(0)
        world.clock.time = max(world.clock.time, due.due_at or START) + timedelta(seconds=1)
        world.delivery().deliver(due)


def test_people_are_told_by_topic_and_mail_and_the_ledger_knows(world: World) -> None:
    wire = Wire()

    told = world.delivery(wire).deliver(DUE)

    assert told
    assert world.row.notice is NoticeState.SENT
    assert wire.writes == WRITES
    assert world.publisher.notices == [mail.notice for mail in world.mailer.mails]
    assert world.mailer.mails[0].recipients == ("duty@hospital.example",)
    assert world.mailer.mails[0].notice.urgent is True


def test_the_notice_holds_ids_and_a_link_only(world: World) -> None:
    world.delivery().deliver(DUE)

    (notice,) = world.publisher.notices
    assert notice.model_dump() == {
        "object_id": ROW.object_id,
        "model": "all-subtypes/1.0.0",
        "hospital": "st-mary",
        "state": "reported",
        "urgent": True,
        "link": f"https://portal.example/#/reports/{ROW.object_id}",
    }


def test_a_smear_whose_key_could_not_be_read_is_of_an_unknown_hospital(world: World) -> None:
    world.ledger.rows[ROW.object_id, ROW.model] = ROW.model_copy(update={"hospital": None, "state": State.REJECTED})

    world.delivery().deliver(DUE)

    assert world.publisher.notices[0].hospital == "unknown"


def test_a_second_message_tells_nobody(world: World) -> None:
    world.delivery().deliver(DUE)
    wire = Wire()

    told = world.delivery(wire).deliver(DUE)

    assert not told
    assert wire.writes == []
    assert len(world.mailer.mails) == 1


@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
def test_two_workers_at_once_tell_once(world: World, number: int) -> None:
    # Where the second finds a channel in the first one's hands, it asks to come again later.
    world.delivery(Wire(before={number: lambda: world.delivery().deliver(DUE)})).deliver(DUE)
    run_queue(world)

    assert world.row.notice is NoticeState.SENT
    assert len(world.publisher.notices) == len(world.mailer.mails) == 1


def test_what_another_worker_holds_comes_back_when_its_time_is_over(world: World) -> None:
    world.ledger.begin_telling(ROW.object_id, ROW.model, "topic", START, START + LEASE)

    told = world.delivery().deliver(DUE)

    assert not told
    assert world.notices.due[-1] == DUE.model_copy(update={"due_at": START + LEASE})
    assert world.notices.waits[-1] == LEASE


@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_around_any_write_leaves_nobody_untold(world: World, number: int, when: str) -> None:
    with pytest.raises(Killed):
        world.delivery(Wire(**{when: {number: kill}})).deliver(DUE)
    world.clock.time += LEASE + timedelta(seconds=1)

    world.delivery().deliver(DUE)

    assert world.row.notice is NoticeState.SENT
    # A kill between a use of a channel and its mark: here nobody else knows of the use, so it is used again.
    between = {"topic": [(2, "after"), (3, "before")], "mail": [(6, "after"), (7, "before")]}
    assert len(world.publisher.notices) == (2 if (number, when) in between["topic"] else 1)
    assert len(world.mailer.mails) == (2 if (number, when) in between["mail"] else 1)


def test_a_mail_that_ses_tells_of_is_not_sent_again_though_its_sender_died_before_it_could_say_so(world: World) -> None:
    with pytest.raises(Killed):
        world.delivery(Wire(after={6: kill})).deliver(DUE)
    world.ledger.end_telling(ROW.object_id, ROW.model, "clinician", told=True)  # as the function for SES's events does
    world.clock.time += LEASE + timedelta(seconds=1)

    world.delivery().deliver(DUE)

    assert len(world.mailer.mails) == 1
    assert world.row.notice is NoticeState.SENT


def test_a_service_that_says_no_is_asked_again_at_once(world: World) -> None:
    def refuse() -> None:
        raise NothingDone("expected to send a mail, received Throttling")

    with pytest.raises(NothingDone):
        world.delivery(Wire(before={6: refuse})).deliver(DUE)

    assert world.delivery().deliver(DUE) is Told.PEOPLE
    assert len(world.publisher.notices) == len(world.mailer.mails) == 1


@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
def test_a_service_that_fails_at_any_write_is_tried_again(world: World, number: int) -> None:
    def fail() -> None:
        raise TransientError("expected to write, received SlowDown")

    with pytest.raises(TransientError, match="SlowDown"):
        world.delivery(Wire(before={number: fail})).deliver(DUE)
    world.clock.time += LEASE + timedelta(seconds=1)
    world.delivery().deliver(DUE)

    assert world.row.notice is NoticeState.SENT


def test_a_message_about_no_row_comes_again(world: World) -> None:
    world.ledger.rows.clear()

    with pytest.raises(TransientError, match="there is none"):
        world.delivery().deliver(DUE)


def test_a_bounce_is_not_mailed_again(world: World) -> None:
    world.delivery().deliver(DUE)
    world.ledger.set_notice(ROW.object_id, ROW.model, NoticeState.BOUNCED)

    assert world.delivery().deliver(DUE) is Told.NOBODY
    assert world.row.notice is NoticeState.BOUNCED
    assert len(world.mailer.mails) == 1


def test_a_bounce_that_overtakes_the_patients_notice_keeps_the_patient_from_nothing(world: World) -> None:
    world.hospitals.settings["st-mary"] = HospitalSettings(recipients=("a@b.example",), patient_channel="sms")
    with pytest.raises(Killed):
        world.delivery(Wire(before={8: kill})).deliver(DUE)
    world.ledger.set_notice(ROW.object_id, ROW.model, NoticeState.BOUNCED)

    world.delivery().deliver(DUE)

    assert len(world.patients.notices) == len(world.mailer.mails) == 1


def test_a_topic_that_fails_keeps_no_mail_waiting(world: World) -> None:
    def fail() -> None:
        raise TransientError("expected to publish a notice, received InternalError")

    with pytest.raises(TransientError, match="InternalError"):
        world.delivery(Wire(before={2: fail})).deliver(DUE)

    assert (len(world.mailer.mails), world.publisher.notices) == (1, [])
    assert world.row.notice is NoticeState.PENDING


@pytest.mark.parametrize("number", [7, 8])
def test_a_failure_that_becomes_a_report_while_people_hear_of_it_is_told_as_a_report_too(world: World, number: int) -> None:
    failed = {"state": State.FAILED, "urgent": False, "report_key": None, "failure": "LastDelivery"}
    world.ledger.rows[ROW.object_id, ROW.model] = ROW.model_copy(update=failed)

    # begin, publish, end, begin, send, end, set_notice: before the mail's mark, and before the notice's
    world.delivery(Wire(before={number - 1: lambda: world.ledger.finish(ROW)})).deliver(DUE)
    after = world.row.notice
    world.delivery().deliver(DUE)

    assert after is NoticeState.PENDING
    assert [mail.notice.state for mail in world.mailer.mails] == [State.FAILED, State.REPORTED]
    assert world.row.notice is NoticeState.SENT


@pytest.mark.parametrize(
    "body", ["", "[]", '{"object_id": "Jane Doe"}', '{"object_id": "a", "model": "m", "name": "Jane Doe"}']
)
def test_a_message_of_another_form_is_refused_without_repeating_it(body: str) -> None:
    with pytest.raises(InvalidEvent, match="another message") as error:
        DueNotice.parse(body)

    assert "Jane" not in str(error.value)


def test_logs_hold_neither_key_nor_patient(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.ledger.begin_telling(ROW.object_id, ROW.model, "topic", START, START + LEASE)

    with caplog.at_level(logging.DEBUG):
        world.delivery().deliver(DUE)

    text = " ".join(str(record.__dict__) for record in caplog.records if record.name.startswith("hemascope"))
    assert "notice in other hands" in text
    assert not [word for word in ("p-7", "c-1", "field-1") if word in text]
