"""The watch over a microscope's drift: alarms and suspensions, each once, whatever is repeated, lost or concurrent."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.domain.drift import DriftFigure
from hemascope.domain.errors import TransientError
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import DRIFT, Microscope, MicroscopeUse, resume, state_of, suspend
from hemascope.domain.microscope_alarm import acknowledge_alarm
from hemascope.domain.report import MicroscopeState
from hemascope.domain.specimen import Specimen
from hemascope.screening.drift import DriftOutcome, DriftWatch
from tests.support.drifting import BASELINE, MODEL, field_row
from tests.support.fake_ledger import FakeLedger
from tests.support.fake_microscopes import REFERENCE, FakeMicroscopes
from tests.support.fakes import START, FakeClock, FakeNotifications

SPECIMEN = Specimen(hospital="st-mary", patient="p-7", slide="c-1", microscope="scope 1", field="field-1.jpg")
OPEN = MicroscopeUse("scope 1", MicroscopeState.VERIFIED)
STEADY, ALARM, SUSPENDED, CLOSED, UNWATCHED, NOT_CHARTED = (
    DriftOutcome.STEADY,
    DriftOutcome.ALARM,
    DriftOutcome.SUSPENDED,
    DriftOutcome.CLOSED,
    DriftOutcome.UNWATCHED,
    DriftOutcome.NOT_CHARTED,
)


@dataclass
class Scene:
    """A reference microscope, and fields that come one after the other."""

    registry: Any = field(default_factory=lambda: FakeMicroscopes(REFERENCE))
    ledger: Any = field(default_factory=FakeLedger)
    notifications: Any = field(default_factory=FakeNotifications)
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def watch(self) -> DriftWatch:
        return DriftWatch(self.ledger, self.registry, self.notifications, self.clock, MODEL, BASELINE)

    @property
    def microscope(self) -> Microscope:
        found = self.registry.find("st-mary", "scope 1")
        assert found
        return found

    def field(self, number: int, light: float = -1.0, warmth: float = 0.0, *, times: int = 1) -> DriftOutcome:
        """A field is looked at, and its row is written; its message may come again."""
        row = field_row(number, light, warmth)
        assert row.drift
        self.clock.time = row.finished_at
        outcomes = []
        for _ in range(times):
            outcomes.append(self.look(row))
            self.ledger.put(row)
            self.watch.announce(SPECIMEN)
        return outcomes[0]

    def look(self, row: LedgerRow, use: MicroscopeUse | None = None) -> DriftOutcome:
        assert row.drift
        state = state_of(self.microscope, "b" * 64)
        return self.watch.look(SPECIMEN, row.object_id, row.drift.figures, use or replace(OPEN, state=state)).outcome

    def fields(self, light: float, count: int, start: int = 0, *, times: int = 1) -> list[DriftOutcome]:
        return [self.field(number, light, times=times) for number in range(start, start + count)]


def test_steady_fields_change_nothing() -> None:
    scene = Scene()

    assert set(scene.fields(-1.3, 30)) == {STEADY}
    assert scene.microscope == REFERENCE
    assert scene.notifications.due == []


def test_a_lasting_change_raises_an_alarm_and_then_suspends() -> None:
    scene = Scene()

    outcomes = scene.fields(-3.0, 16)

    assert [(place, outcome) for place, outcome in enumerate(outcomes, 1) if outcome is not STEADY] == [
        (10, ALARM),
        (14, SUSPENDED),
        (15, NOT_CHARTED),
        (16, NOT_CHARTED),
    ]
    suspension = scene.microscope.suspension
    assert suspension
    assert (suspension.by, suspension.at) == (DRIFT, START + timedelta(minutes=13))
    assert suspension.reason == ("Compared with its commissioning, the light is darker. It began about 2026-03-01 08:30 UTC.")


def test_the_alarm_and_the_suspension_are_each_announced_once() -> None:
    scene = Scene()

    scene.fields(-3.0, 16)

    told = [(task.object_id, task.drift.suspended) for task in scene.notifications.due if task.drift]
    assert told == [(field_row(9).object_id, False), (field_row(13).object_id, True)]
    assert scene.microscope.alarm
    assert scene.microscope.alarm.announced


@given(st.lists(st.integers(1, 3), min_size=16, max_size=16))
def test_messages_that_come_again_change_nothing(times: list[int]) -> None:
    once, often = Scene(), Scene()

    once.fields(-3.0, 16)
    for number, count in enumerate(times):
        often.field(number, -3.0, times=count)

    assert often.microscope == once.microscope
    assert often.notifications.due == once.notifications.due


def test_an_alarm_whose_announcement_was_lost_is_announced_by_the_next_field() -> None:
    class Deaf(FakeNotifications):
        def put(self, task: Any, wait: timedelta = timedelta()) -> None:
            raise TransientError("no answer")

    scene = Scene(notifications=Deaf())
    scene.fields(-3.0, 10)
    assert scene.microscope.alarm
    assert not scene.microscope.alarm.announced

    scene.notifications = FakeNotifications()
    scene.field(10, -1.0)

    assert [task.object_id for task in scene.notifications.due] == [field_row(9).object_id]


def test_a_microscope_that_was_suspended_meanwhile_closes_the_field() -> None:
    scene = Scene()
    scene.registry.store(suspend(REFERENCE, "The lamp was replaced.", START, "8f0c"))

    assert scene.look(field_row(0), OPEN) is CLOSED
    assert scene.look(field_row(0)) is NOT_CHARTED


class Contested(FakeMicroscopes):
    """A registry in which somebody else is faster a few times."""

    def __init__(self, others: list[Callable[[Microscope], Microscope]]) -> None:
        super().__init__(REFERENCE)
        self.others = others

    def store(self, microscope: Microscope) -> bool:
        if self.others:
            other = self.others.pop(0)
            current = self.kept["st-mary", "scope 1"]
            changed = other(current).model_copy(update={"version": current.version + 1})
            self.kept["st-mary", "scope 1"] = changed
        return super().store(microscope)


def test_an_alarm_is_stored_though_somebody_describes_the_microscope_at_that_moment() -> None:
    renamed = lambda microscope: microscope.model_copy(update={"make": "M2"})  # noqa: E731
    scene = Scene(registry=Contested([renamed, renamed]))

    scene.fields(-3.0, 10)

    assert scene.microscope.alarm
    assert scene.microscope.make == "M2"


def test_two_fields_beyond_the_limit_at_once_suspend_once_and_both_are_closed() -> None:
    scene = Scene()
    scene.fields(-3.0, 13)
    first, second = field_row(13, -3.0), field_row(14, -3.0)

    outcomes = [scene.look(first, OPEN), scene.look(second, OPEN)]

    assert outcomes == [SUSPENDED, CLOSED]
    assert scene.microscope.alarm
    assert scene.microscope.alarm.object_id == first.object_id


def test_somebody_who_is_always_faster_leaves_the_field_unwatched_and_the_next_one_looks_again() -> None:
    scene = Scene(registry=Contested([lambda microscope: microscope] * 5))
    outcomes = scene.fields(-3.0, 11)

    assert outcomes[-2:] == [UNWATCHED, ALARM]


@pytest.mark.parametrize("broken", ["ledger", "registry"])
@pytest.mark.parametrize("error", [TransientError("no answer"), KeyError("bug")])
def test_whatever_fails_the_field_is_unwatched_and_no_more(broken: str, error: Exception) -> None:
    class Broken:
        def __getattr__(self, _: str) -> Any:
            raise error

    scene = Scene()
    row = field_row(0, -3.0)
    assert row.drift
    watch = replace(scene.watch, **{broken: Broken()})

    assert watch.look(SPECIMEN, row.object_id, row.drift.figures, OPEN).outcome is UNWATCHED
    watch.announce(SPECIMEN)


def test_after_a_resumption_the_chart_begins_anew_and_drift_that_goes_on_suspends_again() -> None:
    scene = Scene()
    scene.fields(-3.0, 16)
    scene.registry.store(resume(scene.microscope, START + timedelta(minutes=16)))

    outcomes = scene.fields(-3.0, 14, start=17)

    assert outcomes == [*([STEADY] * 9), ALARM, *([STEADY] * 3), SUSPENDED]


def test_an_acknowledged_alarm_is_silent_until_another_figure_changes() -> None:
    scene = Scene()
    scene.fields(-3.0, 10)
    scene.registry.store(acknowledge_alarm(scene.microscope, scene.clock.time))

    kept = [scene.field(number, -2.3) for number in range(10, 14)]
    redder = scene.field(14, -2.3, 28.0)

    assert kept == [STEADY] * 4
    assert redder is ALARM
    assert DriftFigure.WARMTH in {finding.figure for finding in scene.microscope.alarm.findings}  # type: ignore[union-attr]


def test_an_acknowledged_alarm_is_over_when_the_chart_has_returned_and_the_next_change_raises_a_new_one() -> None:
    scene = Scene()
    scene.fields(-3.0, 10)
    scene.registry.store(acknowledge_alarm(scene.microscope, scene.clock.time))

    back = scene.fields(-1.0, 8, start=10)
    gone = scene.microscope.alarm
    again = scene.fields(-3.0, 8, start=18)

    assert set(back) == {STEADY}
    assert gone is None
    assert ALARM in again


def test_an_unacknowledged_alarm_stays_though_the_chart_returns() -> None:
    scene = Scene()
    scene.fields(-3.0, 10)

    assert set(scene.fields(-1.0, 20, start=10)) == {STEADY}
    assert scene.microscope.alarm
    assert [task.object_id for task in scene.notifications.due] == [field_row(9).object_id]


@pytest.mark.parametrize(
    ("specimen", "microscope"),
    [
        (SPECIMEN.model_copy(update={"microscope": None}), REFERENCE),
        (SPECIMEN.model_copy(update={"microscope": "scope 9"}), REFERENCE),
        (SPECIMEN, REFERENCE.model_copy(update={"is_reference": False})),
        (SPECIMEN, REFERENCE.model_copy(update={"watched": False})),
    ],
    ids=["no microscope named", "not registered", "no baseline", "not watched"],
)
def test_what_has_no_baseline_is_not_charted(specimen: Specimen, microscope: Microscope) -> None:
    scene = Scene(registry=FakeMicroscopes(microscope))
    row = field_row(0, -300.0)
    assert row.drift

    look = scene.watch.look(specimen, row.object_id, row.drift.figures, OPEN)

    assert look == (NOT_CHARTED, False)


def test_a_field_that_was_judged_with_a_profile_of_before_is_not_charted() -> None:
    scene = Scene()
    row = field_row(0, -300.0)

    assert scene.look(row, replace(OPEN, profile_sha256="a" * 64)) is NOT_CHARTED


def test_an_index_that_lags_behind_delays_nothing() -> None:
    scene = Scene()
    for number in range(9):
        scene.field(number, -3.0)

    assert scene.look(field_row(9, -3.0)) is ALARM  # its own row is not in the ledger yet


def test_pictures_that_were_judged_again_do_not_hide_the_fields_that_count() -> None:
    plain, crowded = Scene(), Scene()
    for scene, number in ((scene, number) for scene in (plain, crowded) for number in range(3)):
        scene.field(number, light=-3.0)
    again = {"drift": None, "finished_at": crowded.clock.time}
    crowded.ledger.rows += [field_row(number).model_copy(update=again) for number in range(1000, 1100)]
    without, among = ([scene.field(number, light=-3.0) for number in range(3, 20)] for scene in (plain, crowded))

    assert without == among
    assert SUSPENDED in among
