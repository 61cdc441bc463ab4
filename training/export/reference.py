"""Fits the feature reference of an artifact to the features that the served network itself gives."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hemascope.model.classifier import Classifier
from hemascope.model.feature_reference import FeatureReference
from training.data.dataset import Sample
from training.evidence.calibration import conformal_bound
from training.evidence.evaluate import network_inputs

_KEPT = 64
_ACCEPTED_SHARE = 0.995  # of unseen smears of the same laboratory
_MARGIN = 1.25  # few hundred smears can't show the tail of their own distribution


def served_features(classifier: Classifier, root: Path, samples: Sequence[Sample]) -> np.ndarray:
    """Pooled features of some smears as served: (n, features), float32."""
    features = [classifier.answer(*network_inputs(root, [sample], classifier)).features for sample in samples]
    return np.array(features, np.float32)


def provisional_features(classes: int, width: int) -> FeatureReference:
    """A reference of the right shapes that knows nothing: an artifact needs one before its network can be asked to fit it."""
    return FeatureReference(
        scale=np.ones(width, np.float32),
        means=np.zeros((classes, width), np.float32),
        directions=np.eye(1, width, dtype=np.float32),
        variances=np.ones(1, np.float32),
        rest=np.array(1.0, np.float32),
        accepted=np.array(1.0, np.float32),
        typical=np.ones(classes, np.float32),
    )


def fit_features(features: np.ndarray, labels: np.ndarray, unseen: np.ndarray, unseen_labels: np.ndarray) -> FeatureReference:
    """One Gaussian a class with one covariance; the accepted distance holds nearly all unseen smears.

    Parameters
    ----------
    features, labels
        (n, features) and (n,): of the training smears.
    unseen, unseen_labels
        (m, features) and (m,): of the validation smears.
    """
    scale = features.std(axis=0, dtype=np.float64)
    scale = np.maximum(scale, 1e-3 * scale.max())  # a feature that never fires would make any spark a distance
    scaled = features / scale
    means = np.stack([scaled[labels == label].mean(axis=0) for label in np.unique(labels)])
    own = scaled - means[np.searchsorted(np.unique(labels), labels)]
    variances, directions = np.linalg.eigh(own.T @ own / len(own))
    kept = min(_KEPT, len(own) // 4, len(scale) // 2)
    unit = FeatureReference(
        scale=scale.astype(np.float32),
        means=means.astype(np.float32),
        directions=directions.T[::-1][:kept].astype(np.float32),
        variances=variances[::-1][:kept].astype(np.float32),
        rest=np.array(variances[:-kept].mean(), np.float32),
        accepted=np.array(1.0, np.float32),
        typical=np.ones(len(means), np.float32),
    )
    accepted = np.array(np.quantile([unit.score(feature) for feature in unseen], _ACCEPTED_SHARE) * _MARGIN, np.float32)
    ratios = np.array([unit.ratios(feature) for feature in unseen])
    return replace(unit, accepted=accepted, typical=fit_typical(ratios, unseen_labels))


def fit_typical(ratios: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Conformal bound of each class: (classes,), from (m, classes) ratios of unseen smears; of all where a class has none."""
    of_truth = ratios[np.arange(len(labels)), labels]
    own = (of_truth[labels == label] for label in range(ratios.shape[1]))
    return np.array([conformal_bound(known if len(known) else of_truth) for known in own], np.float32)
