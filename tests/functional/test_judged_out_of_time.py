"""A picture of before its microscope was as the profile describes it, or of while it was suspended, is not answered later."""

from datetime import timedelta
from typing import Any

import pytest

from hemascope.domain.events import CreatedObject
from hemascope.domain.microscope import Microscope, ProfileVersion, suspend
from hemascope.domain.microscope_fields import fields_of
from hemascope.domain.report import Decision, MicroscopeState, Report
from hemascope.model.artifact import Artifact
from tests.support.fakes import START, FixedClassifier, World
from tests.support.job_world import SCOPE, field_row
from tests.support.registered import KEY, PROFILE, register, scope

FORMER = "all-subtypes/1.0.0"
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def world(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(type(artifact.colours), "score", lambda *_: 0.5)
    return World(FixedClassifier(artifact, 0.97, 0.01, 0.01, 0.01))


def judged_by_the_former_model(world: World, smear: bytes, microscope: Microscope, **changed: Any) -> CreatedObject:
    """A picture that another model judged while its microscope was so."""
    register(world, microscope)
    created = world.arrive(smear, KEY)
    world.screening_service().process(created)
    world.ledger.rows[:] = [world.row.model_copy(update={"model": FORMER} | changed)]
    world.reports.files.clear()
    world.clock.time += 2 * AN_HOUR
    return created


def report(world: World) -> Report:
    (row,) = [row for row in world.ledger.rows if row.model != FORMER]
    assert row.report_key
    return Report.model_validate_json(world.reports.files[row.report_key][0])


def fitted(world: World, artifact: Artifact, since: timedelta) -> Microscope:
    version = ProfileVersion(sha256=PROFILE.sha256, at=world.clock.now(), by="8f0c", since=START + since)
    return scope(artifact.reference.sha256, profiles=(version,), version=9)


def test_an_archive_run_answers_no_picture_that_came_while_the_microscope_was_suspended(
    world: World, artifact: Artifact, smear: bytes
) -> None:
    verified = scope(artifact.reference.sha256)
    created = judged_by_the_former_model(world, smear, suspend(verified, "the lamp", START, "drift"))
    register(world, verified)

    outcome = world.screening_service().process(created.model_copy(update={"reprocess": True}))

    found = report(world).microscope
    assert found
    assert (outcome.why, found.state, found.verification) == ("unverified", MicroscopeState.SUSPENDED, None)


def test_an_archive_run_answers_no_picture_that_is_older_than_the_profile(
    world: World, artifact: Artifact, smear: bytes
) -> None:
    created = judged_by_the_former_model(world, smear, scope())
    register(world, fitted(world, artifact, AN_HOUR))

    outcome = world.screening_service().process(created.model_copy(update={"reprocess": True}))

    found = report(world).microscope
    assert found
    assert (outcome.why, found.state, found.verification) == ("unverified", MicroscopeState.PROFILED, None)


def test_an_archive_run_answers_what_the_profile_describes(world: World, artifact: Artifact, smear: bytes) -> None:
    created = judged_by_the_former_model(world, smear, scope())
    register(world, fitted(world, artifact, timedelta()))

    assert world.screening_service().process(created.model_copy(update={"reprocess": True})).why == "confident"


def test_a_picture_that_is_older_than_the_profile_is_not_judged_again_though_a_message_asks_for_it(
    world: World, artifact: Artifact, smear: bytes
) -> None:
    created = judged_by_the_former_model(world, smear, scope())
    register(world, fitted(world, artifact, AN_HOUR))

    outcome = world.screening_service().process(created.model_copy(update={"rescreen": True}))

    assert (outcome.row.model, outcome.row.decision, len(world.ledger.rows)) == (FORMER, Decision.UNVERIFIED, 1)


def test_where_only_later_judgements_of_a_picture_are_known_it_is_no_new_picture(world: World, smear: bytes) -> None:
    created = world.arrive(smear, KEY)
    again = field_row(created.object, 60, model=f"{FORMER}@7")
    first = field_row(created.object, 0, model=FORMER)

    assert fields_of(SCOPE, [again], START + AN_HOUR / 2) == []
    assert [field.at for field in fields_of(SCOPE, [again, first])] == [START]
    assert len(fields_of(SCOPE, [again])) == 1
