"""The job ``commission``: what it reads, stores and says; twice, killed, and with pictures that are gone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from hemascope.domain.commissioning import CommissioningDocument
from hemascope.domain.errors import TransientError
from hemascope.domain.ledger import StoredCounts
from hemascope.domain.microscope_jobs import CommissionJob
from hemascope.domain.microscope_keys import commissioning_key, example_keys, profile_key
from hemascope.domain.microscope_run import JobKind, RunState
from hemascope.domain.profile import MicroscopeProfile, ProfileLimits
from hemascope.domain.specimen import ObjectVersion, Patient
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.jobs import commission
from hemascope.model.classifier import Classifier
from tests.support.fakes import START, Killed, Wire, kill
from tests.support.job_world import ADMIN, OPEN, RUN, SCOPE, JobWorld, field_row, slide_digest

COMMISSION = JobKind.COMMISSION
COUNTS = StoredCounts()
EXPOSED = OPEN.model_copy(update={"largest_clipped": 0.2})


def drawn(seed: int, exposure: float = 1.0) -> bytes:
    return encode_png(np.asarray(np.minimum(draw_synthetic_smear(seed, 128) * exposure, 255), np.uint8))


@pytest.fixture
def world(classifier: Classifier) -> JobWorld:
    """A microscope with four fields of three slides."""
    world = JobWorld(classifier)
    for seed, slide in enumerate(("s-1", "s-1", "s-2", "s-3")):
        world.photograph(drawn(seed), slide, f"{seed}.png")
    return world


def remembered(make: Callable[..., MicroscopeProfile]) -> Callable[..., MicroscopeProfile]:
    """Make a profile at the first call, and return the same at every other."""
    made: list[MicroscopeProfile] = []

    def call(*arguments: Any) -> MicroscopeProfile:
        made.append(made[0] if made else make(*arguments))
        return made[0]

    return call


def document(world: JobWorld, run: str = RUN) -> CommissioningDocument:
    return CommissioningDocument.model_validate_json(world.reports.files[commissioning_key(SCOPE.digest, run)][0])


def test_a_profile_is_fitted_stored_and_shown_and_not_used_yet(world: JobWorld) -> None:
    run = world.service().carry_out(world.commission())

    found = document(world)
    profile = MicroscopeProfile.model_validate_json(world.reports.files[profile_key(SCOPE.digest, found.profile or "")][0])
    assert run is not None
    assert (run.state, run.document, run.by, run.started_at, run.finished_at) == (
        RunState.DONE,
        profile.sha256,
        ADMIN,
        START,
        START,
    )
    assert run.message == ("A profile was fitted to 4 fields of 3 slides. Compare the pictures before and after.")
    assert world.scope.profile is None
    assert (found.fields, found.slides, found.unreadable, found.refusals, len(found.checks)) == (4, 3, 0, (), 5)
    assert all(check.is_kept for check in found.checks)
    assert {field.slide for field in profile.fitted_on} == {slide_digest(slide) for slide in ("s-1", "s-2", "s-3")}
    assert len(found.examples) == 3
    for example in found.examples:
        assert {world.reports.files[key][1] for key in (example.before, example.after or "")} == {"image/png"}


def test_nothing_that_is_stored_names_a_patient_or_a_slide(world: JobWorld) -> None:
    world.service().carry_out(world.commission())

    stored = b"".join(content for content, kind in world.reports.files.values() if kind == "application/json").decode()
    stored += " ".join(world.reports.files)
    assert not [word for word in ("p-7", "s-1", "s-2", "smears/") if word in stored]


def test_too_few_fields_are_told_before_anything_is_fitted(world: JobWorld) -> None:
    run = world.service(limits=ProfileLimits()).carry_out(world.commission())

    found = document(world)
    assert run is not None
    assert (run.state, run.document) == (RunState.REFUSED, None)
    assert found.refusals[0] == "30 fields are needed, and there are 4. Photograph 26 more."
    assert "Photograph 17 more slides" in found.refusals[1]
    assert (found.profile, found.figures, found.checks) == (None, None, ())
    assert [example.after for example in found.examples] == [None] * 3
    assert not [key for key in world.reports.files if "/profiles/" in key]


def test_without_any_field_the_job_says_what_is_missing(classifier: Classifier) -> None:
    world = JobWorld(classifier)

    run = world.service(limits=ProfileLimits()).carry_out(world.commission())

    assert run is not None
    assert run.state is RunState.REFUSED
    assert document(world).refusals[0].startswith("30 fields are needed, and there are 0.")


def test_an_overexposed_microscope_is_told_to_lower_the_exposure(classifier: Classifier) -> None:
    world = JobWorld(classifier)
    for seed in range(3):
        world.photograph(drawn(seed, 1.5), f"s-{seed}")

    run = world.service(limits=EXPOSED).carry_out(world.commission())

    found = document(world)
    assert run is not None
    assert (run.state, found.profile) == (RunState.REFUSED, None)
    assert "Lower the exposure or the lamp" in found.refusals[0]
    assert [check.is_kept for check in found.checks] == [True, False, True, True, True]


def test_fields_of_before_a_change_at_the_microscope_are_left_out(world: JobWorld) -> None:
    run = world.service().carry_out(world.commission(since=START + timedelta(minutes=2)))

    assert run is not None
    since = START + timedelta(minutes=2)
    assert (document(world).fields, document(world).since, run.oldest) == (2, since, since)


def test_a_picture_that_cannot_be_judged_is_counted(world: JobWorld) -> None:
    world.photograph(b"no picture", "s-4")

    world.service().carry_out(world.commission())

    assert (document(world).fields, document(world).unreadable) == (4, 1)


def test_pictures_that_were_deleted_are_left_out_and_nothing_is_stored_about_them(world: JobWorld) -> None:
    gone = world.photograph(drawn(7), "s-4")
    del world.pictures.pictures[gone]
    forgotten = world.photograph(drawn(8), "s-5", patient="p-8")
    world.ledger.write_tombstone(forgotten.object_id, Patient(hospital="st-mary", patient="p-8"), COUNTS, START)

    world.service().carry_out(world.commission())

    assert document(world).fields == 4
    assert forgotten not in world.pictures.reads
    assert not [key for key in world.reports.files if gone.object_id in key or forgotten.object_id in key]


def test_a_row_whose_key_names_another_microscope_is_not_read(world: JobWorld) -> None:
    foreign = ObjectVersion(bucket="uploads", key="smears/st-joseph/p-7/s-1/scope 2/9.png", version_id="v1")
    world.pictures.pictures[foreign] = drawn(9)
    world.ledger.rows.append(field_row(foreign))

    world.service().carry_out(world.commission())

    assert (document(world).fields, foreign in world.pictures.reads) == (4, False)


def test_a_second_delivery_does_nothing(world: JobWorld) -> None:
    job = world.commission()
    world.service().carry_out(job)
    before, files = world.scope, dict(world.reports.files)

    again = world.service().carry_out(job)

    assert (again, world.scope, world.reports.files) == (None, before, files)


def test_a_run_that_another_one_replaced_is_not_carried_out(world: JobWorld) -> None:
    old = world.commission()
    world.clock.time += timedelta(hours=1)
    world.commission("2f" * 16)

    assert world.service().carry_out(old) is None
    assert world.run(COMMISSION).id == "2f" * 16
    assert world.reports.files == {}


def test_a_microscope_that_nobody_registered_has_no_jobs(world: JobWorld) -> None:
    job = CommissionJob(hospital="st-joseph", microscope="scope 2", run=RUN)

    assert world.service().carry_out(job) is None


def test_a_run_that_another_worker_holds_waits_until_that_one_must_be_dead(world: JobWorld) -> None:
    job = world.commission()
    with pytest.raises(Killed):
        world.service(Wire(after={1: kill})).carry_out(job)

    with pytest.raises(TransientError, match="another worker"):
        world.service().carry_out(job)
    assert world.run(COMMISSION).state is RunState.RUNNING
    world.clock.time += timedelta(minutes=17)
    run = world.service().carry_out(job)

    assert run is not None
    assert run.state is RunState.DONE


def test_a_worker_killed_at_any_write_leaves_a_state_from_which_the_next_delivery_continues(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same fields give the same profile, which other tests show: it is fitted once and not forty times.
    for name in ("fit_profile", "with_baseline"):
        monkeypatch.setattr(commission, name, remembered(getattr(commission, name)))
    whole = Wire()
    job = world.commission()
    world.service(whole).carry_out(job)
    expected = document(world)
    writes = len(whole.writes)
    assert writes >= 9  # the row twice, profile, six pictures, document

    for number in range(1, writes + 1):
        for at in ({"before": {number: kill}}, {"after": {number: kill}}):
            one = JobWorld(world.classifier, pictures=world.pictures)
            one.ledger.rows = list(world.ledger.rows)
            job = one.commission()
            with pytest.raises(Killed):
                one.service(Wire(**at)).carry_out(job)
            one.clock.time += timedelta(minutes=17)
            one.service().carry_out(job)

            assert (one.run(COMMISSION).state, document(one)) == (RunState.DONE, expected)
            assert one.run(COMMISSION).document == expected.profile


def test_a_bucket_that_does_not_answer_ends_in_a_failure_that_is_told_and_tried_again(
    world: JobWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = world.commission()
    with monkeypatch.context() as broken:

        def fail(*_: object) -> bytes:
            raise TransientError("expected to read a picture, received SlowDown")

        broken.setattr(world.pictures, "read", fail)
        with pytest.raises(TransientError):
            world.service().carry_out(job)
    failed = world.run(COMMISSION)
    run = world.service().carry_out(job)

    assert (failed.state, failed.message) == (
        RunState.FAILED,
        "The service could not finish this. You may start it again. Its operator is told if it keeps failing.",
    )
    assert run is not None
    assert run.state is RunState.DONE


def test_pictures_that_take_too_long_are_refused_in_words(world: JobWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    read = world.pictures.read

    def slow(version: ObjectVersion, limit: int) -> bytes:
        world.clock.time += timedelta(minutes=4)
        return read(version, limit)

    monkeypatch.setattr(world.pictures, "read", slow)

    run = world.service().carry_out(world.commission())

    assert run is not None
    assert run.state is RunState.REFUSED
    assert "Choose fewer slides" in (run.message or "")


def test_example_pictures_stand_where_a_patients_files_are_deleted() -> None:
    assert all(key.startswith("reports/0f/") for key in example_keys("0f", RUN))
