"""The colours of the reference microscope, the one that a model's own pictures come from: what other microscopes are fitted to.

The file holds statistics of the training pictures, not one of their pixels.
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.domain.errors import ArtifactError
from hemascope.domain.manifest import MICROSCOPE_REFERENCE
from hemascope.domain.report import Digest
from hemascope.model.folder import ArtifactFolder

FIGURES = 18  # of a field: see hemascope.microscopes.field_colours
LEVELS = 256

Vector = Annotated[list[float], Field(min_length=1)]
Matrix = Annotated[list[Vector], Field(min_length=1)]


class Gaussian(BaseModel):
    """Mean (n,) and covariance (n, n)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: Vector
    covariance: Matrix

    @classmethod
    def of(cls, mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> "Gaussian":
        """A Gaussian of arrays, to six significant digits."""
        return cls(mean=[_short(value) for value in mean], covariance=[[_short(value) for value in row] for row in covariance])

    @property
    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and covariance, float64."""
        return np.array(self.mean), np.array(self.covariance)


class MicroscopeReference(BaseModel):
    """Statistics of a model's training pictures, at half the size of working pictures and without the scale bar's corner.

    Parameters
    ----------
    pixels
        All pixels in RGB, 0-255: three figures.
    density
        All pixels in optical density, of :data:`hemascope.imaging.colour.DENSITY`: three figures.
    shares
        (3, 256): of each channel, the share of the pixels at or below each level.
    classes
        Each class: the 18 figures of its fields.
    class_pixels
        Each class: its pixels in RGB.
    data
        Digest of the split whose training part it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pixels: Gaussian
    density: Gaussian
    shares: Annotated[
        list[Annotated[list[float], Field(min_length=LEVELS, max_length=LEVELS)]], Field(min_length=3, max_length=3)
    ]
    classes: Annotated[list[Gaussian], Field(min_length=1)]
    class_pixels: Annotated[list[Gaussian], Field(min_length=1)]
    data: Digest


def load_reference(artifact: ArtifactFolder) -> MicroscopeReference:
    """Read the reference microscope of a model.

    Raises
    ------
    ArtifactError
        Where the artifact has none, or it is altered or no reference: no other microscope can be fitted to this model.
    """
    try:
        return MicroscopeReference.model_validate_json(artifact.read(MICROSCOPE_REFERENCE))
    except ValidationError as error:
        raise ArtifactError(f"expected a microscope reference in {artifact.path}, received: {error}") from error


def _short(value: float) -> float:
    return float(f"{value:.6g}")
