"""Probabilities -> which classes are possible, and whether one may be stated alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.disease import ClassSpec
from hemascope.domain.manifest import DecisionSpec


class ClassDecision(NamedTuple):
    """What follows from probabilities.

    ``label``: the likeliest class. ``prediction_set``: the classes that are possible, never empty, in index order.
    ``is_conclusive``: whether the label may be stated alone.
    """

    label: str
    prediction_set: tuple[str, ...]
    is_conclusive: bool


def decide(
    probabilities: NDArray[np.float64],
    typical: NDArray[np.bool_],
    spec: DecisionSpec,
    classes: Sequence[ClassSpec],
) -> ClassDecision:
    """Decide by an artifact's thresholds and costs.

    Possible are the likeliest class, any of at least ``prediction_set_threshold``, and any that the smear is typical of.
    Stating a class costs, on average, the probability of all others; where it is not an urgent class, the urgent ones count
    ``missed_cost`` times. It is stated where that costs at most ``1 - minimum_confidence`` and no other class is possible.
    Where a class that is not urgent can't be stated for the sake of the urgent ones, the likeliest of them is possible too.

    Parameters
    ----------
    probabilities
        (classes,), float64, sums to 1.
    typical
        (classes,), bool: the conformal set, from the network's features.
    spec
        The artifact's thresholds.
    classes
        The artifact's classes, in index order.

    Examples
    --------
    >>> spec = DecisionSpec(temperature=1, minimum_confidence=0.8, prediction_set_threshold=0.2, missed_cost=10)
    >>> disc, sickle = (ClassSpec(name=name, folder=name, display=name, urgent=name == "B") for name in "AB")
    >>> decide(np.array([0.95, 0.05]), np.zeros(2, np.bool_), spec, (disc, sickle))
    ClassDecision(label='A', prediction_set=('A', 'B'), is_conclusive=False)
    >>> decide(np.array([0.05, 0.95]), np.zeros(2, np.bool_), spec, (disc, sickle)).is_conclusive
    True
    """
    best = int(probabilities.argmax())
    possible = (probabilities >= spec.prediction_set_threshold) | typical
    possible[best] = True
    urgent = np.array([found.urgent for found in classes], np.bool_)
    cost = 1.0 - float(probabilities[best])
    if not urgent[best]:
        danger = float(probabilities[urgent].sum())
        cost += (spec.missed_cost - 1.0) * danger
        if cost > 1.0 - spec.minimum_confidence and danger > 0.0:
            possible[int(np.where(urgent, probabilities, -1.0).argmax())] = True
    is_conclusive = int(possible.sum()) == 1 and cost <= 1.0 - spec.minimum_confidence
    return ClassDecision(classes[best].name, names_of(possible, classes), is_conclusive)


def names_of(chosen: NDArray[np.bool_], classes: Sequence[ClassSpec]) -> tuple[str, ...]:
    """Names of the chosen classes, in index order; ``chosen`` is (classes,), bool."""
    return tuple(spec.name for spec, is_chosen in zip(classes, chosen, strict=True) if is_chosen)
