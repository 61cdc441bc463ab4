"""The job ``verify``: a microscope is opened by a proof that passes, and by nothing else."""

from datetime import timedelta

import pytest

from hemascope.domain.errors import ArtifactError
from hemascope.domain.microscope import adopt_profile, state_of, suspend
from hemascope.domain.microscope_jobs import RescreenJob
from hemascope.domain.microscope_keys import profile_key, proof_key
from hemascope.domain.microscope_run import JobKind, RunState
from hemascope.domain.profile import ColourMap, FittedField, MicroscopeProfile
from hemascope.domain.report import MicroscopeState
from hemascope.domain.verification import NotCounted, VerificationProof
from hemascope.model.classifier import Classifier
from tests.support.fakes import START, Killed, Wire, kill
from tests.support.job_world import ADMIN, SCOPE, JobWorld, let_the_model_read, slide_digest

PROFILE = MicroscopeProfile()
OTHER = MicroscopeProfile(colour=ColourMap(name="mk", offset=(1.0, 0.0, 0.0)))
LEUKEMIA, BENIGN = 29, 9  # as few as pass without an error
ANSWERS = {f"s-{number}": "leukemia" if number < LEUKEMIA else "benign" for number in range(LEUKEMIA + BENIGN)}
VERIFY = JobKind.VERIFY


@pytest.fixture
def world(classifier: Classifier, smear: bytes, monkeypatch: pytest.MonkeyPatch) -> JobWorld:
    """A profiled microscope, and slides about which the model is right."""
    let_the_model_read(monkeypatch, smear, classifier)
    world = JobWorld(classifier)
    world.profile(PROFILE)
    for slide, answer in ANSWERS.items():
        world.photograph(f"{answer} {slide}".encode(), slide)
    return world


def state(world: JobWorld) -> MicroscopeState:
    return state_of(world.scope, world.classifier.artifact.reference.sha256)


def proof(world: JobWorld) -> VerificationProof:
    (content,) = [content for key, (content, _) in world.reports.files.items() if "/proofs/" in key]
    return VerificationProof.model_validate_json(content)


def test_a_proof_that_passes_opens_the_microscope_and_queues_its_open_slides(world: JobWorld) -> None:
    before = state(world)

    run = world.service().carry_out(world.verify(ANSWERS))

    found = proof(world)
    recorded = world.scope.verification
    assert run is not None
    assert (before, state(world)) == (MicroscopeState.PROFILED, MicroscopeState.VERIFIED)
    assert (run.state, run.document) == (RunState.DONE, found.sha256)
    assert run.message == "The proof passes: this microscope gives answers with this profile and this model."
    assert recorded is not None
    assert (recorded.sha256, recorded.by, recorded.at, recorded.profile) == (found.sha256, ADMIN, START, PROFILE.sha256)
    assert (found.microscope, found.figures.sensitivity.right, found.figures.specificity.right) == ("scope 2", LEUKEMIA, BENIGN)
    assert f"{proof_key(SCOPE.digest, found.sha256)}" in world.reports.files
    (queued,) = world.jobs.queued
    assert isinstance(queued, RescreenJob)
    assert world.run(JobKind.RESCREEN).id == queued.run


def test_a_proof_names_slides_and_fields_by_digests_alone(world: JobWorld) -> None:
    world.service().carry_out(world.verify(ANSWERS))

    found = proof(world)
    assert {slide.slide for slide in found.slides} == {slide_digest(slide) for slide in ANSWERS}
    assert {field.name for slide in found.slides for field in slide.fields} == {row.object_id for row in world.ledger.rows}
    assert "p-7" not in found.to_json()


def test_a_missed_leukemia_keeps_the_microscope_closed_and_says_how_many_slides_are_needed(world: JobWorld) -> None:
    world.photograph(b"nothing is said of this", "s-99")

    run = world.service().carry_out(world.verify(ANSWERS | {"s-99": "leukemia"}))

    assert run is not None
    assert (run.state, run.document) == (RunState.REFUSED, proof(world).sha256)
    assert run.message == "The proof does not pass. Still needed: 16 more leukemia slides without a miss."
    assert (state(world), world.scope.verification, world.jobs.queued) == (MicroscopeState.PROFILED, None, [])


def test_leukemia_that_was_called_benign_is_no_matter_of_more_slides(world: JobWorld) -> None:
    world.photograph(b"benign, says the model", "s-99")

    run = world.service().carry_out(world.verify(ANSWERS | {"s-99": "leukemia"}))

    assert run is not None
    assert "don't add slides" in (run.message or "")
    assert state(world) is MicroscopeState.PROFILED


def test_one_failing_proof_does_not_take_an_earlier_one_away_from_another_run(world: JobWorld) -> None:
    world.service().carry_out(world.verify(ANSWERS))
    recorded = world.scope.verification
    world.clock.time += timedelta(hours=1)

    run = world.service().carry_out(world.verify({"s-0": "leukemia"}, "2f" * 16))

    assert run is not None
    assert (run.state, world.scope.verification) == (RunState.REFUSED, recorded)


def test_a_profile_that_is_changed_while_slides_are_read_is_not_opened(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = world.reports.write_once

    def change_the_profile(key: str, content: bytes, content_type: str) -> bool:
        world.registry.store(adopt_profile(world.scope, OTHER.sha256, START, ADMIN))
        return write(key, content, content_type)

    monkeypatch.setattr(world.reports, "write_once", change_the_profile)

    run = world.service().carry_out(world.verify(ANSWERS))

    assert run is not None
    assert run.state is RunState.REFUSED
    assert "The profile was changed while the slides were read" in (run.message or "")
    assert (world.scope.verification, state(world), world.jobs.queued) == (None, MicroscopeState.PROFILED, [])


def test_a_proof_that_was_made_of_another_model_opens_nothing(world: JobWorld) -> None:
    world.service().carry_out(world.verify(ANSWERS))

    assert state_of(world.scope, "0" * 64) is MicroscopeState.PROFILED


def test_a_suspended_microscope_stays_suspended(world: JobWorld) -> None:
    world.registry.store(suspend(world.scope, "The lamp flickers.", START, ADMIN))

    run = world.service().carry_out(world.verify(ANSWERS))

    assert run is not None
    assert (run.state, state(world)) == (RunState.DONE, MicroscopeState.SUSPENDED)


def test_pictures_that_the_profile_was_fitted_on_do_not_count(world: JobWorld) -> None:
    from hashlib import sha256

    fitted = PROFILE.model_copy(
        update={"fitted_on": (FittedField(slide="0f", sha256=sha256(b"leukemia s-0").hexdigest()),), "software": "1"}
    )
    world.profile(fitted)

    run = world.service().carry_out(world.verify(ANSWERS))

    (slide,) = [slide for slide in proof(world).slides if not slide.counted]
    assert run is not None
    assert slide.fields[0].not_counted is NotCounted.FITTED_ON
    assert (run.state, run.message) == (
        RunState.REFUSED,
        "The proof does not pass. Still needed: 1 more leukemia slide without a miss.",
    )


def test_the_same_picture_in_two_slides_proves_nothing(world: JobWorld) -> None:
    world.photograph(b"leukemia s-0", "s-99")

    run = world.service().carry_out(world.verify(ANSWERS | {"s-99": "leukemia"}))

    assert run is not None
    assert (run.state, run.document, world.scope.verification) == (RunState.REFUSED, None, None)
    assert "slides were mixed up" in (run.message or "")


def test_slides_without_pictures_are_left_out_and_told(world: JobWorld) -> None:
    del world.pictures.pictures[world.ledger.rows[0].object]
    world.photograph(b"leukemia more", "s-98")

    run = world.service().carry_out(world.verify(ANSWERS | {"s-98": "leukemia", "s-97": "leukemia"}))

    assert run is not None
    assert run.state is RunState.DONE
    assert (run.message or "").endswith("2 slides have no pictures of this microscope as it is now.")


def test_if_all_pictures_are_gone_nothing_is_proved(world: JobWorld) -> None:
    world.pictures.pictures.clear()

    run = world.service().carry_out(world.verify(ANSWERS))

    assert run is not None
    assert (run.state, run.message) == (RunState.REFUSED, "None of these slides has pictures of this microscope any more.")


def test_of_a_field_that_was_photographed_again_the_newest_picture_counts(world: JobWorld) -> None:
    world.photograph(b"nothing is said of this", "s-0", version="v2")

    world.service().carry_out(world.verify(ANSWERS))

    (slide,) = [slide for slide in proof(world).slides if slide.slide == slide_digest("s-0")]
    assert [field.name for field in slide.fields] == [world.ledger.rows[-1].object_id]


def test_without_a_profile_there_is_nothing_to_prove(world: JobWorld, classifier: Classifier) -> None:
    bare = JobWorld(classifier)

    run = bare.service().carry_out(bare.verify(ANSWERS))

    assert run is not None
    assert run.message == "This microscope has no profile any more. Commission it first."


def test_an_altered_profile_is_an_error_of_ours(world: JobWorld) -> None:
    world.reports.files[profile_key(SCOPE.digest, PROFILE.sha256)] = (OTHER.to_json().encode(), "application/json")

    with pytest.raises(ArtifactError):
        world.service().carry_out(world.verify(ANSWERS))

    assert (world.run(VERIFY).state, state(world)) == (RunState.FAILED, MicroscopeState.PROFILED)


def test_a_worker_killed_at_any_write_opens_the_microscope_at_the_next_delivery_once(world: JobWorld) -> None:
    writes = 5  # the row, the proof, the verification, the message, the row
    for number in range(1, writes + 1):
        for at in ({"before": {number: kill}}, {"after": {number: kill}}):
            one = JobWorld(world.classifier, pictures=world.pictures)
            one.profile(PROFILE)
            one.ledger.rows = list(world.ledger.rows)
            job = one.verify(ANSWERS)
            with pytest.raises(Killed):
                one.service(Wire(**at)).carry_out(job)
            one.clock.time += timedelta(minutes=17)
            one.service().carry_out(job)

            found = proof(one)  # a single one
            assert (one.run(VERIFY).state, one.run(VERIFY).document) == (RunState.DONE, found.sha256)
            assert state(one) is MicroscopeState.VERIFIED
            assert {queued.run for queued in one.jobs.queued} == {one.run(JobKind.RESCREEN).id}


def test_the_proof_of_a_run_that_another_one_replaced_opens_nothing(world: JobWorld) -> None:
    job = world.verify(ANSWERS)

    def replace() -> None:
        world.clock.time += timedelta(minutes=17)
        world.verify(ANSWERS, "2f" * 16)

    world.service(Wire(after={2: replace})).carry_out(job)  # after the proof was stored

    assert state(world) is MicroscopeState.PROFILED
    assert world.run(VERIFY).state is RunState.QUEUED


def test_a_second_delivery_does_nothing(world: JobWorld) -> None:
    job = world.verify(ANSWERS)
    world.service().carry_out(job)
    before = world.scope

    assert world.service().carry_out(job) is None
    assert world.scope == before


def test_slides_of_before_the_profiles_own_pictures_prove_nothing_about_it(world: JobWorld) -> None:
    since = world.ledger.rows[1].finished_at  # the first slide is older
    newest = PROFILE.model_copy(update={"software": "2"})
    world.reports.write_once(profile_key(SCOPE.digest, newest.sha256), newest.to_json().encode(), "application/json")
    world.registry.store(adopt_profile(world.scope, newest.sha256, START, ADMIN, since))

    run = world.service().carry_out(world.verify(ANSWERS))

    assert run is not None
    assert slide_digest("s-0") not in {slide.slide for slide in proof(world).slides}
    assert run.state is RunState.REFUSED
    assert (run.message or "").endswith("1 slides have no pictures of this microscope as it is now.")
