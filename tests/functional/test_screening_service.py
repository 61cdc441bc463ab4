"""The screening service with a real picture, a fixed network and a world of lists and dicts."""

from dataclasses import replace

import pytest

from hemascope.domain.errors import HemascopeError, MissingObject, TransientError
from hemascope.domain.events import CreatedObject
from hemascope.domain.ledger import NotificationStatus
from hemascope.domain.notification import NotificationTask
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.domain.report import PatientSummary, Report, State
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.artifact import Artifact
from hemascope.screening.service import Outcome
from tests.support.arrivals import KEY
from tests.support.fakes import MAXIMUM_RECEIVES, FixedClassifier, Killed, Wire, World, kill

WRITES = ["write_once"] * 6 + ["finish", "put"]


@pytest.fixture
def world(artifact: Artifact) -> World:
    return World(FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01))


def check_one_end(world: World, state: State = State.REPORTED) -> None:
    """One row, one report and summary that agree with it, one notification that is due."""
    assert (world.row.state, world.row.notification) == (state, NotificationStatus.PENDING)
    assert len([key for key in world.reports.files if key.endswith("report.json")]) == 1
    report = Report.model_validate(world.reports.json("report.json"))
    summary = PatientSummary.model_validate(world.reports.json("summary.json"))
    assert report.state is state
    assert world.row.report_key in world.reports.files
    assert {report.object_id, summary.object_id, world.row.object_id} == {world.row.object.object_id}
    assert world.notifications.due == [NotificationTask(object_id=world.row.object_id, model=world.row.model)]


def test_a_smear_ends_in_reports_pictures_a_row_and_a_due_notification(world: World, smear: bytes) -> None:
    wire = Wire()

    outcome = world.screening_service(wire).process(world.arrive(smear))

    check_one_end(world)
    assert wire.writes == WRITES
    assert (outcome.row.hospital, outcome.row.slide) == ("st-mary", "c-1")
    assert outcome.row.patient == "c894279dab78c54bf5433d24ad01d6f6"  # printf '7:st-mary3:p-7' | sha256sum
    report = Report.model_validate(world.reports.json("report.json"))
    assert report.evidence is not None
    assert report.evidence.pictures is not None
    assert {report.evidence.pictures.segmented, report.evidence.pictures.overlay} <= set(world.reports.files)
    assert set(report.timings_ms) == {"decode", "quality", "segment", "network", "cells", "overlay", "heat_maps"}
    assert report.issued_at == world.clock.time
    assert outcome.report == report


def test_the_row_repeats_what_lists_and_figures_say_of_the_report(world: World, smear: bytes) -> None:
    world.screening_service().process(world.arrive(smear))

    report = world.reports.json("report.json")
    assert world.row.decision == report["result"]["decision"]
    assert (world.row.rejection, world.row.colour_score) == (None, report["evidence"]["out_of_distribution_score"])
    assert world.row.feature_score == report["evidence"]["feature_score"]
    assert world.row.screening_ms == sum(report["timings_ms"].values()) == 1750.0  # seven steps of a quarter of a second


def test_the_row_of_a_rejected_smear_says_why(world: World) -> None:
    world.screening_service().process(world.arrive(b"no picture"))

    assert (world.row.decision, world.row.rejection, world.row.screening_ms) == (None, "unsupported_format", None)


@pytest.mark.parametrize(
    ("probabilities", "urgent"),
    [((0.97, 0.01, 0.01, 0.01), False), ((0.01, 0.01, 0.97, 0.01), True), ((0.60, 0.38, 0.01, 0.01), True)],
    ids=["benign", "leukemia", "perhaps leukemia"],
)
def test_what_may_be_leukemia_is_urgent(
    artifact: Artifact, smear: bytes, probabilities: tuple[float, ...], urgent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The drawn smear has colours of its own: here it shall count as one that the model knows.
    monkeypatch.setattr(type(artifact.colours), "score", lambda *_: 0.5)
    decision = artifact.manifest.decision.model_copy(update={"prediction_set_threshold": 0.3})
    known = replace(artifact, manifest=artifact.manifest.model_copy(update={"decision": decision}))
    world = World(FixedClassifier(known, *probabilities))

    world.screening_service().process(world.arrive(smear))

    assert world.row.urgent is urgent


def test_a_smear_that_the_model_cannot_know_is_not_urgent(world: World, smear: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(world.classifier.artifact.colours), "score", lambda *_: 1.5)

    world.screening_service().process(world.arrive(smear))

    assert world.reports.json("report.json")["result"]["decision"] == "out_of_distribution"
    assert world.row.urgent is False


@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_around_any_write_leaves_one_end(world: World, smear: bytes, number: int, when: str) -> None:
    created = world.arrive(smear)
    with pytest.raises(Killed):
        world.screening_service(Wire(**{when: {number: kill}})).process(created)

    world.screening_service().process(created, receives=2)

    assert (world.row.state, world.row.notification) == (State.REPORTED, NotificationStatus.PENDING)
    assert len([key for key in world.reports.files if key.endswith("report.json")]) == 1
    # Asked twice is told once: that is the notification service's part.
    assert len(world.notifications.due) == (2 if (number, when) == (len(WRITES), "after") else 1)


def test_a_second_delivery_changes_nothing_once_people_were_told(world: World, smear: bytes) -> None:
    created = world.arrive(smear)
    first = world.screening_service().process(created)
    world.notification_service().notify(world.notifications.due[0])
    files = dict(world.reports.files)
    wire = Wire()

    second = world.screening_service(wire).process(created, receives=2)

    assert (second.row.object_id, second.row.finished_at) == (first.row.object_id, first.row.finished_at)
    assert first.report is not None
    assert (second.why, second.report) == ("known", None)
    assert wire.writes == []
    assert world.reports.files == files
    assert [task.step for task in world.notifications.due] == [0, 1]
    assert len(world.mailer.mails) == 1


@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
def test_two_workers_at_once_leave_one_end(world: World, smear: bytes, number: int) -> None:
    created = world.arrive(smear)

    others: list[Outcome] = []

    # The second worker runs from start to end while the first is about to make its n-th write.
    rival = world.screening_service()
    first = world.screening_service(Wire(before={number: lambda: others.append(rival.process(created))})).process(created)

    assert [outcome.report is not None for outcome in (first, *others)].count(True) == 1
    assert len(world.ledger.rows) == 1
    assert len([key for key in world.reports.files if key.endswith("report.json")]) == 1
    assert set(world.notifications.due) == {NotificationTask(object_id=created.object.object_id, model=world.row.model)}


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "empty_file"), (b"no picture at all", "unsupported_format"), (b"\xff\xd8\xff\xe0", "truncated")]
)
def test_a_bad_picture_is_rejected_told_and_kept(world: World, data: bytes, reason: str) -> None:
    created = world.arrive(data)

    world.screening_service().process(created)

    check_one_end(world, State.REJECTED)
    assert world.reports.json("report.json")["rejection"]["reason"] == reason
    assert world.pictures.pictures[created.object] == data
    assert world.row.urgent is False


def test_a_key_of_another_form_is_rejected_without_reading(world: World, smear: bytes) -> None:
    world.screening_service().process(world.arrive(smear, key="Jane Doe/field.jpg"))

    check_one_end(world, State.REJECTED)
    assert world.reports.json("report.json")["rejection"]["reason"] == "invalid_key"
    assert world.pictures.reads == []
    assert all(b"Jane" not in content for content, _ in world.reports.files.values())
    assert world.row.hospital is None
    assert world.row.patient is None


def test_a_file_that_the_event_says_is_too_large_is_not_downloaded(world: World, smear: bytes) -> None:
    created = world.arrive(smear).model_copy(update={"size": MAXIMUM_BYTES + 1})

    world.screening_service().process(created)

    check_one_end(world, State.REJECTED)
    assert world.reports.json("report.json")["rejection"]["reason"] == "file_too_large"
    assert world.pictures.reads == []


def test_an_object_that_is_gone_leaves_no_end_before_the_last_delivery(world: World, smear: bytes) -> None:
    created = world.arrive(smear)
    world.pictures.pictures.clear()

    with pytest.raises(MissingObject):
        world.screening_service().process(created, receives=MAXIMUM_RECEIVES - 1)

    assert world.ledger.rows == []


def test_the_last_delivery_leaves_an_end_also_where_it_fails(world: World, smear: bytes) -> None:
    created = world.arrive(smear)
    world.pictures.pictures.clear()

    with pytest.raises(MissingObject):
        world.screening_service().process(created, receives=MAXIMUM_RECEIVES)

    assert (world.row.state, world.row.failure, world.row.report_key) == (State.FAILED, "LastDelivery", None)
    assert world.notifications.due == []


def test_a_failure_is_found_in_its_hospitals_list(world: World, smear: bytes) -> None:
    created = world.arrive(smear)
    world.pictures.pictures.clear()

    with pytest.raises(MissingObject):
        world.screening_service().process(created, receives=MAXIMUM_RECEIVES)

    assert (world.row.hospital, world.row.slide) == ("st-mary", "c-1")


def test_a_replay_after_a_failure_brings_the_smear_home(world: World, smear: bytes) -> None:
    created = world.arrive(smear)
    picture = world.pictures.pictures.pop(created.object)
    with pytest.raises(MissingObject):
        world.screening_service().process(created, receives=MAXIMUM_RECEIVES)
    world.pictures.pictures[created.object] = picture

    world.screening_service().process(created, receives=1)

    check_one_end(world)


@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
def test_a_service_that_fails_at_any_write_is_tried_again(world: World, smear: bytes, number: int) -> None:
    created = world.arrive(smear)

    def fail() -> None:
        raise TransientError("expected to write, received SlowDown")

    with pytest.raises(TransientError):
        world.screening_service(Wire(before={number: fail})).process(created)
    world.screening_service().process(created, receives=2)

    check_one_end(world)


def test_two_versions_of_one_key_have_an_end_each(world: World, smear: bytes) -> None:
    for version in ("v1", "v2"):
        world.screening_service().process(world.arrive(smear, version=version))

    assert len(world.ledger.rows) == len(world.notifications.due) == 2


def test_another_model_writes_a_report_of_its_own(world: World, smear: bytes, artifact: Artifact) -> None:
    created = world.arrive(smear)
    world.screening_service().process(created)
    newer = replace(artifact, manifest=artifact.manifest.model_copy(update={"version": "9.0.0"}))
    world.classifier = FixedClassifier(newer, 0.97, 0.01, 0.01, 0.01)

    world.screening_service().process(created)

    assert len(world.ledger.rows) == 2
    assert len([key for key in world.reports.files if key.endswith("report.json")]) == 2


@pytest.mark.parametrize(
    ("before", "after", "notification"),
    [
        ("urgent", "urgent", NotificationStatus.NOT_DUE),
        ("routine", "urgent", NotificationStatus.PENDING),
        ("urgent", "routine", NotificationStatus.NOT_DUE),
        ("routine", "routine", NotificationStatus.NOT_DUE),
    ],
)
def test_an_archive_run_tells_people_only_of_what_has_become_urgent(
    artifact: Artifact, smear: bytes, monkeypatch: pytest.MonkeyPatch, before: str, after: str, notification: NotificationStatus
) -> None:
    monkeypatch.setattr(type(artifact.colours), "score", lambda *_: 0.5)
    answers = {"urgent": (0.01, 0.01, 0.97, 0.01), "routine": (0.97, 0.01, 0.01, 0.01)}
    world = World(FixedClassifier(artifact, *answers[before]))
    created = world.arrive(smear)
    world.screening_service().process(created)
    newer = replace(artifact, manifest=artifact.manifest.model_copy(update={"version": "9.0.0"}))
    world.classifier = FixedClassifier(newer, *answers[after])

    row = world.screening_service().process(created.model_copy(update={"reprocess": True})).row

    assert row.notification is notification
    assert [task.model for task in world.notifications.due][1:] == (
        [row.model] if notification is NotificationStatus.PENDING else []
    )


def test_every_error_of_a_worker_is_one_of_ours(world: World) -> None:
    gone = CreatedObject(object=ObjectVersion(bucket="uploads", key=KEY))

    with pytest.raises(HemascopeError):
        world.screening_service().process(gone)
