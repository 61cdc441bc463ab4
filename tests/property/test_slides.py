"""What holds of every slide, whatever its fields."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hemascope.domain.slide import SlideReport
from hemascope.slides.fields import SlideField
from tests.support.slide_fields import BENIGN, CLASSES, EARLY, PRE, PRO, URGENT, field, state

SHARES = (
    BENIGN,
    EARLY,
    PRE,
    PRO,
    (0.4, 0.3, 0.2, 0.1),
    (0.1, 0.2, 0.3, 0.4),
    (0.48, 0.02, 0.48, 0.02),
    (0.52, 0.16, 0.16, 0.16),
)
DECISIONS = ("confident", "confident", "indeterminate", "poor_quality", "out_of_distribution", "unverified")


def made(
    name: str, identity: str, shares: tuple[float, ...], cells: int, decision: str, version: str, minute: int
) -> SlideField:
    likely = tuple(name for name, share in zip(CLASSES, shares, strict=True) if share >= 0.2)
    return field(name, shares, cells, decision, likely=likely, version=version, object_id=identity, minute=minute)


names, ids = st.sampled_from("abcdefgh"), st.sampled_from("123456789")
judged_fields = st.builds(
    made,
    names,
    ids,
    st.sampled_from(SHARES),
    st.sampled_from([0, 1, 7, 30, 150]),
    st.sampled_from(DECISIONS),
    st.sampled_from(["1.0.0", "1.0.0", "1.1.0"]),
    st.sampled_from([0, 1, 2]),
)
failures = st.builds(SlideField, names, ids, st.none())
# One to eight fields of two models; names and pictures repeat, some failed.
slides = st.lists(judged_fields | failures, min_size=1, max_size=8)
# The machine may be busy.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def judged(statement: SlideReport) -> list[str]:
    return [entry.name for entry in statement.fields]


@patient
@given(slides)
def test_counts_weights_and_shares_add_up(fields: list[SlideField]) -> None:
    statement = state(*fields)

    assert statement.counted_cells == sum(entry.cell_count for entry in statement.fields)
    assert len(judged(statement)) == len(set(judged(statement)))
    assert len({entry.object_id for entry in statement.fields}) == len(statement.fields)
    if statement.fields:
        assert sum(entry.weight for entry in statement.fields) == pytest.approx(1.0)
        assert sum(statement.probabilities.values()) == pytest.approx(1.0)
        assert statement.suspicion == pytest.approx(sum(statement.probabilities[name] for name in URGENT))


@patient
@given(slides)
def test_no_field_is_lost(fields: list[SlideField]) -> None:
    statement = state(*fields)

    named = {entry.object_id for entry in statement.fields} | {exclusion.object_id for exclusion in statement.excluded}
    assert named == {item.object_id for item in fields}


@patient
@given(slides)
def test_where_leukemia_is_possible_in_one_field_the_slide_is_never_called_harmless(fields: list[SlideField]) -> None:
    statement = state(*fields)
    results = [entry.report.result for entry in fields if entry.report and entry.report.result]
    unsure = [result for result in results if result.decision == "indeterminate" and set(result.prediction_set) & set(URGENT)]
    sure = [outcome for outcome in results if outcome.decision == "confident" and outcome.label in URGENT]

    assert not unsure + sure or statement.finding in {"suspected", "doubtful"}


@patient
@given(slides, st.sampled_from(["poor_quality", "out_of_distribution", "unverified"]))
def test_a_refused_field_more_changes_no_figure(fields: list[SlideField], decision: str) -> None:
    more = field("z", (0.1, 0.1, 0.1, 0.7), 99, decision, object_id="z", version="1.0.0")
    before = state(*fields)

    after = state(*fields, more)

    if before.model is not None and before.model.version == "1.0.0":
        assert (after.probabilities, after.counted_cells, after.finding) == (
            before.probabilities,
            before.counted_cells,
            before.finding,
        )
    assert "z" not in judged(after)


@patient
@given(slides, st.randoms(use_true_random=False))
def test_the_order_of_the_fields_changes_no_digit(fields: list[SlideField], random: Random) -> None:
    shuffled = list(fields)
    random.shuffle(shuffled)

    assert state(*shuffled) == state(*fields)
