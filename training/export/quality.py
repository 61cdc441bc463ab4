"""Limits of the quality gate, fitted to the figures of the training pictures."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.quality import QualityFigure, QualityLimit, QualityReason, QualitySpec
from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import to_network_inputs
from hemascope.imaging.quality import gate_figures

# A limit stands where one picture in a thousand of the training part lies, and by its margin further out: a part of it for
# figures that scale, or so many units for those with a fixed end. Pictures of the next slide are a little different.
_TAIL = 0.001
_SCALED = (
    (QualityFigure.SHARPNESS, QualityReason.OUT_OF_FOCUS, "low", 1.25),
    (QualityFigure.BRIGHTNESS, QualityReason.TOO_DARK, "low", 1.15),
    (QualityFigure.UNEVENNESS, QualityReason.UNEVEN_LIGHT, "high", 1.25),
    (QualityFigure.STAIN, QualityReason.UNSTAINED, "low", 1.5),
    (QualityFigure.GRAIN, QualityReason.WRONG_MAGNIFICATION, "low", 1.02),
    (QualityFigure.GRAIN, QualityReason.WRONG_MAGNIFICATION, "high", 1.02),
    (QualityFigure.CELL_AREA, QualityReason.WRONG_MAGNIFICATION, "low", 1.25),
    (QualityFigure.CELL_AREA, QualityReason.WRONG_MAGNIFICATION, "high", 1.25),
    (QualityFigure.MASK_COVERAGE, QualityReason.EMPTY_MASK, "low", 1.5),
    (QualityFigure.MASK_COVERAGE, QualityReason.OVERFLOWING_MASK, "high", 1.25),
)
_SHIFTED = (
    (QualityFigure.BRIGHTNESS, QualityReason.TOO_BRIGHT, "high", 2.0),
    (QualityFigure.CLIPPED, QualityReason.TOO_BRIGHT, "high", 0.05),
    (QualityFigure.FLAT, QualityReason.UNEVEN_LIGHT, "high", 0.06),
)
_FEWEST = QualityLimit(figure=QualityFigure.CELLS, reason=QualityReason.TOO_FEW_CELLS, low=1.0)


def measure_all(pictures: Sequence[Picture] | np.ndarray, spec: PreprocessingSpec) -> list[dict[QualityFigure, float]]:
    """Figures of working pictures."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda picture: gate_figures(picture, to_network_inputs(picture, spec).segmentation), pictures))


def fit_quality(measured: Sequence[dict[QualityFigure, float]]) -> QualitySpec:
    """Limits that hold nearly every picture whose figures these are.

    Raises
    ------
    ValueError
        Where there is nothing to fit to.
    """
    if not measured:
        raise ValueError("expected figures of training pictures, received none")
    limits = [_FEWEST]
    for figure, reason, side, margin in _SCALED:
        bound = _tail(measured, figure, side)
        limits.append(_limit(figure, reason, side, bound / margin if side == "low" else bound * margin))
    for figure, reason, side, margin in _SHIFTED:
        limits.append(_limit(figure, reason, side, _tail(measured, figure, side) + margin))
    order = list(QualityReason)
    return QualitySpec(limits=tuple(sorted(limits, key=lambda limit: order.index(limit.reason))))


def _tail(measured: Sequence[dict[QualityFigure, float]], figure: QualityFigure, side: str) -> float:
    values = [figures[figure] for figures in measured]
    return float(np.quantile(values, _TAIL if side == "low" else 1.0 - _TAIL))


def _limit(figure: QualityFigure, reason: QualityReason, side: str, bound: float) -> QualityLimit:
    return QualityLimit.model_validate({"figure": figure, "reason": reason, side: float(f"{bound:.4g}")})
