"""Probabilities -> what may be said: which classes are possible, and whether one may be stated alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.manifest import DecisionSpec


class Ruling(NamedTuple):
    """The likeliest class, the classes that are possible (never none), and whether the first may be stated alone."""

    label: str
    possible: tuple[str, ...]
    stated: bool


def rule(
    probabilities: NDArray[np.float64],
    rules: DecisionSpec,
    classes: tuple[str, ...],
    typical: NDArray[np.bool_] | None = None,
) -> Ruling:
    """Judge tempered probabilities by an artifact's rules.

    Possible are the likeliest class, any of at least ``prediction_set_threshold``, and any that the smear is typical of.
    Stating a class costs, on average, the probability of all others; where it is not an urgent class, the urgent ones count
    ``missed_cost`` times. It is stated where that costs at most ``1 - minimum_confidence`` and no other class is possible.
    Where a class that is not urgent can't be stated for the sake of the urgent ones, the likeliest of them is possible too.

    Parameters
    ----------
    probabilities
        (classes,), float64, sums to 1.
    rules
        The artifact's.
    typical
        (classes,): the conformal set, from the network's features; None where the artifact has no reference for them.

    Examples
    --------
    >>> spec = DecisionSpec(
    ...     temperature=1, minimum_confidence=0.8, prediction_set_threshold=0.2, missed_cost=10, urgent_classes=("B",)
    ... )
    >>> rule(np.array([0.95, 0.05]), spec, ("A", "B"))
    Ruling(label='A', possible=('A', 'B'), stated=False)
    >>> rule(np.array([0.05, 0.95]), spec, ("A", "B")).stated
    True
    """
    best = int(probabilities.argmax())
    possible = probabilities >= rules.prediction_set_threshold
    possible[best] = True
    if typical is not None:
        possible |= typical
    urgent = np.isin(classes, rules.urgent_classes)
    cost = 1.0 - float(probabilities[best])
    if rules.missed_cost is not None and not urgent[best]:
        danger = float(probabilities[urgent].sum())
        cost += (rules.missed_cost - 1.0) * danger
        if cost > 1.0 - rules.minimum_confidence and danger > 0.0:
            possible[int(np.where(urgent, probabilities, -1.0).argmax())] = True
    stated = int(possible.sum()) == 1 and cost <= 1.0 - rules.minimum_confidence
    return Ruling(classes[best], names_of(possible, classes), stated)


def names_of(chosen: NDArray[np.bool_], classes: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the chosen classes, in the manifest's order."""
    return tuple(name for name, one in zip(classes, chosen, strict=True) if one)
