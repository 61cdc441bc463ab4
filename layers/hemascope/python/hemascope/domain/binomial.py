"""Exact bounds of a probability that was measured by counting: Clopper and Pearson, Biometrika 26 (1934) 404-413."""

import math
from collections.abc import Callable

_STEPS = 60  # halvings of the interval from 0 to 1: more than a double resolves


def lower_bound(successes: int, trials: int, certainty: float) -> float:
    """The smallest probability with which at least so many successes are not too improbable: above ``1 - certainty``.

    Parameters
    ----------
    successes, trials
        What was counted; 0 <= successes <= trials.
    certainty
        Of this bound alone, 0 to 1. The interval of both bounds holds with ``2 * certainty - 1`` at least.

    Examples
    --------
    >>> [round(lower_bound(n, n, 0.95), 3) for n in (0, 28, 29)]
    [0.0, 0.899, 0.902]
    """
    _check(successes, trials)
    if successes == 0:
        return 0.0
    return _smallest(lambda share: _at_least(successes, trials, share) >= math.log(1.0 - certainty))


def upper_bound(successes: int, trials: int, certainty: float) -> float:
    """The largest probability with which at most so many successes are not too improbable; see :func:`lower_bound`.

    Examples
    --------
    >>> round(upper_bound(0, 10, 0.95), 4), upper_bound(10, 10, 0.95)
    (0.2589, 1.0)
    """
    return 1.0 - lower_bound(trials - successes, trials, certainty)


def successes_needed(successes: int, trials: int, bound: float, certainty: float) -> int:
    """How many more trials, each a success, bring the lower bound to ``bound``, a share from 0 to below 1.

    Examples
    --------
    >>> [successes_needed(right, total, 0.9, 0.95) for right, total in ((0, 0), (29, 29), (30, 31))]
    [29, 0, 15]
    """
    _check(successes, trials)

    def is_enough(more: int) -> bool:
        if bound <= 0.0:
            return True
        return successes + more > 0 and _at_least(successes + more, trials + more, bound) <= math.log(1.0 - certainty)

    above = 1
    while not is_enough(above):
        above *= 2
    below = 0
    while below < above:  # each further success raises the bound
        middle = (below + above) // 2
        below, above = (below, middle) if is_enough(middle) else (middle + 1, above)
    return below


def _smallest(is_reached: Callable[[float], bool]) -> float:
    """The smallest share at which a rising condition holds, from below: a bound errs to the safe side."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_reached(middle) else (middle, high)
    return low


def _at_least(successes: int, trials: int, share: float) -> float:
    """Logarithm of the probability of at least so many successes; 0 < share < 1, successes > 0."""
    yes, no = math.log(share), math.log1p(-share)
    terms = [_ways(trials, count) + count * yes + (trials - count) * no for count in range(successes, trials + 1)]
    largest = max(terms)
    return largest + math.log(math.fsum(math.exp(term - largest) for term in terms))


def _ways(trials: int, count: int) -> float:
    return math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)


def _check(successes: int, trials: int) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"expected from 0 to {trials} successes, received {successes}")
