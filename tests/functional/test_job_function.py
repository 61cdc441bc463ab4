"""The function ``microscope_jobs`` behind its entry, and its queues on moto."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hemascope.aws.messaging import SqsJobQueue, SqsPictureQueue
from hemascope.domain.errors import TransientError
from hemascope.domain.events import CreatedObject, parse_message
from hemascope.domain.microscope_jobs import RescreenJob, parse_job
from hemascope.domain.microscope_run import JobKind, RunState
from hemascope.domain.specimen import ObjectVersion
from hemascope.model.classifier import Classifier
from hemascope_cli.local.worker import load_handler
from tests.support.fakes import lambda_context, sqs_event
from tests.support.job_world import JobWorld
from tests.support.moto_cloud import MotoCloud

JOB = RescreenJob(hospital="st-mary", microscope="scope 2", run="1e" * 16)
Handler = Callable[..., dict[str, Any]]


@pytest.fixture
def world(classifier: Classifier) -> JobWorld:
    return JobWorld(classifier)


@pytest.fixture
def handler(root: Path, world: JobWorld, monkeypatch: pytest.MonkeyPatch) -> Handler:
    function = load_handler(root / "lambdas" / "microscope_jobs" / "handler.py")
    monkeypatch.setitem(function.__globals__, "job_service", world.service)
    return function


def test_a_message_is_one_job_and_its_end_is_in_the_row(
    handler: Handler, world: JobWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.photograph(b"1", "s-1")
    job = world.rescreen()

    answer = handler(sqs_event(job.to_json()), lambda_context("hemascope-dev-microscope-jobs"))

    assert answer == {"batchItemFailures": []}
    assert world.run(JobKind.RESCREEN).state is RunState.DONE
    (line,) = [vars(record) for record in caplog.records if record.message == "job done"]
    assert (line["run"], line["kind"], line["state"]) == (job.run, "rescreen", "done")
    assert not [word for word in ("st-mary", "scope 2", "s-1") if word in str(line)]


def test_what_is_no_job_fails_alone_and_is_not_logged(handler: Handler, caplog: pytest.LogCaptureFixture) -> None:
    answer = handler(sqs_event('{"patient": "Jane Doe"}'), lambda_context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert "Jane" not in str([vars(record) for record in caplog.records])


def test_a_job_that_failed_comes_again_and_the_row_says_so(
    handler: Handler, world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = world.rescreen()

    def fail(*_: object) -> None:
        raise TransientError("expected to announce pictures, received ServiceUnavailable")

    monkeypatch.setattr(world.screening, "announce_again", fail)

    answer = handler(sqs_event(job.to_json()), lambda_context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert world.run(JobKind.RESCREEN).state is RunState.FAILED


def test_a_job_is_queued(cloud: MotoCloud) -> None:
    SqsJobQueue(cloud.sqs, cloud.notifications).put(JOB)

    assert [parse_job(body) for body in cloud.bodies(cloud.notifications)] == [JOB]


def test_pictures_are_announced_in_batches(cloud: MotoCloud) -> None:
    pictures = [
        CreatedObject(object=ObjectVersion(bucket="uploads", key=f"smears/h/p/s/m/50% {n}+.jpg", version_id=f"v{n}"))
        for n in range(23)
    ]

    SqsPictureQueue(cloud.sqs, cloud.arrivals).announce_again(pictures)

    announced = [created for body in cloud.bodies(cloud.arrivals) for created in parse_message(body)]
    assert {created.object for created in announced} == {picture.object for picture in pictures}
    assert {created.rescreen for created in announced} == {True}
    assert len(announced) == 23


def test_pictures_that_sqs_does_not_accept_are_an_error() -> None:
    class Refusing:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            return {"Failed": [{"Id": "0"}]}

    with pytest.raises(TransientError, match="1 were not accepted"):
        SqsPictureQueue(Refusing(), "queue").announce_again([CreatedObject(object=ObjectVersion(bucket="b", key="k"))])
