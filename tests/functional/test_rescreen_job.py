"""The job ``rescreen``: pictures of open slides go to the screening function again, and no others."""

import pytest

from hemascope.domain.microscope import adopt_profile
from hemascope.domain.microscope_run import JobKind, RunState
from hemascope.domain.report import Release, State
from hemascope.model.classifier import Classifier
from tests.support.fakes import START
from tests.support.job_world import JobWorld

OTHER_MODEL = "all-subtypes/0.9.0"


@pytest.fixture
def world(classifier: Classifier) -> JobWorld:
    return JobWorld(classifier)


def test_open_pictures_are_announced_in_the_version_that_was_judged(world: JobWorld) -> None:
    first = world.photograph(b"1", "s-1", version="v7")
    second = world.photograph(b"2", "s+2", "50% 血液.jpg", state=State.REJECTED)

    run = world.service().carry_out(world.rescreen())

    assert {created.object for created in world.screening.announced} == {first, second}
    assert run is not None
    assert (run.state, run.message) == (
        RunState.DONE,
        "2 pictures of open slides are screened again; results appear beside the former ones.",
    )


def test_what_a_person_released_stays_and_a_failure_is_replayed_by_its_operator(world: JobWorld) -> None:
    world.photograph(b"1", "s-1", release=Release.FINAL, released_at=START)
    under_two_models = world.photograph(b"2", "s-2", release=Release.AMENDED, released_at=START)
    (row,) = [row for row in world.ledger.rows if row.object == under_two_models]
    world.ledger.rows.append(row.model_copy(update={"model": OTHER_MODEL, "release": Release.PRELIMINARY}))
    world.photograph(b"3", "s-3", state=State.FAILED, report_key=None)

    run = world.service().carry_out(world.rescreen())

    assert world.screening.announced == []
    assert run is not None
    assert run.message == "No slide is open: nothing had to be screened again."


def test_a_newer_change_replaces_a_job_that_waits(world: JobWorld) -> None:
    world.photograph(b"1", "s-1")
    old, new = world.rescreen(), world.rescreen("2f" * 16)

    outcomes = [world.service().carry_out(job) for job in (old, new)]

    assert [run and run.id for run in outcomes] == [None, "2f" * 16]
    assert len(world.screening.announced) == 1
    assert world.run(JobKind.RESCREEN).state is RunState.DONE


def test_pictures_of_before_the_profiles_own_keep_the_results_that_they_have(world: JobWorld) -> None:
    world.photograph(b"1", "s-1")
    newer = world.photograph(b"2", "s-2")
    since = world.ledger.rows[1].finished_at
    world.registry.store(adopt_profile(world.scope, "a" * 64, START, "8f0c", since))

    world.service().carry_out(world.rescreen())

    assert [created.object for created in world.screening.announced] == [newer]
    assert [created.rescreen for created in world.screening.announced] == [True]
