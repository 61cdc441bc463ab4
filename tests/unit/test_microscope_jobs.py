"""Runs of jobs in a microscope's row, the jobs' messages, and which fields a commissioning reads."""

from datetime import timedelta

import pytest

from hemascope.domain.errors import InvalidEvent
from hemascope.domain.microscope import Microscope, describe
from hemascope.domain.microscope_fields import choose_fields, fields_of
from hemascope.domain.microscope_jobs import (
    CommissionJob,
    RescreenJob,
    RunPending,
    VerifyJob,
    as_one_change,
    begin_run,
    end_run,
    parse_job,
    queue_run,
)
from hemascope.domain.microscope_run import JobKind, JobRun, RunState
from hemascope.domain.specimen import ObjectVersion, Specimen, smear_key
from tests.support.fakes import START
from tests.support.job_world import SCOPE, field_row

COMMISSION, RUN, OTHER = JobKind.COMMISSION, "1e" * 16, "2f" * 16
MINUTE = timedelta(minutes=1)
NAMED = {"hospital": "st-mary", "microscope": "scope 2", "run": RUN}


def queued(microscope: Microscope = SCOPE, run: str = RUN, kind: JobKind = COMMISSION, minutes: int = 0) -> Microscope:
    now = START + minutes * MINUTE
    return queue_run(microscope, kind, JobRun(id=run, at=now, by="8f0c"), now)


def stored(name: str, slide: str, microscope: str | None = "scope 2", version: str = "v1") -> ObjectVersion:
    specimen = Specimen(hospital="st-mary", patient="p-7", slide=slide, microscope=microscope, field=name)
    return ObjectVersion(bucket="uploads", key=smear_key(specimen), version_id=version)


@pytest.mark.parametrize(
    "job",
    [
        CommissionJob(**NAMED, since=START),
        RescreenJob(**NAMED),
        VerifyJob.model_validate({**NAMED, "answers": {"0f" * 16: {"known": "leukemia", "given_as": "Pro-B"}}}),
    ],
)
def test_a_job_survives_its_message(job: CommissionJob | RescreenJob | VerifyJob) -> None:
    assert parse_job(job.to_json()) == job


@pytest.mark.parametrize("body", ["", "{}", '{"kind": "verify", "hospital": "Jane Doe"}', '{"Records": []}'])
def test_another_message_is_refused_without_repeating_it(body: str) -> None:
    with pytest.raises(InvalidEvent) as error:
        parse_job(body)

    assert "Jane" not in str(error.value)
    assert error.value.__cause__ is None


def test_one_run_of_a_kind_is_pending_at_a_time() -> None:
    with pytest.raises(RunPending):
        queued(queued(), OTHER)
    with pytest.raises(RunPending):
        queued(begin_run(queued(), COMMISSION, RUN, START) or SCOPE, OTHER, minutes=15)

    assert queued(queued(), OTHER, JobKind.VERIFY).runs.keys() == {COMMISSION, JobKind.VERIFY}
    assert queued(queued(), OTHER, minutes=31).runs[COMMISSION].id == OTHER
    assert queued(begin_run(queued(), COMMISSION, RUN, START) or SCOPE, OTHER, minutes=17).runs[COMMISSION].id == OTHER


def test_a_job_that_sends_pictures_again_replaces_the_one_before() -> None:
    before = queued(kind=JobKind.RESCREEN)

    assert queued(before, OTHER, JobKind.RESCREEN).runs[JobKind.RESCREEN].id == OTHER


@pytest.mark.parametrize("state", [RunState.DONE, RunState.REFUSED, RunState.FAILED])
def test_a_run_that_failed_begins_again_and_one_that_ended_does_not(state: RunState) -> None:
    ended = end_run(queued(), COMMISSION, RUN, state, "It ended.", START)
    assert ended is not None

    begun = begin_run(ended, COMMISSION, RUN, START + MINUTE)

    assert (begun is not None) == (state is RunState.FAILED)
    if begun is not None:
        assert (begun.runs[COMMISSION].state, begun.runs[COMMISSION].message) == (RunState.RUNNING, None)


def test_a_run_that_another_one_replaced_neither_begins_nor_ends() -> None:
    assert begin_run(queued(), COMMISSION, OTHER, START) is None
    assert end_run(queued(), COMMISSION, OTHER, RunState.DONE, "It ended.", START) is None


def test_another_objective_forgets_the_runs_of_the_one_before() -> None:
    assert describe(queued(), None, "40x", START).runs == {}
    assert describe(queued(), "Maker", None, START).runs.keys() == {COMMISSION}


def test_a_change_of_several_steps_is_one_version() -> None:
    after = as_one_change(SCOPE, queued(queued(), OTHER, JobKind.VERIFY))

    assert after.version == SCOPE.version + 1


def test_fields_are_spread_over_slides_and_the_newest_are_taken() -> None:
    rows = [field_row(stored(f"{number}.jpg", f"s-{number % 3}"), number) for number in range(9)]

    chosen = choose_fields(fields_of(SCOPE, rows), 5)

    assert [field.specimen.field for field in chosen] == ["4.jpg", "5.jpg", "6.jpg", "7.jpg", "8.jpg"]
    assert [field.specimen.slide for field in choose_fields(fields_of(SCOPE, rows), 3)] == ["s-0", "s-1", "s-2"]
    assert len(choose_fields(fields_of(SCOPE, rows))) == 9


def test_a_slide_with_many_fields_does_not_crowd_out_the_others() -> None:
    rows = [field_row(stored(f"{number}.jpg", "s-1"), 100 + number) for number in range(50)]
    rows += [field_row(stored("1.jpg", f"old-{number}"), number) for number in range(9)]

    chosen = choose_fields(fields_of(SCOPE, rows), 10)

    assert len({field.specimen.slide for field in chosen}) == 10


def test_a_picture_that_was_judged_again_is_one_field_of_its_first_time() -> None:
    version = stored("1.jpg", "s-1")
    rows = [field_row(version, 0), field_row(version, 500, model="all-subtypes/1.0.1@7")]

    (field,) = fields_of(SCOPE, rows)

    assert (field.at, [row.model for row in field.rows]) == (START, ["all-subtypes/1.0.1@7", "all-subtypes/1.0.0"])


def test_fields_of_before_another_objective_are_left_out() -> None:
    rows = [field_row(stored(f"{number}.jpg", f"s-{number}"), number) for number in range(3)]
    turned = describe(describe(SCOPE, None, "40x", START + 2 * MINUTE), None, "100x", START + MINUTE)
    named = describe(SCOPE, None, "40x", START + MINUTE)

    assert [field.specimen.field for field in fields_of(turned, rows)] == ["2.jpg", "1.jpg"]
    assert [field.specimen.field for field in fields_of(turned, rows, START + 2 * MINUTE)] == ["2.jpg"]
    assert len(fields_of(named, rows)) == 3  # it has its first name


def test_only_keys_say_which_microscope_took_a_picture() -> None:
    rows = [field_row(stored("1.jpg", "s-1", microscope)) for microscope in ("scope 2", "scope 1", None)]
    rows.append(field_row(ObjectVersion(bucket="uploads", key="smears/nonsense")))

    assert [field.specimen.microscope for field in fields_of(SCOPE, rows)] == ["scope 2"]


def test_of_a_name_the_newest_version_counts() -> None:
    rows = [field_row(stored("1.jpg", "s-1", version=version), minute) for minute, version in enumerate(("v1", "v2"))]

    assert [field.object.version_id for field in fields_of(SCOPE, rows)] == ["v2"]
