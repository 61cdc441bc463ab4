"""How far a smear's features are from those the network learnt from: the second out-of-distribution check."""

import io
import zipfile
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import ArtifactError


@dataclass(frozen=True)
class FeatureReference:
    """The training smears' pooled features: one Gaussian a class, all of one covariance (Lee et al., NeurIPS 2018).

    Of the covariance the directions of most variance are kept, and one variance for all others (probabilistic principal
    components, Tipping and Bishop 1999): 1,024 features of some thousand smears say no more.

    Parameters
    ----------
    scale
        (features,), float32: what each feature is divided by.
    means
        (classes, features), float32: of the scaled features.
    directions
        (kept, features), float32: orthonormal.
    variances
        (kept,), float32, above 0: along each direction.
    rest
        Scalar, above 0: variance along any other direction.
    accepted
        Scalar, above 0: the distance up to which a smear counts as known.
    typical
        (classes,), float32, above 0: up to which ratio of distances, to a class and to the nearest other, a smear is typical
        of the class; split-conformal by class, so that 95 of 100 smears are typical of their own.
    """

    scale: NDArray[np.float32]
    means: NDArray[np.float32]
    directions: NDArray[np.float32]
    variances: NDArray[np.float32]
    rest: NDArray[np.float32]
    accepted: NDArray[np.float32]
    typical: NDArray[np.float32]

    @property
    def width(self) -> int:
        """How many features it expects."""
        return len(self.scale)

    def score(self, features: NDArray[np.float32]) -> float:
        """Distance to the nearest class as a multiple of the accepted one: above 1 the features are out of distribution."""
        return float(self.distances(features).min() / self.accepted)

    def is_typical(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether a smear is typical of each class: (classes,); it may be typical of none."""
        return np.asarray(self.ratios(features) <= self.typical, np.bool_)

    def ratios(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Distance to each class divided by that to the nearest other: (classes,), below 1 for the nearest one."""
        distances = self.distances(features)
        first, second = np.partition(distances, 1)[:2]
        return np.asarray(distances / np.maximum(np.where(distances == first, second, first), 1e-9), np.float64)

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mahalanobis distance of (features,), float32, to each class: (classes,), at least 0."""
        away = features / self.scale - self.means
        along = away @ self.directions.T
        beside = np.maximum(np.square(away).sum(axis=1) - np.square(along).sum(axis=1), 0.0)
        squares = (np.square(along) / self.variances).sum(axis=1) + beside / self.rest
        return np.asarray(np.sqrt(squares), np.float64)

    def to_bytes(self) -> bytes:
        """The reference as an ``.npz`` file."""
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **vars(self))
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "FeatureReference":
        """Read what :meth:`to_bytes` wrote.

        Raises
        ------
        ArtifactError
            Where it is no such file, or one whose arrays don't fit together.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                reference = cls(**{field.name: np.asarray(arrays[field.name], np.float32) for field in fields(cls)})
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ArtifactError(f"expected a feature reference, received: {error}") from error
        reference._check()
        return reference

    def _check(self) -> None:
        received = tuple(np.shape(getattr(self, field.name)) for field in fields(self))
        width, classes, kept = np.size(self.scale), len(np.atleast_1d(self.means)), np.size(self.variances)
        expected: tuple[tuple[int, ...], ...] = ((width,), (classes, width), (kept, width), (kept,), (), (), (classes,))
        if received != expected:
            raise ArtifactError(f"expected a feature reference of shapes {expected}, received {received}")
        if not all(np.isfinite(getattr(self, field.name)).all() for field in fields(self)):
            raise ArtifactError("expected a feature reference of finite numbers, received others")
        if not all((positive > 0.0).all() for positive in (self.scale, self.variances, self.rest, self.accepted, self.typical)):
            raise ArtifactError("expected scales, variances and accepted distances above 0, received others")
