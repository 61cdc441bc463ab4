"""How far a smear's colours are from those the model was made with: the first out-of-distribution check."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from hemascope.imaging.fingerprint import FIGURES


class ColourCluster(BaseModel):
    """One class of the training pictures: mean (12) and inverse covariance (12 x 12) of their colour fingerprints."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: Annotated[list[float], Field(min_length=FIGURES, max_length=FIGURES)]
    precision: Annotated[list[list[float]], Field(min_length=FIGURES, max_length=FIGURES)]

    def distance(self, fingerprint: NDArray[np.float64]) -> float:
        """Mahalanobis distance of a fingerprint (12,)."""
        away = fingerprint - np.asarray(self.mean)
        return float(np.sqrt(max(0.0, float(away @ np.asarray(self.precision) @ away))))

    @property
    def spreads(self) -> NDArray[np.float64]:
        """Standard deviation of each figure among the training pictures: (12,), float64."""
        return np.asarray(np.sqrt(np.diag(np.linalg.inv(np.asarray(self.precision)))), np.float64)


class ColourReference(BaseModel):
    """The colours that the model knows, and the Mahalanobis distance up to which a picture counts as known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clusters: Annotated[list[ColourCluster], Field(min_length=1)]
    accepted_distance: Annotated[float, Field(gt=0.0)]

    def score(self, fingerprint: NDArray[np.float64]) -> float:
        """Distance to the nearest cluster as a multiple of the accepted one: above 1 the colours are out of distribution."""
        return min(cluster.distance(fingerprint) for cluster in self.clusters) / self.accepted_distance

    def nearest(self, fingerprint: NDArray[np.float64]) -> ColourCluster:
        """The cluster that decides about a fingerprint."""
        return min(self.clusters, key=lambda cluster: cluster.distance(fingerprint))
