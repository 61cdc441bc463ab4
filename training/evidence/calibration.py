"""Thresholds of an artifact, fitted on the validation part: temperature, prediction set, known colours."""

import numpy as np

from hemascope.imaging.fingerprint import colour_fingerprint
from hemascope.model.classifier import temper
from hemascope.model.colour_reference import ColourCluster, ColourReference

COVERAGE = 0.95
_ACCEPTED_SHARE = 0.995  # of unseen smears of the same laboratory; the rest are asked to be looked at
_MARGIN = 1.25  # few hundred smears can't show the tail of their own distribution
_HIGHEST_SET_THRESHOLD = 0.2  # a class this likely is always named, however sharp the model is on its own laboratory


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Temperature of least negative log likelihood on a grid of 0.5-5, from untempered probabilities (n, classes)."""

    def loss(temperature: float) -> float:
        tempered = temper(probabilities, temperature)
        return float(-np.log(tempered[np.arange(len(labels)), labels]).mean())

    return float(min(np.geomspace(0.5, 5.0, 200), key=loss))


def fit_prediction_set(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Split-conformal threshold: classes of at least this probability hold the truth in 95 % of new smears."""
    of_truth = probabilities[np.arange(len(labels)), labels]
    return min(-conformal_bound(-of_truth), _HIGHEST_SET_THRESHOLD)


def conformal_bound(scores: np.ndarray) -> float:
    """What 95 % of new scores don't exceed, whatever their distribution, by (n,) scores of unseen smears (Vovk et al. 2005)."""
    rank = int(np.floor((1 - COVERAGE) * (len(scores) + 1))) - 1
    return float(np.sort(scores)[::-1][max(rank, 0)])


def fit_colours(pictures: np.ndarray, labels: np.ndarray, unseen: np.ndarray) -> ColourReference:
    """Gaussian of each class' colour fingerprints; the accepted distance holds nearly all unseen smears."""
    fingerprints = np.array([colour_fingerprint(picture) for picture in pictures])
    clusters = []
    for label in np.unique(labels):
        own = fingerprints[labels == label]
        covariance = np.cov(own.T) + 0.25 * np.eye(own.shape[1])  # rounding to 8 bits is worth that much
        precision = np.round(np.linalg.inv(covariance), 8)
        clusters.append(ColourCluster(mean=np.round(own.mean(axis=0), 4).tolist(), precision=precision.tolist()))
    unit = ColourReference(clusters=clusters, accepted_distance=1.0)
    distances = [unit.score(colour_fingerprint(picture)) for picture in unseen]
    accepted = float(np.quantile(distances, _ACCEPTED_SHARE)) * _MARGIN
    return ColourReference(clusters=clusters, accepted_distance=round(accepted, 4))
