"""Who hears of an end, by what the hospital has set; and who next, where nobody acknowledges an urgent one."""

from datetime import timedelta

import pytest

from hemascope.domain.errors import RejectionReason
from hemascope.domain.hospital import HospitalSettings
from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.notification import NotificationTask
from hemascope.domain.report import Release, State
from hemascope.domain.specimen import ObjectVersion, specimen_of
from hemascope.model.artifact import Artifact
from hemascope.notifications.service import DeliveryOutcome
from hemascope.screening.pipeline import screen
from tests.support.fakes import START, FixedClassifier, Killed, Wire, World, kill
from tests.support.notification_world import DUE, ROW, run_queue
from tests.support.slide_fields import rejected_report

FIRST, SECOND, THIRD = (f"{name}@st-mary.example" for name in ("first", "second", "third"))
CLINICIANS = HospitalSettings(recipients=(FIRST, SECOND, THIRD), escalate_after_minutes=20)


def stored(key: str) -> ObjectVersion:
    return ObjectVersion(bucket="reports", key=key)


@pytest.fixture
def world(artifact: Artifact) -> World:
    world = World(FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))
    world.ledger.finish(ROW)
    return world


def notified(world: World) -> list[tuple[str, tuple[str, ...]]]:
    return [(str(mail.kind), mail.recipients) for mail in world.mailer.mails]


def test_the_first_clinician_of_a_hospital_hears_by_a_link(world: World) -> None:
    world.hospitals.settings["st-mary"] = CLINICIANS

    world.notification_service().notify(DUE)

    (mail,) = world.mailer.mails
    assert (mail.kind, mail.recipients) == ("notification", (FIRST,))
    assert "without delay" in mail.words["state_sentence"]
    assert "Pre-B" not in mail.model_dump_json()


def test_an_urgent_smear_goes_to_the_next_after_each_while_until_the_list_ends(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.hospitals.settings["st-mary"] = CLINICIANS

    world.notification_service().notify(DUE)
    moments = []
    while world.notifications.due:
        task = world.notifications.due.pop(0)
        moments.append((task.step, task.due_at))
        world.clock.time = task.due_at
        world.notification_service().notify(task)

    assert notified(world) == [("notification", (FIRST,)), ("reminder", (SECOND,)), ("reminder", (THIRD,))]
    assert moments == [(step, START + step * timedelta(minutes=20)) for step in (1, 2, 3)]
    assert [mail.words["minutes"] for mail in world.mailer.mails[1:]] == ["20", "40"]
    assert "urgent smear unacknowledged" in caplog.text


def test_where_the_only_clinician_acknowledges_nothing_somebody_rings(world: World) -> None:
    world.hospitals.settings["st-mary"] = HospitalSettings(recipients=(FIRST,))
    world.notification_service().notify(DUE)
    (reminder,) = world.notifications.due
    world.clock.time = reminder.due_at

    assert world.notification_service().notify(reminder) is DeliveryOutcome.UNACKNOWLEDGED
    assert notified(world) == [("notification", (FIRST,))]


def test_an_acknowledged_smear_calls_nobody_else(world: World) -> None:
    world.hospitals.settings["st-mary"] = CLINICIANS
    world.notification_service().notify(DUE)
    seen = world.row.model_copy(update={"acknowledged_at": START + timedelta(minutes=5)})
    world.ledger.put(seen)

    run_queue(world)

    assert notified(world) == [("notification", (FIRST,))]


def test_a_reminder_before_its_time_goes_back_into_the_queue(world: World) -> None:
    world.hospitals.settings["st-mary"] = CLINICIANS
    early = NotificationTask(object_id=ROW.object_id, model=ROW.model, step=1, due_at=START + timedelta(minutes=20))

    world.notification_service().notify(early)

    assert (world.notifications.due, world.notifications.waits) == ([early], [timedelta(minutes=20)])
    assert world.mailer.mails == []


def test_a_smear_that_is_not_urgent_reminds_nobody(world: World) -> None:
    world.hospitals.settings["st-mary"] = CLINICIANS
    world.ledger.put(ROW.model_copy(update={"urgent": False}))

    world.notification_service().notify(DUE)

    assert world.notifications.due == []
    assert notified(world) == [("notification", (FIRST,))]


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_anywhere_in_a_reminder_forgets_nobody(world: World, number: int, when: str) -> None:
    world.hospitals.settings["st-mary"] = CLINICIANS
    world.notification_service().notify(DUE)
    reminder = world.notifications.due.pop()
    world.clock.time = reminder.due_at

    # claim_channel, put, send, complete_channel; the fifth write never comes
    wire = Wire(**{when: {number: kill}})
    if number < 5:
        with pytest.raises(Killed):
            world.notification_service(wire).notify(reminder)
    else:
        world.notification_service(wire).notify(reminder)
    world.clock.time += timedelta(minutes=10)
    world.notification_service().notify(reminder)
    run_queue(world)

    asked = [recipients for _, recipients in notified(world)]
    assert {(FIRST,), (SECOND,), (THIRD,)} == set(asked)
    ambiguous = (number, when) in [(3, "after"), (4, "before")]
    assert asked.count((SECOND,)) == (2 if ambiguous else 1)
    assert asked.count((THIRD,)) == 1


def test_a_rejected_smear_goes_to_the_laboratory_with_reason_and_advice(world: World) -> None:
    world.hospitals.settings["st-mary"] = HospitalSettings(recipients=(FIRST,), laboratory=(SECOND, THIRD))
    report = rejected_report("cut off")
    world.reports.pictures[stored(ROW.report_key)] = report.to_json().encode()
    world.ledger.put(ROW.model_copy(update={"state": State.REJECTED, "urgent": False}))

    world.notification_service().notify(DUE)

    (mail,) = world.mailer.mails
    assert (mail.kind, mail.recipients) == ("rejected", (SECOND, THIRD))
    assert report.rejection.reason is RejectionReason.TRUNCATED
    assert mail.words == {"reason": "truncated", "advice": report.rejection.advice}


def test_without_a_laboratory_the_clinician_hears_of_a_rejected_smear(world: World) -> None:
    world.hospitals.settings["st-mary"] = HospitalSettings(recipients=(FIRST,))
    world.ledger.put(ROW.model_copy(update={"state": State.REJECTED, "urgent": False}))

    world.notification_service().notify(DUE)

    assert notified(world) == [("notification", (FIRST,))]


def test_a_hospital_may_have_results_in_its_mails(world: World, smear: bytes) -> None:
    world.hospitals.settings["st-mary"] = HospitalSettings(recipients=(FIRST,), mail_detail="summary")
    report = screen(smear, specimen_of(ROW.object.key), world.classifier).report
    world.reports.pictures[stored(ROW.report_key)] = report.to_json().encode()

    world.notification_service().notify(DUE)

    (mail,) = world.mailer.mails
    assert (mail.kind, mail.words["answer"]) == ("summary", "Pre-B pattern, confident")
    assert mail.words["probabilities"] == "Benign 1.0 %, Early Pre-B 2.0 %, Pre-B 96.0 %, Pro-B 1.0 %"
    assert "p-7" not in mail.model_dump_json()


def test_a_smear_of_no_known_hospital_goes_to_the_deployments_clinician(world: World) -> None:
    world.ledger.put(ROW.model_copy(update={"hospital": None, "state": State.REJECTED}))

    world.notification_service().notify(DUE)

    assert notified(world) == [("notification", ("duty@hospital.example",))]


def patient(release: str = "immediate", **more: str) -> HospitalSettings:
    fields = {"recipients": (FIRST,), "patient_channel": "sms", "release": release, **more}
    return HospitalSettings.model_validate(fields)


def test_a_patient_hears_at_once_where_the_hospital_has_set_so_by_a_link_alone(world: World) -> None:
    world.hospitals.settings["st-mary"] = patient(telephone="+49 351 1234")

    world.notification_service().notify(DUE)

    (notification,) = world.patients.notifications
    assert (notification.hospital, notification.patient) == ("st-mary", "p-7")
    assert "https://portal.example/" in notification.text
    assert "Call +49 351 1234." in notification.text
    assert not [word for word in ("leuk", "Pre-B", "%", "p-7", "c-1") if word in notification.text]


def test_a_patient_hears_only_of_what_was_released_where_a_review_comes_first(world: World) -> None:
    world.hospitals.settings["st-mary"] = patient("after_review")
    released = DUE.model_copy(update={"released": 1})

    world.notification_service().notify(DUE)
    at_the_report = len(world.patients.notifications)
    world.notification_service().notify(released)
    before_the_release = len(world.patients.notifications)
    world.ledger.put(world.row.model_copy(update={"verdicts": 1, "released_verdict_number": 1}))
    world.notification_service().notify(released)
    world.notification_service().notify(released)

    assert (at_the_report, before_the_release, len(world.patients.notifications)) == (0, 0, 1)
    assert world.row.notification is NotificationStatus.SENT


def test_a_release_of_what_the_patient_has_heard_of_is_no_news_and_a_correction_is(world: World) -> None:
    world.hospitals.settings["st-mary"] = patient()
    world.notification_service().notify(DUE)
    heard = [len(world.patients.notifications)]
    for release, released_verdict_number in ((Release.FINAL, 1), (Release.AMENDED, 2)):
        row = world.row.model_copy(
            update={"verdicts": released_verdict_number, "released_verdict_number": released_verdict_number, "release": release}
        )
        world.ledger.put(row)
        for asked in range(1, released_verdict_number + 1):  # the message of the first release may come late, or twice
            world.notification_service().notify(DUE.model_copy(update={"released": asked}))
        heard.append(len(world.patients.notifications))

    assert heard == [1, 1, 2]


@pytest.mark.parametrize("state", [State.REJECTED, State.FAILED])
def test_a_patient_hears_nothing_of_a_picture_without_an_answer(world: World, state: State) -> None:
    world.hospitals.settings["st-mary"] = patient()
    world.ledger.put(ROW.model_copy(update={"state": state, "report_key": None}))

    world.notification_service().notify(DUE)

    assert world.patients.notifications == []
