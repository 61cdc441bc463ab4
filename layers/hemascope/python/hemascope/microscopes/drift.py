"""Fields that a microscope was commissioned with -> the baseline that its drift is told by. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.drift import Baseline, DriftFigure, FigureBaseline, Figures
from hemascope.domain.drift_chart import WEIGHT

Array = NDArray[np.float64]
_SEED = 36
_ORDERS, _FIELDS, _RUN = 200, 300, 10  # simulated orders, fields in each, neighbouring fields of one slide
_USUAL = 0.9  # share of the orders whose smoothed figure stays within the range
_ODD = 6.0  # spreads from the mean beyond which a single field counts no further
_DIGITS = 4
# A commissioning set of one day varies less than the microscope does: the range is never narrower than this to either side.
_NARROWEST = {
    DriftFigure.LIGHT: 0.5,
    DriftFigure.EXPOSURE: 2.0,
    DriftFigure.WARMTH: 1.0,
    DriftFigure.TINT: 0.5,
    DriftFigure.UNEVENNESS: 3.0,
    DriftFigure.STAIN: 3.0,
    DriftFigure.SHARPNESS: 5.0,
    DriftFigure.COLOUR_SCORE: 0.05,
    DriftFigure.FEATURE_SCORE: 0.05,
    DriftFigure.RED_CELL: 3.0,
}


def fit_baseline(fields: Sequence[tuple[str, Figures]], model: str) -> Baseline:
    """Measure mean and range of each figure that at least half of the fields have.

    Fields of one slide share its stain, so the range is that of the chart's own smoothed line over simulated orders of these
    fields, in which ten neighbours are always of one slide.

    Parameters
    ----------
    fields
        Slide and figures of each field.
    model
        id/version of the model whose scores are among them.

    Raises
    ------
    ValueError
        Where there is no field, or no figure that half of them have.
    """
    if not fields:
        raise ValueError("expected fields of a commissioning set, received none")
    figures: dict[DriftFigure, FigureBaseline] = {}
    for figure in DriftFigure:
        slides = [slide for slide, found in fields if figure in found]
        if 2 * len(slides) >= len(fields):
            values = np.array([found[figure] for _, found in fields if figure in found], np.float64)
            figures[figure] = _measure(values, slides, _NARROWEST[figure])
    return Baseline(figures=figures, fields=len(fields), slides=len({slide for slide, _ in fields}), model=model)


def _measure(values: Array, slides: Sequence[str], narrowest: float) -> FigureBaseline:
    spread = max(float(values.std()), narrowest / _ODD)
    counted = np.clip(values, values.mean() - _ODD * spread, values.mean() + _ODD * spread)
    mean = float(counted.mean())
    smoothed = _smoothed_orders(counted, slides)
    high = max(float(np.quantile(smoothed.max(axis=1), _USUAL)) - mean, narrowest)
    low = max(mean - float(np.quantile(smoothed.min(axis=1), 1.0 - _USUAL)), narrowest)
    return FigureBaseline(
        mean=round(mean, _DIGITS),
        least=round(mean - max(_ODD * spread, low), _DIGITS),
        most=round(mean + max(_ODD * spread, high), _DIGITS),
        low=round(mean - low, _DIGITS),
        high=round(mean + high, _DIGITS),
    )


def _smoothed_orders(values: Array, slides: Sequence[str]) -> Array:
    """The smoothed figure after each field of each simulated order: (orders, fields)."""
    chance = np.random.default_rng(_SEED)
    names = np.array(slides)
    by_slide = [values[names == slide] for slide in sorted(set(slides))]
    orders = np.empty((_ORDERS, _FIELDS))
    for order in orders:
        runs = chance.integers(0, len(by_slide), _FIELDS // _RUN)
        order[:] = np.concatenate([chance.choice(by_slide[place], _RUN) for place in runs])
    smoothed = np.full(orders.shape, values.mean())
    value = smoothed[:, 0].copy()
    for place in range(_FIELDS):
        value += WEIGHT * (orders[:, place] - value)
        smoothed[:, place] = value
    return smoothed
