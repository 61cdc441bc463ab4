"""The mail about a microscope that has changed: to the administrators, once, without a result."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.domain.drift import DriftNotice
from hemascope.domain.errors import ForgottenObject, RequestRejected, TransientError
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.notification import Mail, MailKind, NotificationTask
from hemascope.notifications.service import DeliveryOutcome
from infra.mail import mail_template
from tests.support.fakes import LEASE, World
from tests.support.notification_world import ROW

NOTICE = DriftNotice(
    microscope="scope 1",
    suspended=False,
    text="Compared with its commissioning, the light is darker. It began about 2026-03-01 08:30 UTC.",
)
TASK = NotificationTask(object_id=ROW.object_id, model=ROW.model, drift=NOTICE)
CLOSED = TASK.model_copy(update={"drift": NOTICE.model_copy(update={"suspended": True})})


@pytest.fixture
def world() -> World:
    return made()


def made() -> World:
    world = World(None)  # type: ignore[arg-type]
    world.ledger.rows.append(ROW)
    return world


def test_the_administrators_get_one_mail_that_says_what_has_changed(world: World) -> None:
    named = ("lab@st-mary.example", "it@st-mary.example")
    world.hospitals.change("st-mary", HospitalSettings(recipients=("duty@st-mary.example",), administrators=named))

    outcome = world.notification_service().notify(TASK)

    (mail,) = world.mailer.mails
    assert outcome is DeliveryOutcome.SENT
    assert (mail.kind, mail.channel, mail.recipients) == (MailKind.DRIFT, "drift", named)
    assert mail.notification.link == "https://portal.example/#/admin/microscopes"
    assert mail.words == {
        "headline": "The microscope scope 1 photographs differently than when it was commissioned. It still gives answers.",
        "changes": NOTICE.text,
    }
    assert world.publisher.notifications == []


def test_where_nobody_is_named_the_first_clinician_gets_it(world: World) -> None:
    world.hospitals.change("st-mary", HospitalSettings(recipients=("duty@st-mary.example", "b@st-mary.example")))

    world.notification_service().notify(CLOSED)

    (mail,) = world.mailer.mails
    assert (mail.channel, mail.recipients) == ("suspension", ("duty@st-mary.example",))
    assert "was suspended. It gives no answers." in mail.words["headline"]


def test_a_hospital_without_any_address_gets_none(world: World) -> None:
    world.hospitals.change("st-mary", HospitalSettings())

    assert world.notification_service().notify(TASK) is DeliveryOutcome.NOT_SENT
    assert world.mailer.mails == []


@given(st.lists(st.sampled_from([TASK, CLOSED]), min_size=1, max_size=8))
def test_however_often_the_messages_come_each_mail_is_sent_once(tasks: list[NotificationTask]) -> None:
    world = made()

    for task in tasks:
        world.notification_service().notify(task)

    assert sorted(mail.channel for mail in world.mailer.mails) == sorted(
        {"suspension" if task.drift and task.drift.suspended else "drift" for task in tasks}
    )


def test_the_smears_own_notification_is_untouched(world: World) -> None:
    world.notification_service().notify(TASK)

    assert world.row == ROW


def test_a_refused_mail_is_tried_again_and_one_of_unknown_fate_after_the_grace(world: World) -> None:
    class Refusing:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def send(self, mail: Mail) -> None:
            raise self.error

    good = world.mailer
    world.mailer = Refusing(RequestRejected("slow down"))  # type: ignore[assignment]
    with pytest.raises(RequestRejected):
        world.notification_service().notify(TASK)
    world.mailer = Refusing(TransientError("no answer"))  # type: ignore[assignment]
    with pytest.raises(TransientError):
        world.notification_service().notify(TASK)
    world.mailer = good
    held = world.notification_service().notify(TASK)
    world.clock.time += LEASE + timedelta(seconds=1)
    sent = world.notification_service().notify(world.notifications.due.pop())

    assert (held, sent, len(good.mails)) == (DeliveryOutcome.NOT_SENT, DeliveryOutcome.SENT, 1)


def test_a_field_whose_row_is_not_there_yet_waits_and_one_that_is_forgotten_ends(world: World) -> None:
    world.ledger.rows.clear()

    with pytest.raises(TransientError):
        world.notification_service().notify(TASK)
    world.ledger.tombstones[ROW.object_id] = object()  # type: ignore[assignment]
    with pytest.raises(ForgottenObject):
        world.notification_service().notify(TASK)


def test_the_message_is_read_back_as_it_was() -> None:
    assert NotificationTask.parse(CLOSED.to_json()) == CLOSED
    assert "drift" not in json.loads(NotificationTask(object_id="0f", model="m/1").to_json())


def test_the_template_shows_every_word_and_no_result() -> None:
    template = mail_template(MailKind.DRIFT)

    for word in ("{{headline}}", "{{changes}}", "{{link}}"):
        assert word in template.text
        assert word in template.html
    assert "no results and nothing about patients" in template.text
