"""Drift in the screening service: the field that takes the chart beyond the limit gives no answer either."""

from datetime import timedelta
from typing import Any

import pytest

from hemascope.domain.drift import Baseline, DriftFigure, FigureBaseline
from hemascope.domain.events import CreatedObject
from hemascope.domain.field_figures import figures_of
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import DRIFT
from hemascope.domain.notification import NotificationTask
from hemascope.domain.report import Decision, Report, State
from hemascope.model.artifact import Artifact
from hemascope.screening.drift import DriftOutcome
from hemascope.screening.pipeline import screen
from tests.support.drifting import field_row
from tests.support.fake_microscopes import REFERENCE, FakeMicroscopes
from tests.support.fakes import START, FixedClassifier, Wire, World, kill


@pytest.fixture
def known(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> FixedClassifier:
    """A network that is confident of leukemia, in pictures whose colours it knows."""
    monkeypatch.setattr(type(artifact.colours), "score", lambda *_: 0.5)
    typical = {"typical": [False, False, True, False]}
    return FixedClassifier(artifact, 0.001, 0.001, 0.997, 0.001, **typical)


def lit_from(artifact: Artifact, smear: bytes, away: float) -> Baseline:
    """A baseline from whose light the drawn smear is so many ranges away."""
    report = screen(smear, None, FixedClassifier(artifact, 0.25, 0.25, 0.25, 0.25), draw=False).report  # type: ignore[arg-type]
    light = (figures_of(report) or {})[DriftFigure.LIGHT]
    mean = light + away
    figure = FigureBaseline(mean=mean, least=mean - 90, most=mean + 90, low=mean - 1, high=mean + 1)
    return Baseline(figures={DriftFigure.LIGHT: figure}, fields=60, slides=20, model=artifact.reference.name)


def light_of(baseline: Baseline, away: float) -> float:
    return baseline.figures[DriftFigure.LIGHT].mean - away


@pytest.fixture
def world(known: FixedClassifier, smear: bytes) -> World:
    """Thirteen fields whose light was two ranges away: the next such field is beyond the limit."""
    baseline = lit_from(known.artifact, smear, 2.0)
    world = World(known, baseline=baseline)
    world.ledger.rows += [field_row(-number, light_of(baseline, 2.0), model="m/1") for number in range(1, 14)]
    return world


def row_of(world: World, created: CreatedObject) -> LedgerRow:
    (row,) = world.ledger.rows_of(created.object.object_id)
    return row


def test_without_drift_the_smear_is_answered(world: World, smear: bytes) -> None:
    world.ledger.rows.clear()
    created = world.arrive(smear)

    outcome = world.screening_service().process(created)

    assert (outcome.row.decision, outcome.row.urgent) == (Decision.CONFIDENT, True)
    assert outcome.drift.outcome is DriftOutcome.STEADY
    drift = outcome.row.drift
    assert drift
    assert drift.profile is None
    assert DriftFigure.WARMTH in drift.figures


def test_the_field_that_is_beyond_the_limit_is_not_answered_and_pages_nobody(world: World, smear: bytes) -> None:
    outcome = world.screening_service().process(world.arrive(smear))

    report = Report.model_validate(world.reports.json("report.json"))
    assert outcome.drift.outcome is DriftOutcome.SUSPENDED
    assert (outcome.row.decision, outcome.row.urgent) == (Decision.UNVERIFIED, False)
    assert report.microscope
    assert (report.microscope.state, report.microscope.verification) == ("suspended", None)
    assert "leukemia" not in world.reports.json("summary.json")["headline"].lower()
    microscope = world.microscopes.find("st-mary", "scope 1")
    assert microscope
    assert microscope.suspension
    assert microscope.suspension.by == DRIFT


def test_the_mail_about_it_is_due_after_the_row_is_there(world: World, smear: bytes) -> None:
    wire = Wire()
    created = world.arrive(smear)

    world.screening_service(wire).process(created)

    assert wire.writes == ["store", *["write_once"] * 6, "finish", "put", "put", "store"]
    plain, drift = world.notifications.due
    assert plain == NotificationTask(object_id=created.object.object_id, model=world.classifier.artifact.reference.name)
    assert drift.drift
    assert (drift.object_id, drift.drift.microscope, drift.drift.suspended) == (created.object.object_id, "scope 1", True)


@pytest.mark.parametrize("number", range(1, 12))
def test_a_worker_that_dies_at_any_write_leaves_one_suspension_and_one_mail(number: int, world: World, smear: bytes) -> None:
    created = world.arrive(smear)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - the worker's death
        world.screening_service(Wire(before={number: kill})).process(created)

    world.screening_service().process(created)
    world.screening_service().process(created)

    row, microscope = row_of(world, created), world.microscopes.find("st-mary", "scope 1")
    assert microscope
    assert microscope.alarm
    assert (row.state, row.decision) == (State.REPORTED, Decision.UNVERIFIED)
    assert microscope.alarm.announced
    world.ledger.rows = [row]
    for task in world.notifications.due:
        world.notification_service().notify(task)
    drift = [mail for mail in world.mailer.mails if mail.kind == "drift"]
    assert [mail.channel for mail in drift] == ["suspension"]


def test_a_watch_that_fails_leaves_the_terminal_state_and_the_answer(world: World, smear: bytes) -> None:
    class Silent(FakeMicroscopes):
        found = 0

        def find(self, hospital: str, name: str) -> Any:
            self.found += 1
            if self.found > 1:
                raise KeyError("the table is away")
            return super().find(hospital, name)

    world.microscopes = Silent(REFERENCE)
    created = world.arrive(smear)

    outcome = world.screening_service().process(created)

    assert outcome.drift.outcome is DriftOutcome.UNWATCHED
    assert row_of(world, created).decision is Decision.CONFIDENT
    world.microscopes = FakeMicroscopes(REFERENCE)
    assert world.screening_service().process(world.arrive(smear, version="v2")).drift.outcome is DriftOutcome.SUSPENDED


def test_an_archived_picture_says_nothing_about_its_microscope_of_today(world: World, smear: bytes) -> None:
    created = world.arrive(smear).model_copy(update={"reprocess": True})

    outcome = world.screening_service().process(created)

    assert outcome.drift.outcome is DriftOutcome.NOT_CHARTED
    assert (outcome.row.drift, world.microscopes.find("st-mary", "scope 1")) == (None, REFERENCE)


def test_a_picture_of_no_microscope_is_not_charted(world: World, smear: bytes) -> None:
    outcome = world.screening_service().process(world.arrive(smear, "smears/st-mary/p-7/c-1/field-1.jpg"))

    assert (outcome.drift.outcome, outcome.row.drift) == (DriftOutcome.NOT_CHARTED, None)


def test_fields_of_before_a_resumption_do_not_count(world: World, smear: bytes) -> None:
    since = START - timedelta(seconds=1)
    world.microscopes = FakeMicroscopes(REFERENCE.model_copy(update={"charted_since": since}))

    assert world.screening_service().process(world.arrive(smear)).drift.outcome is DriftOutcome.STEADY
