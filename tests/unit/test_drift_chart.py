"""The chart of a microscope's drift: what counts, when it is beyond a limit, and since when."""

from datetime import UTC, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hemascope.domain.drift import DriftAlarm, DriftFigure, DriftFinding, FigureBaseline, describe
from hemascope.domain.drift_chart import ALARM, ROWS, SUSPENSION, WEIGHT, DriftChart, charted_fields, draw_chart
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import resume, suspend
from tests.support.drifting import BASELINE, field_row, rows
from tests.support.fake_microscopes import REFERENCE
from tests.support.fakes import START

LIGHT = DriftFigure.LIGHT


def chart_of(found: list[LedgerRow]) -> DriftChart:
    return draw_chart(charted_fields(found, REFERENCE, BASELINE), BASELINE)


def test_each_field_moves_the_line_by_a_tenth_of_its_distance() -> None:
    line = chart_of(rows([-1.0, -2.0, -2.0])).lines[LIGHT]

    assert line.smoothed == pytest.approx((-1.0, -1.1, -1.19))
    assert line.excess == pytest.approx((0.0, 0.1, 0.19))


def test_what_stays_as_commissioned_is_within_every_limit() -> None:
    assert chart_of(rows([-1.0, -0.5, -1.5] * 30)).beyond(0.3) == ()


def test_a_lasting_change_is_beyond_the_alarm_first_and_then_beyond_the_suspension() -> None:
    excess = chart_of(rows([-3.0] * 40)).lines[LIGHT].excess  # twice the range away from the mean

    assert [next(place for place, value in enumerate(excess, 1) if value > limit) for limit in (ALARM, SUSPENSION)] == [10, 14]


def test_one_odd_field_counts_no_further_than_the_baseline_says() -> None:
    assert chart_of(rows([-1000.0])).lines[LIGHT].smoothed == pytest.approx((-1.0 - 0.1 * 30.0,))


def test_a_finding_names_the_figure_its_direction_and_when_the_change_began() -> None:
    found = rows([-0.9, -1.1, -1.0, -0.8, *([-4.0] * 30)])

    (finding,) = chart_of(found).beyond(SUSPENSION)

    assert (finding.figure, finding.direction, finding.since) == (LIGHT, "down", START + timedelta(minutes=4))


def test_a_field_without_a_figure_leaves_its_line_where_it_was() -> None:
    bare = field_row(1)
    assert bare.drift
    bare = bare.model_copy(update={"drift": bare.drift.model_copy(update={"figures": {}})})

    line = chart_of([field_row(0, -2.0), bare]).lines[LIGHT]

    assert line.smoothed == pytest.approx((-1.1, -1.1))


def test_scores_of_another_model_do_not_count() -> None:
    found = [field_row(number, score=0.9, model="all-subtypes/9.0.0") for number in range(20)]

    assert chart_of(found).lines[DriftFigure.FEATURE_SCORE].smoothed[-1] == 0.5


def test_fields_of_another_profile_of_before_and_without_figures_are_left_out() -> None:
    since = START + timedelta(minutes=5)
    resumed = resume(suspend(REFERENCE, "Drift", START, "drift"), since)
    found = [*rows([-1.0] * 10), field_row(20, profile="a" * 64), field_row(21).model_copy(update={"drift": None})]

    fields = charted_fields(found, resumed, BASELINE)

    assert [field.at for field in fields] == [since + timedelta(minutes=number) for number in range(1, 5)]


@given(st.lists(st.floats(-40.0, 40.0), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_order_and_duplicates_of_the_rows_change_nothing(lights: list[float], chance: Random) -> None:
    found = rows(lights)
    again = [*found, *chance.choices(found, k=7)]
    chance.shuffle(again)

    assert chart_of(again) == chart_of(found)


@given(st.lists(st.floats(-1e6, 1e6), min_size=ROWS, max_size=ROWS + 40))
def test_older_fields_than_are_read_change_a_line_by_less_than_a_fiftieth_of_the_clipped_range(lights: list[float]) -> None:
    whole, newest = (chart_of(found).lines[LIGHT].smoothed[-1] for found in (rows(lights), rows(lights)[-ROWS:]))

    assert abs(whole - newest) <= (1 - WEIGHT) ** ROWS * 30.0 + 1e-9
    assert (1 - WEIGHT) ** ROWS < 1 / 500


@given(st.floats(0.01, 100.0), st.floats(0.01, 100.0), st.floats(-200.0, 200.0))
def test_the_excess_is_one_at_both_ends_of_the_range(below: float, above: float, mean: float) -> None:
    figure = FigureBaseline(mean=mean, least=mean - below, most=mean + above, low=mean - below, high=mean + above)

    assert [figure.excess(value) for value in (figure.low, mean, figure.high)] == pytest.approx([1.0, 0.0, 1.0], abs=1e-6)
    assert [figure.excess(value) for value in figure.limits(1.5)] == pytest.approx([1.5, 1.5], rel=1e-6)


@pytest.mark.parametrize("changed", [{"mean": 2.0}, {"low": -4.0}, {"high": 9.0}, {"mean": float("nan")}])
def test_a_baseline_whose_limits_are_out_of_order_is_refused(changed: dict) -> None:
    with pytest.raises(ValidationError):
        FigureBaseline.model_validate({"mean": 0.0, "least": -3.0, "most": 3.0, "low": -1.0, "high": 1.0} | changed)


def finding(figure: DriftFigure, excess: float = 1.3, direction: str = "down", minutes: int = 0) -> DriftFinding:
    since = START.astimezone(UTC) + timedelta(minutes=minutes)
    return DriftFinding(figure=figure, direction=direction, excess=excess, since=since)


def test_the_words_name_the_largest_changes_and_when_the_first_began() -> None:
    found = [finding(figure, 1.3 + place / 10, minutes=place) for place, figure in enumerate(list(DriftFigure)[:5])]

    text = describe(tuple(found))

    assert text == (
        "Compared with its commissioning, the light is more even; the light is more magenta; the light is bluer, and 2 more "
        "figures have changed. It began about 2026-03-01 08:30 UTC."
    )


@pytest.mark.parametrize("direction", ["up", "down"])
def test_every_figure_has_words_and_every_reason_is_short_enough(direction: str) -> None:
    found = tuple(finding(figure, direction=direction) for figure in DriftFigure)

    assert all(describe((one,)) for one in found)
    assert max(len(describe(tuple(np.roll(np.array(found, object), shift)))) for shift in range(len(found))) <= 500


def test_an_alarm_began_with_its_first_change() -> None:
    alarm = DriftAlarm(
        findings=(finding(LIGHT, minutes=7), finding(DriftFigure.STAIN, minutes=3)), at=START, object_id="0f", model="m/1"
    )

    assert alarm.since == START + timedelta(minutes=3)
