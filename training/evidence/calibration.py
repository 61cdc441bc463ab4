"""Thresholds of an artifact, fitted on the validation part: temperature, prediction set, colour reference."""

import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture
from hemascope.imaging.fingerprint import colour_fingerprint
from hemascope.model.classifier import temper
from hemascope.model.colour_reference import ColourCluster, ColourReference

COVERAGE = 0.95
_ACCEPTED_SHARE = 0.995  # of unseen smears of the same laboratory; the others are referred to a person
_MARGIN = 1.25  # a few hundred smears can't show the tail of their distribution
_HIGHEST_SET_THRESHOLD = 0.2  # a class this likely is always in the set, however confident the model is on its own laboratory


def fit_temperature(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Temperature that minimizes the negative log likelihood on a grid of 0.5-5, from untempered probabilities (n, classes)."""

    def loss(temperature: float) -> float:
        tempered = temper(probabilities, temperature)
        return float(-np.log(tempered[np.arange(len(labels)), labels]).mean())

    return float(min(np.geomspace(0.5, 5.0, 200), key=loss))


def fit_prediction_set(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Split-conformal threshold: the set of classes of at least this probability holds the truth in 95 % of new smears."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    return min(-conformal_bound(-of_truth), _HIGHEST_SET_THRESHOLD)


def conformal_bound(scores: NDArray[np.floating]) -> float:
    """Bound that 95 % of new scores don't exceed, whatever their distribution, from (n,) scores (Vovk et al. 2005)."""
    rank = int(np.floor((1 - COVERAGE) * (len(scores) + 1))) - 1
    return float(np.sort(scores)[::-1][max(rank, 0)])


def fit_colours(pictures: Picture, labels: NDArray[np.int64], unseen: Picture) -> ColourReference:
    """Gaussian of each class' colour fingerprints; nearly all unseen smears are within the accepted distance.

    Parameters
    ----------
    pictures, unseen
        (n, side, side, 3) and (m, side, side, 3), uint8: working pictures of the training and of the validation part.
    """
    fingerprints = np.array([colour_fingerprint(picture) for picture in pictures])
    clusters = []
    for label in np.unique(labels):
        own = fingerprints[labels == label]
        covariance = np.cov(own.T) + 0.25 * np.eye(own.shape[1])  # the variance that rounding to 8 bits causes
        precision = np.round(np.linalg.inv(covariance), 8)
        clusters.append(ColourCluster(mean=np.round(own.mean(axis=0), 4).tolist(), precision=precision.tolist()))
    unit = ColourReference(clusters=clusters, accepted_distance=1.0)
    distances = [unit.score(colour_fingerprint(picture)) for picture in unseen]
    accepted = float(np.quantile(distances, _ACCEPTED_SHARE)) * _MARGIN
    return ColourReference(clusters=clusters, accepted_distance=round(accepted, 4))
