"""Heads, which turn features into classes: the study's dense head, PCA with a random forest, a support vector machine."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from training.data.batches import EpochSetter, FeatureBatches
from training.networks.fusion import DROPOUT, HEAD_UNITS, build_head

Floats = NDArray[np.float32]
Probabilities = NDArray[np.float64]
Examples = tuple[list[Floats], NDArray[np.int64]]
"""Features of each copy, the first not augmented: arrays (n, width); and labels (n,)."""


@dataclass(frozen=True)
class HeadSettings:
    """How a dense head is built and trained; the defaults are the study's."""

    epochs: int = 50
    batch: int = 32
    learning_rate: float = 1e-3
    dropout: float = DROPOUT
    width: int = HEAD_UNITS[0]
    depth: int = len(HEAD_UNITS)
    seed: int = 1

    @property
    def units(self) -> tuple[int, ...]:
        """Widths of the dense layers: each is half of the previous, at least 8.

        Examples
        --------
        >>> HeadSettings().units
        (1024, 512, 256, 128, 64, 32, 16)
        """
        return tuple(max(self.width >> position, 8) for position in range(self.depth))


Head = Callable[[Examples, Sequence[Floats], HeadSettings], list[Probabilities]]
"""Training examples, features of unseen parts, settings -> probabilities (n, 4) of each unseen part."""


def train_dense(
    training: Examples,
    settings: HeadSettings,
    validation: tuple[Floats, NDArray[np.int64]] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
) -> keras.Model:
    """Train a dense head on cached features; each epoch uses another augmented copy."""
    copies, labels = training
    keras.utils.set_random_seed(settings.seed)
    head = build_head(copies[0].shape[1], settings.units, settings.dropout)
    head.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    batches = FeatureBatches(copies, labels, settings.batch, settings.seed)
    head.fit(
        batches,
        validation_data=validation,
        epochs=settings.epochs,
        verbose=verbose,
        callbacks=[EpochSetter(batches), *callbacks],
    )
    return head


def _dense(training: Examples, unseen: Sequence[Floats], settings: HeadSettings) -> list[Probabilities]:
    head = train_dense(training, settings)
    return [np.asarray(head.predict(features, verbose=0), np.float64) for features in unseen]


def _forest(training: Examples, unseen: Sequence[Floats], settings: HeadSettings) -> list[Probabilities]:
    """Components for 99 % of the variance, 500 trees."""
    forest = RandomForestClassifier(500, n_jobs=os.cpu_count(), random_state=settings.seed)
    model = make_pipeline(StandardScaler(), PCA(0.99, svd_solver="full"), forest)
    return _probabilities(model, training, unseen)


def _svm(training: Examples, unseen: Sequence[Floats], _settings: HeadSettings) -> list[Probabilities]:
    """Radial basis functions, C 10; probabilities by Platt's sigmoid over five folds of the training examples."""
    model = make_pipeline(StandardScaler(), CalibratedClassifierCV(SVC(C=10), cv=5, ensemble=False))
    return _probabilities(model, training, unseen)


def _probabilities(model: Pipeline, training: Examples, unseen: Sequence[Floats]) -> list[Probabilities]:
    copies, labels = training
    model.fit(np.concatenate(copies), np.tile(labels, len(copies)))
    return [np.asarray(model.predict_proba(features), np.float64) for features in unseen]


HEADS: dict[str, Head] = {"dense": _dense, "pca-forest": _forest, "svm": _svm}
