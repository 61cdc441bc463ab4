import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from hemascope.domain.binomial import lower_bound, successes_needed, upper_bound


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.5, 0.9, 0.95, 0.975, 0.999]))
def test_bounds_are_those_of_scipy(right: int, wrong: int, certainty: float) -> None:
    total = right + wrong

    lower, upper = lower_bound(right, total, certainty), upper_bound(right, total, certainty)

    assert lower == pytest.approx(beta.ppf(1 - certainty, right, wrong + 1) if right else 0.0, abs=1e-9)
    assert upper == pytest.approx(beta.ppf(certainty, right + 1, wrong) if wrong else 1.0, abs=1e-9)


@given(st.integers(0, 60), st.integers(0, 5), st.sampled_from([0.0, 0.5, 0.8, 0.9, 0.95]))
def test_what_is_needed_reaches_the_bound_and_one_less_does_not(right: int, wrong: int, bound: float) -> None:
    needed = successes_needed(right, right + wrong, bound, 0.95)

    assert lower_bound(right + needed, right + wrong + needed, 0.95) >= bound - 1e-12
    assert not needed or lower_bound(right + needed - 1, right + wrong + needed - 1, 0.95) < bound


def test_many_slides_are_counted_exactly() -> None:
    assert lower_bound(9_500, 10_000, 0.95) == pytest.approx(beta.ppf(0.05, 9_500, 501), abs=1e-9)


@pytest.mark.parametrize(("right", "total"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(right: int, total: int) -> None:
    with pytest.raises(ValueError, match="expected from 0 to 3 successes"):
        lower_bound(right, total, 0.95)
