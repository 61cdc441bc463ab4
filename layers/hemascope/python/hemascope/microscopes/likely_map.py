"""The affine map of RGB under which a microscope's fields are likeliest, whatever classes they show.

Each field is eighteen figures, and each class of the reference one Gaussian of them. Nothing says which field is of which
class, so a field's likelihood is the sum over the classes: a session of one class only is not taken for the whole mixture.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hemascope.microscopes.field_colours import (
    CORRELATION_SCALE,
    DEVIATION_SCALE,
    PAIRS,
    FieldColours,
    correlation_of,
    figures_of,
    stacked,
    variances_of,
)
from hemascope.microscopes.minimize import minimize
from hemascope.microscopes.reference import MicroscopeReference

Array = NDArray[np.float64]
_CONTRAST = 40.0  # grey levels by which colours lie around their middle
_HEAVY = 40.0  # Mahalanobis distances beyond it count by their logarithm: one odd field can't turn the map
_MATRIX_DEVIATION, _OFFSET_DEVIATION = 0.35, 60.0  # of the prior around the identity


class Affine(NamedTuple):
    """``matrix`` (3, 3) times RGB (0-255) plus ``offset`` (3,)."""

    matrix: Array
    offset: Array


class _Classes(NamedTuple):
    """Means (c, 18), inverse covariances (c, 18, 18) and logarithms of the covariances' determinants (c,)."""

    means: Array
    precisions: Array
    log_determinants: Array


def likeliest_map(
    fields: Sequence[FieldColours], reference: MicroscopeReference, ridge: float, starts: Sequence[Affine]
) -> Affine:
    """Maximize the fields' likelihood, with a prior around the identity, from several starts.

    Parameters
    ----------
    ridge
        Added to each figure's variance in every class: the larger, the less narrow directions of the reference count.
    """
    classes, measured = _regularized(reference, ridge), stacked(fields)

    middle = measured[0].mean(axis=0)

    def cost(unknown: Array) -> tuple[float, Array]:
        value, by_matrix, by_offset = _cost(_affine(unknown, middle), measured, classes)
        turned = (by_matrix - np.outer(by_offset, middle)) / _CONTRAST
        return value, np.concatenate([turned.ravel(), by_offset])

    found = [minimize(cost, _unknown(start, middle)) for start in starts]
    best, _ = min(found, key=lambda result: result[1])
    return _affine(best, middle)


def _affine(unknown: Array, middle: Array) -> Affine:
    """The map of twelve unknowns that are alike in what a unit does: the matrix around the middle colour, and its shift."""
    matrix = np.eye(3) + unknown[:9].reshape(3, 3) / _CONTRAST
    return Affine(matrix, middle + unknown[9:] - matrix @ middle)


def _unknown(affine: Affine, middle: Array) -> Array:
    turned = _CONTRAST * (affine.matrix - np.eye(3))
    return np.concatenate([turned.ravel(), affine.offset + affine.matrix @ middle - middle])


def _regularized(reference: MicroscopeReference, ridge: float) -> _Classes:
    means, covariances = zip(*(found.arrays for found in reference.classes), strict=True)
    whole = np.stack(covariances) + ridge * np.eye(len(means[0]))
    precisions = np.asarray(np.linalg.inv(whole), np.float64)
    return _Classes(np.stack(means), precisions, np.asarray(np.linalg.slogdet(whole)[1], np.float64))


def _cost(affine: Affine, measured: tuple[Array, Array, Array], classes: _Classes) -> tuple[float, Array, Array]:
    """Negative logarithm of likelihood and prior, and its gradient by matrix (3, 3) and offset (3,)."""
    matrix, offset = affine
    mean, covariance, anchors = measured
    moved_mean, moved_anchors = mean @ matrix.T + offset, anchors @ matrix.T + offset
    moved_covariance = matrix @ covariance @ matrix.T
    figures = figures_of(moved_mean, moved_covariance, moved_anchors)
    away = figures[:, None, :] - classes.means
    weighted = np.einsum("nci,cij->ncj", away, classes.precisions)
    squares = (weighted * away).sum(axis=2)
    logarithms = -0.5 * (_HEAVY * np.log1p(squares / _HEAVY) + classes.log_determinants)
    largest = logarithms.max(axis=1, keepdims=True)
    likelihoods = np.exp(logarithms - largest)
    total = likelihoods.sum(axis=1, keepdims=True)
    responsible = likelihoods / total / (1.0 + squares / _HEAVY)
    by_figure = (responsible[..., None] * weighted).sum(axis=1)

    by_mean, by_anchors = by_figure[:, :3], by_figure[:, 9:].reshape(-1, 3, 3)
    by_matrix = by_mean.T @ mean + np.einsum("nki,nkj->ij", by_anchors, anchors)
    by_covariance = _by_covariance(by_figure[:, 3:6], by_figure[:, 6:9], moved_covariance)
    by_matrix += 2.0 * np.einsum("nij,njk->ik", by_covariance @ matrix, covariance)
    by_offset = by_mean.sum(axis=0) + by_anchors.sum(axis=(0, 1))

    turned = matrix - np.eye(3)
    prior = (turned**2).sum() / _MATRIX_DEVIATION**2 + (offset**2).sum() / _OFFSET_DEVIATION**2
    value = -float((np.log(total) + largest).sum()) + 0.5 * float(prior)
    return value, by_matrix + turned / _MATRIX_DEVIATION**2, by_offset + offset / _OFFSET_DEVIATION**2


def _by_covariance(by_deviations: Array, by_correlations: Array, covariance: Array) -> Array:
    """Derivative by the covariance (n, 3, 3), symmetric, from those by the figures of deviation and of correlation (n, 3)."""
    variances = variances_of(covariance)
    by_variances = DEVIATION_SCALE / 2 * by_deviations / variances
    result = np.zeros_like(covariance)
    for place, (one, other) in enumerate(PAIRS):
        correlation = correlation_of(covariance, variances, one, other)
        slope = by_correlations[:, place] * CORRELATION_SCALE / (1.0 - correlation**2)
        result[:, one, other] = result[:, other, one] = 0.5 * slope / np.sqrt(variances[:, one] * variances[:, other])
        for channel in (one, other):
            by_variances[:, channel] -= 0.5 * slope * correlation / variances[:, channel]
    result[:, range(3), range(3)] = by_variances
    return result
