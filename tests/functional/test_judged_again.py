"""A picture is judged again where its microscope changed: beside what stands, once a change, and taking no answer away."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.domain.events import CreatedObject
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.microscope import Microscope, adopt_profile, resume, suspend, verify
from hemascope.domain.microscope_refusal import TransitionRefused
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import Decision, Release, State
from hemascope.model.artifact import Artifact
from hemascope.portal.rows import newest_report_first
from hemascope.screening.again import standing_row
from tests.support.fakes import START, FixedClassifier, Killed, Wire, World, kill
from tests.support.registered import KEY, PROFILE, register, scope, store_profile

OTHER = MicroscopeProfile(software="another")
LEUKEMIA, BENIGN = (0.01, 0.01, 0.97, 0.01), (0.97, 0.01, 0.01, 0.01)


def world_of(artifact: Artifact, *probabilities: float) -> World:
    return World(FixedClassifier(artifact, *probabilities))


@pytest.fixture(autouse=True)
def _known_colours(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(artifact.colours), "score", lambda *_: 0.5)


def again(created: CreatedObject) -> CreatedObject:
    return created.model_copy(update={"rescreen": True})


def rows(world: World) -> list[LedgerRow]:
    return sorted(world.ledger.rows, key=newest_report_first)


def change(world: World, microscope: Microscope) -> None:
    world.clock.time += timedelta(minutes=1)
    register(world, microscope)


def screened_unverified(world: World, smear: bytes) -> CreatedObject:
    change(world, scope())
    created = world.arrive(smear, KEY)
    world.screening_service().process(created)
    return created


def test_a_verified_microscope_gives_an_answer_beside_the_unverified_report(artifact: Artifact, smear: bytes) -> None:
    world = world_of(artifact, *BENIGN)
    created = screened_unverified(world, smear)
    before = dict(world.reports.files)
    change(world, scope(artifact.reference.sha256))

    outcome = world.screening_service().process(again(created))

    newest, earlier = rows(world)
    assert (outcome.why, newest.model, newest.decision) == ("confident", f"{earlier.model}@1", Decision.CONFIDENT)
    assert (earlier.decision, earlier.superseded, newest.superseded) == (Decision.UNVERIFIED, True, False)
    assert {key: world.reports.files[key] for key in before} == before
    assert newest.report_key in world.reports.files


def test_nobody_hears_of_a_benign_answer_again_and_of_a_new_suspicion_once(artifact: Artifact, smear: bytes) -> None:
    told = {}
    for probabilities in (BENIGN, LEUKEMIA):
        world = world_of(artifact, *probabilities)
        created = screened_unverified(world, smear)
        world.notifications.due.clear()
        change(world, scope(artifact.reference.sha256))
        for _ in range(2):
            world.screening_service().process(again(created))
        told[probabilities] = (rows(world)[0].notification, {task.model for task in world.notifications.due})

    assert told[BENIGN] == (NotificationStatus.NOT_DUE, set())
    assert told[LEUKEMIA] == (NotificationStatus.PENDING, {rows(world)[0].model})


@pytest.mark.parametrize(
    "touched",
    [{"verdicts": 1}, {"release": Release.FINAL, "released_verdict_number": 1, "verdicts": 1}],
    ids=["verdict", "released"],
)
def test_what_a_clinician_has_judged_is_left_alone(artifact: Artifact, smear: bytes, touched: dict[str, Any]) -> None:
    world = world_of(artifact, *BENIGN)
    created = screened_unverified(world, smear)
    world.ledger.put(world.row.model_copy(update=touched))
    change(world, scope(artifact.reference.sha256))

    outcome = world.screening_service().process(again(created))

    assert outcome.row == world.row
    assert not world.row.superseded


def test_an_answer_is_not_taken_away_by_a_profile_without_a_proof(artifact: Artifact, smear: bytes) -> None:
    world = world_of(artifact, *LEUKEMIA)
    change(world, scope(artifact.reference.sha256))
    created = world.arrive(smear, KEY)
    world.screening_service().process(created)
    store_profile(world, OTHER.sha256, OTHER.to_json().encode())
    change(world, adopt_profile(scope(artifact.reference.sha256), OTHER.sha256, START, "8f0c"))

    world.screening_service().process(again(created))

    assert (world.row.decision, world.row.urgent) == (Decision.CONFIDENT, True)


def test_judged_in_the_same_way_it_is_not_judged_again(artifact: Artifact, smear: bytes) -> None:
    world = world_of(artifact, *BENIGN)
    created = screened_unverified(world, smear)
    change(world, scope(version=3, make="another label"))

    world.screening_service().process(again(created))

    assert world.row.model == artifact.reference.name


def test_what_came_while_a_microscope_was_suspended_stays_to_be_read_by_eye(artifact: Artifact, smear: bytes) -> None:
    world = world_of(artifact, *BENIGN)
    verified = scope(artifact.reference.sha256)
    change(world, suspend(verified, "the lamp", START, "drift"))
    created = world.arrive(smear, KEY)
    world.screening_service().process(created)
    while_suspended = world.screening_service().process(again(created)).row
    change(world, verified)

    world.screening_service().process(again(created))

    assert (world.row, world.row.decision) == (while_suspended, Decision.UNVERIFIED)


def test_with_another_profile_it_is_judged_again(artifact: Artifact, smear: bytes) -> None:
    world = world_of(artifact, *BENIGN)
    change(world, suspend(scope(), "the lamp", START, "drift"))
    created = world.arrive(smear, KEY)
    world.screening_service().process(created)
    store_profile(world, OTHER.sha256, OTHER.to_json().encode())
    commissioned = adopt_profile(scope(artifact.reference.sha256), OTHER.sha256, START, "8f0c")
    proof = commissioned.verification
    assert proof
    change(world, verify(commissioned, proof.model_copy(update={"profile": OTHER.sha256})))

    world.screening_service().process(again(created))

    assert rows(world)[0].decision is Decision.CONFIDENT


def test_what_was_never_judged_or_failed_is_judged_as_it_arrived(artifact: Artifact, smear: bytes) -> None:
    world = world_of(artifact, *BENIGN)
    change(world, scope(artifact.reference.sha256))
    never = again(world.arrive(smear, KEY))
    world.screening_service().process(never)
    first = world.row
    world.ledger.put(first.model_copy(update={"state": State.FAILED, "report_key": None}))
    world.screening_service().process(never)

    assert (first.model, first.decision) == (artifact.reference.name, Decision.CONFIDENT)
    assert world.row.state is State.REPORTED


@pytest.mark.parametrize("number", range(1, 9))
def test_a_suspicion_is_announced_though_its_microscope_changes_between_two_deliveries(
    artifact: Artifact, smear: bytes, number: int
) -> None:
    world = world_of(artifact, *LEUKEMIA)
    created = screened_unverified(world, smear)
    world.notifications.due.clear()
    verified = scope(artifact.reference.sha256)
    change(world, verified)
    with suppress(Killed):
        world.screening_service(Wire(before={number: kill})).process(again(created))
    change(world, verified.model_copy(update={"version": verified.version + 1}))  # as by the end of the job that sent it

    world.screening_service().process(again(created))

    newest, earlier = rows(world)
    assert (newest.urgent, newest.notification, earlier.superseded) == (True, NotificationStatus.PENDING, True)
    assert {task.model for task in world.notifications.due} == {newest.model}


def test_an_urgent_answer_is_not_judged_again_for_another_proof(artifact: Artifact, smear: bytes) -> None:
    world = world_of(artifact, *LEUKEMIA)
    verified = scope(artifact.reference.sha256)
    change(world, verified)
    created = world.arrive(smear, KEY)
    world.screening_service().process(created)
    world.classifier = FixedClassifier(artifact, *BENIGN)
    proof = verified.verification
    assert proof
    change(world, verify(verified, proof.model_copy(update={"sha256": "d" * 64})))

    world.screening_service().process(again(created))

    assert (world.row.decision, world.row.urgent) == (Decision.CONFIDENT, True)


@pytest.mark.parametrize("touched", [{"verdicts": 1}, {"urgent": True}, {}], ids=["verdict", "urgent", "suspended"])
def test_a_new_model_leaves_alone_what_the_former_one_would_have(
    artifact: Artifact, smear: bytes, touched: dict[str, Any]
) -> None:
    world = world_of(artifact, *BENIGN)
    verified = scope(artifact.reference.sha256)
    change(world, scope() if touched else suspend(verified, "the lamp", START, "drift"))
    created = world.arrive(smear, KEY)
    world.screening_service().process(created)
    former = world.row.model_copy(update={"model": "all-subtypes/1.0.0", **touched})
    world.ledger.rows[:] = [former]
    change(world, verified)

    outcome = world.screening_service().process(again(created))

    assert outcome.row == world.row == former


def test_a_new_model_judges_what_the_former_one_left_open(artifact: Artifact, smear: bytes) -> None:
    world = world_of(artifact, *BENIGN)
    created = screened_unverified(world, smear)
    world.reports.files.clear()
    world.ledger.rows[:] = [world.row.model_copy(update={"model": "all-subtypes/1.0.0"})]
    change(world, scope(artifact.reference.sha256))

    world.screening_service().process(again(created))

    assert {row.model: row.decision for row in world.ledger.rows} == {
        "all-subtypes/1.0.0": Decision.UNVERIFIED,
        artifact.reference.name: Decision.CONFIDENT,
    }


def test_a_worker_may_be_killed_at_any_write(artifact: Artifact, smear: bytes) -> None:
    world = world_of(artifact, *LEUKEMIA)
    created = screened_unverified(world, smear)
    change(world, scope(artifact.reference.sha256))
    deaths = 0
    for number in range(1, 20):
        try:
            world.screening_service(Wire(after={number: kill})).process(again(created))
        except Killed:
            deaths += 1
    world.screening_service().process(again(created))

    newest, earlier = rows(world)
    assert deaths >= 6  # pictures, report, summary, row, message
    assert (newest.decision, earlier.superseded) == (Decision.CONFIDENT, True)


_STEPS = st.sampled_from(["adopt first", "adopt other", "verify", "suspend", "resume", "screen", "screen twice"])


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(_STEPS, max_size=12), urgent=st.booleans())
def test_no_order_of_changes_takes_an_answer_away(artifact: Artifact, smear: bytes, steps: list[str], urgent: bool) -> None:
    world = world_of(artifact, *(LEUKEMIA if urgent else BENIGN))
    created = screened_unverified(world, smear)
    store_profile(world, OTHER.sha256, OTHER.to_json().encode())
    seen: dict[str, bytes] = {}
    for step in steps:
        _take(world, step, artifact, created)
        written = {key: content for key, (content, _) in world.reports.files.items()}
        assert seen.items() <= written.items()  # nothing is overwritten
        seen = written

    standing = standing_row(world.ledger.rows)
    assert standing is not None
    answered = [row for row in world.ledger.rows if row.decision is Decision.CONFIDENT]
    assert (standing.decision is Decision.CONFIDENT) == bool(answered)
    assert not any(row.superseded for row in answered)
    assert len({row.model for row in world.ledger.rows}) == len(world.ledger.rows)


def _take(world: World, step: str, artifact: Artifact, created: CreatedObject) -> None:
    world.clock.time += timedelta(minutes=1)
    before = world.microscopes.kept["st-mary", "scope 2"]
    proof = scope(artifact.reference.sha256).verification
    assert proof
    moves = {
        "adopt first": lambda: adopt_profile(before, PROFILE.sha256, START, "8f0c"),
        "adopt other": lambda: adopt_profile(before, OTHER.sha256, START, "8f0c"),
        "verify": lambda: verify(before, proof.model_copy(update={"profile": before.profile})),
        "suspend": lambda: suspend(before, "the lamp", START, "8f0c"),
        "resume": lambda: resume(before, world.clock.now()),
    }
    if step in moves:
        with suppress(TransitionRefused):
            world.microscopes.store(moves[step]())
        return
    for _ in range(2 if step == "screen twice" else 1):
        world.screening_service().process(again(created))
