"""The colours of one field, as statistics that an affine map of RGB moves in a known way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.preprocessing import PreprocessingSpec, StainSpec
from hemascope.imaging.colour import DENSITY
from hemascope.imaging.decode import Picture
from hemascope.imaging.stain import measure_anchors, seen_pixels
from hemascope.microscopes.reference import LEVELS

Array = NDArray[np.float64]
_VARIANCE_FLOOR = 0.25  # grey levels squared: what rounding alone gives
PAIRS = ((0, 1), (0, 2), (1, 2))  # of channels
DEVIATION_SCALE, CORRELATION_SCALE = 20.0, 30.0  # they bring the figures to about the spread of grey levels
_LARGEST_CORRELATION = 0.9995


@dataclass(frozen=True)
class FieldColours:
    """Pixels of one field at half its working size, without the scale bar's corner.

    ``mean`` (3,) and ``covariance`` (3, 3) of RGB, 0-255; ``density_mean`` and ``density_covariance`` of the optical density;
    ``anchors`` (3, 3): colours of empty slide, red cells and nuclei, in rows; ``levels`` (n, 3), uint8: the pixels themselves.
    """

    mean: Array
    covariance: Array
    density_mean: Array
    density_covariance: Array
    anchors: Array
    levels: Picture


def measure_field(working: Picture, spec: PreprocessingSpec) -> FieldColours:
    """Measure a working picture (working_size, working_size, 3), uint8, RGB."""
    spec = spec.model_copy(update={"stain": spec.stain or spec.counting or StainSpec()})
    levels = seen_pixels(working, spec)
    found = measure_anchors(working, spec)
    anchors = np.stack([found.slide, found.slide * (1.0 - found.red_cells), found.slide * (1.0 - found.nuclei)])
    rgb, density = _moments(levels.astype(np.float64)), _moments(DENSITY[levels].astype(np.float64))
    return FieldColours(*rgb, *density, anchors, levels)


def pooled(means: Sequence[Array], covariances: Sequence[Array]) -> tuple[Array, Array]:
    """Mean and covariance of the pixels of several fields, all of one number of pixels."""
    centres = np.stack(means)
    mean = centres.mean(axis=0)
    away = centres - mean
    return mean, np.asarray(np.mean(covariances, axis=0) + away.T @ away / len(centres), np.float64)


def shares(levels: Picture) -> Array:
    """Share of the pixels at or below each level, by channel, of (n, 3), uint8: (3, 256), float64, 0-1."""
    return np.asarray(np.cumsum(_histogram(levels), axis=1), np.float64)


def clipped(levels: Picture) -> Array:
    """Share of the pixels (n, 3), uint8, at either end of each channel's range, where light is lost for good: (3,), 0-1."""
    found = _histogram(levels)
    return np.asarray(found[:, 0] + found[:, -1], np.float64)


def _histogram(levels: Picture) -> Array:
    counts = np.stack([np.bincount(levels[:, channel], minlength=LEVELS) for channel in range(3)])
    return np.asarray(counts / len(levels), np.float64)


def figures_of(mean: Array, covariance: Array, anchors: Array) -> Array:
    """The 18 figures of fields: means, logarithms of the deviations, correlations, and the colours of the three anchors.

    Parameters
    ----------
    mean, covariance, anchors
        (n, 3), (n, 3, 3) and (n, 3, 3): as in :class:`FieldColours`.

    Returns
    -------
    array of shape (n, 18), float64, in about the unit of grey levels
    """
    variances = variances_of(covariance)
    correlations = [correlation_of(covariance, variances, *pair) for pair in PAIRS]
    parts = [mean, DEVIATION_SCALE / 2 * np.log(variances), CORRELATION_SCALE * np.arctanh(np.stack(correlations, axis=1))]
    return np.asarray(np.concatenate([*parts, anchors.reshape(len(anchors), 9)], axis=1), np.float64)


def variances_of(covariance: Array) -> Array:
    """The variance of each channel, at least that of rounding: (n, 3)."""
    return np.asarray(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), _VARIANCE_FLOOR), np.float64)


def correlation_of(covariance: Array, variances: Array, one: int, other: int) -> Array:
    """The correlation of two channels: (n,), short of 1."""
    raw = covariance[:, one, other] / np.sqrt(variances[:, one] * variances[:, other])
    return np.asarray(np.clip(raw, -_LARGEST_CORRELATION, _LARGEST_CORRELATION), np.float64)


def stacked(fields: Sequence[FieldColours]) -> tuple[Array, Array, Array]:
    """Means (n, 3), covariances (n, 3, 3) and anchors (n, 3, 3) of fields."""
    return (
        np.stack([field.mean for field in fields]),
        np.stack([field.covariance for field in fields]),
        np.stack([field.anchors for field in fields]),
    )


def _moments(values: Array) -> tuple[Array, Array]:
    return values.mean(axis=0), np.asarray(np.cov(values.T, bias=True), np.float64)
