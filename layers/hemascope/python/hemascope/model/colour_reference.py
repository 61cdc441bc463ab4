"""How far a smear's colours are from those the model was made with: the first guard against another laboratory."""

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


class ColourReference(BaseModel):
    """The colours that the model knows, and the Mahalanobis distance up to which a picture counts as known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clusters: Annotated[list[ColourCluster], Field(min_length=1)]
    accepted_distance: Annotated[float, Field(gt=0.0)]

    def score(self, fingerprint: NDArray[np.float64]) -> float:
        """Distance to the nearest cluster as a multiple of the accepted one: above 1 the picture is unlike the known."""
        distances = []
        for cluster in self.clusters:
            away = fingerprint - np.asarray(cluster.mean)
            distances.append(np.sqrt(max(0.0, float(away @ np.asarray(cluster.precision) @ away))))
        return float(min(distances) / self.accepted_distance)
