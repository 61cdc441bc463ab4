"""States of a microscope and the changes that are allowed, one by one and in any order."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydantic import ValidationError

from hemascope.domain.drift import DriftAlarm, DriftFigure, DriftFinding
from hemascope.domain.microscope import (
    DRIFT,
    Microscope,
    Suspension,
    Verification,
    adopt_profile,
    describe,
    resume,
    set_reference,
    state_of,
    suspend,
    verify,
)
from hemascope.domain.microscope_alarm import acknowledge_alarm, announce_alarm, forget_alarm, raise_alarm
from hemascope.domain.microscope_keys import profile_key, proof_key
from hemascope.domain.microscope_refusal import IsReference, NoProfile, NothingChanges, OtherProfile, TransitionRefused
from hemascope.domain.report import MicroscopeState
from hemascope.domain.specimen import Specimen
from tests.support.fakes import START

PROFILE, NEWER_PROFILE, MODEL, NEWER_MODEL, PROOF = ("a" * 64, "b" * 64, "c" * 64, "d" * 64, "e" * 64)
NEW = Microscope(hospital="st-mary", name="scope 2", make="Maker M1", objective="100x/1.25")
PROFILED = adopt_profile(NEW, PROFILE, START, "8f0c")
REFERENCE = set_reference(NEW, is_reference=True)


def proof(profile: str = PROFILE, model: str = MODEL) -> Verification:
    return Verification(sha256=PROOF, at=START, by="8f0c", profile=profile, model=model)


VERIFIED = verify(PROFILED, proof())
SUSPENDED = suspend(VERIFIED, "The lamp was replaced.", START, "8f0c")


@pytest.mark.parametrize(
    ("microscope", "state"),
    [
        (None, "unknown"),
        (NEW, "unknown"),
        (PROFILED, "profiled"),
        (VERIFIED, "verified"),
        (SUSPENDED, "suspended"),
        (suspend(NEW, "Being repaired", START, DRIFT), "suspended"),
        (REFERENCE, "verified"),
        (suspend(REFERENCE, "Drift of the colours", START, DRIFT), "suspended"),
        (resume(SUSPENDED, START), "verified"),
        (adopt_profile(VERIFIED, NEWER_PROFILE, START, "8f0c"), "profiled"),
        (adopt_profile(adopt_profile(VERIFIED, NEWER_PROFILE, START, "8f0c"), PROFILE, START, "8f0c"), "verified"),
        (describe(VERIFIED, "Another maker", "100x/1.25", START), "verified"),
        (describe(VERIFIED, "Maker M1", "40x/0.65", START), "unknown"),
        (set_reference(REFERENCE, is_reference=False), "unknown"),
        (set_reference(set_reference(VERIFIED, is_reference=True), is_reference=False), "unknown"),
    ],
)
def test_the_state_follows_from_the_row_and_the_model(microscope: Microscope | None, state: str) -> None:
    assert state_of(microscope, MODEL) == state


def test_a_new_model_closes_what_was_verified_with_another_and_leaves_the_reference_open() -> None:
    assert state_of(VERIFIED, NEWER_MODEL) is MicroscopeState.PROFILED
    assert state_of(verify(VERIFIED, proof(model=NEWER_MODEL)), NEWER_MODEL) is MicroscopeState.VERIFIED
    assert state_of(REFERENCE, NEWER_MODEL) is MicroscopeState.VERIFIED


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda: adopt_profile(REFERENCE, PROFILE, START, "8f0c"), IsReference),
        (lambda: verify(REFERENCE, proof()), IsReference),
        (lambda: describe(REFERENCE, "Maker M1", "40x/0.65", START), IsReference),
        (lambda: verify(NEW, proof()), NoProfile),
        (lambda: verify(PROFILED, proof(NEWER_PROFILE)), OtherProfile),
        (lambda: adopt_profile(PROFILED, PROFILE, START, "8f0c"), NothingChanges),
        (lambda: suspend(SUSPENDED, "Again", START, "8f0c"), NothingChanges),
        (lambda: resume(VERIFIED, START), NothingChanges),
        (lambda: set_reference(REFERENCE, is_reference=True), NothingChanges),
        (lambda: set_reference(NEW, is_reference=False), NothingChanges),
    ],
)
def test_a_change_that_the_state_does_not_allow_is_refused_in_a_sentence(change: Any, refusal: type[TransitionRefused]) -> None:
    with pytest.raises(refusal) as error:
        change()

    assert str(error.value).endswith(".")


def test_every_profile_is_remembered_with_when_and_by_whom() -> None:
    microscope = adopt_profile(adopt_profile(PROFILED, NEWER_PROFILE, START, "9a1b"), PROFILE, START, "8f0c")

    assert [(version.sha256, version.by) for version in microscope.profiles] == [
        (PROFILE, "8f0c"),
        (NEWER_PROFILE, "9a1b"),
        (PROFILE, "8f0c"),
    ]
    assert microscope.profile == PROFILE


def test_the_profile_of_one_objective_adopted_for_another_needs_a_proof_of_its_own() -> None:
    turned = adopt_profile(describe(VERIFIED, "Maker M1", "40x/0.65", START), PROFILE, START, "8f0c")

    assert state_of(turned, MODEL) == "profiled"


def test_each_change_has_the_next_version_number() -> None:
    assert [microscope.version for microscope in (NEW, PROFILED, VERIFIED, SUSPENDED, resume(SUSPENDED, START))] == [
        1,
        2,
        3,
        4,
        5,
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a/b"},
        {"make": ""},
        {"make": "two\nlines"},
        {"objective": "x" * 101},
        {"version": 0},
        {"profile": PROFILE},
        {"is_reference": True, "profile": PROFILE, "profiles": PROFILED.profiles},
        {"state": "verified"},
    ],
)
def test_a_row_that_contradicts_itself_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Microscope.model_validate({"hospital": "st-mary", "name": "scope 2"} | wrong)


@pytest.mark.parametrize("reason", ["", "x" * 501, "bell \x07"])
def test_a_suspension_has_a_reason_that_can_be_shown(reason: str) -> None:
    with pytest.raises(ValidationError):
        Suspension(reason=reason, at=START, by="8f0c")


def test_a_microscope_and_its_specimens_have_one_digest_which_their_documents_keys_hold() -> None:
    specimen = Specimen(hospital="st-mary", patient="p", slide="c", microscope="scope 2", field="f")

    assert NEW.digest == specimen.microscope_digest == "13a1094e41d1fc0557615d71de775a30"
    assert profile_key(NEW.digest, PROFILE) == f"microscopes/13a1094e41d1fc0557615d71de775a30/profiles/{PROFILE}.json"
    assert proof_key(NEW.digest, PROOF) == f"microscopes/13a1094e41d1fc0557615d71de775a30/proofs/{PROOF}.json"


FINDING = DriftFinding(figure=DriftFigure.LIGHT, direction="down", excess=1.3, since=START)
ALARM = DriftAlarm(findings=(FINDING,), at=START, object_id="0f", model="m/1")


def test_an_alarm_is_announced_once() -> None:
    announced = announce_alarm(raise_alarm(REFERENCE, ALARM))

    assert announced.alarm == ALARM.model_copy(update={"announced": True})
    for microscope in (announced, REFERENCE):
        with pytest.raises(NothingChanges):
            announce_alarm(microscope)


PROFILES, MODELS = st.sampled_from([PROFILE, NEWER_PROFILE]), st.sampled_from([MODEL, NEWER_MODEL])


class Life(RuleBasedStateMachine):
    """Any order of changes. Beside the microscope stand plain notes, from which the state is told in another way."""

    def __init__(self) -> None:
        super().__init__()
        self.microscope = NEW
        self.changes = 0
        self.current: str | None = None
        self.proof: tuple[str, str] | None = None
        self.closed = self.reference = False
        self.alarm: str | None = None

    def attempt(self, allowed: bool, change: Any) -> bool:
        try:
            self.microscope = change()
        except TransitionRefused:
            assert not allowed
            return False
        assert allowed
        self.changes += 1
        return True

    @rule(profile=PROFILES)
    def adopt(self, profile: str) -> None:
        allowed = not self.reference and profile != self.current
        if self.attempt(allowed, lambda: adopt_profile(self.microscope, profile, START, "8f0c")):
            self.current, self.alarm = profile, None

    @rule(profile=PROFILES, model=MODELS)
    def prove(self, profile: str, model: str) -> None:
        allowed = not self.reference and self.current == profile
        if self.attempt(allowed, lambda: verify(self.microscope, proof(profile, model))):
            self.proof = profile, model

    @rule()
    def close(self) -> None:
        if self.attempt(not self.closed, lambda: suspend(self.microscope, "Drift", START, DRIFT)):
            self.closed = True

    @rule()
    def open(self) -> None:
        if self.attempt(self.closed, lambda: resume(self.microscope, START)):
            self.closed, self.alarm = False, None

    @rule(suspends=st.booleans())
    def drift(self, suspends: bool) -> None:
        alarm = ALARM.model_copy(update={"suspends": suspends})
        allowed = not self.closed and (suspends or self.alarm != "raised")
        if self.attempt(allowed, lambda: raise_alarm(self.microscope, alarm)):
            self.closed, self.alarm = suspends, "raised"

    @rule()
    def acknowledge(self) -> None:
        allowed = self.alarm == "raised" and not self.closed
        if self.attempt(allowed, lambda: acknowledge_alarm(self.microscope, START)):
            self.alarm = "acknowledged"

    @rule()
    def return_to_the_range(self) -> None:
        allowed = self.alarm == "acknowledged" and not self.closed
        if self.attempt(allowed, lambda: forget_alarm(self.microscope)):
            self.alarm = None

    @rule(is_reference=st.booleans())
    def mark(self, is_reference: bool) -> None:
        if self.attempt(is_reference != self.reference, lambda: set_reference(self.microscope, is_reference=is_reference)):
            self.reference, self.current, self.alarm = is_reference, None, None

    @rule(objective=st.sampled_from(["100x/1.25", "40x/0.65"]))
    def turn_the_revolver(self, objective: str) -> None:
        turned = objective != self.microscope.objective
        if (
            self.attempt(not (turned and self.reference), lambda: describe(self.microscope, "Maker M1", objective, START))
            and turned
        ):
            self.current = self.proof = self.alarm = None

    @invariant()
    def the_state_is_what_the_notes_say(self) -> None:
        for model in (MODEL, NEWER_MODEL):
            proven = self.current is not None and self.proof == (self.current, model)
            expected = "verified" if self.reference or proven else "profiled" if self.current else "unknown"
            assert state_of(self.microscope, model) == ("suspended" if self.closed else expected)

    @invariant()
    def an_alarm_stands_until_it_is_ended(self) -> None:
        alarm = self.microscope.alarm
        assert (alarm and ("acknowledged" if alarm.acknowledged_at else "raised")) == self.alarm

    @invariant()
    def the_row_is_read_back_as_it_was(self) -> None:
        assert Microscope.model_validate_json(self.microscope.model_dump_json()) == self.microscope
        assert self.microscope.version == 1 + self.changes


class TestLife(Life.TestCase):
    settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
