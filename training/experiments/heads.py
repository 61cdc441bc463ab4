"""What turns features into classes: the study's dense head, PCA with a random forest, a support vector machine."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from training.data.batches import EpochClock
from training.experiments.train import CopiesInTurn
from training.networks.fusion import DROPOUT, HEAD_UNITS, build_head

Examples = tuple[list[np.ndarray], np.ndarray]
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
        """Widths of the dense layers: each half of the one before, at least 8.

        Examples
        --------
        >>> HeadSettings().units
        (1024, 512, 256, 128, 64, 32, 16)
        """
        return tuple(max(self.width >> position, 8) for position in range(self.depth))


Head = Callable[[Examples, Sequence[np.ndarray], HeadSettings], list[np.ndarray]]
"""Training examples, features of unseen parts, settings -> probabilities (n, 4) of each unseen part."""


def train_dense(
    training: Examples,
    settings: HeadSettings,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    log: Path | None = None,
) -> keras.Model:
    """Train a dense head on cached features, another augmented copy each epoch."""
    copies, labels = training
    keras.utils.set_random_seed(settings.seed)
    head = build_head(copies[0].shape[1], settings.units, settings.dropout)
    head.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    batches = CopiesInTurn(copies, labels, settings.batch, settings.seed)
    logs = [keras.callbacks.CSVLogger(log)] if log else []
    head.fit(
        batches,
        validation_data=validation,
        epochs=settings.epochs,
        verbose=0,
        callbacks=[EpochClock(batches), *logs, *callbacks],
    )
    return head


def _dense(training: Examples, unseen: Sequence[np.ndarray], settings: HeadSettings) -> list[np.ndarray]:
    head = train_dense(training, settings)
    return [np.asarray(head.predict(one, verbose=0), np.float64) for one in unseen]


def _forest(training: Examples, unseen: Sequence[np.ndarray], settings: HeadSettings) -> list[np.ndarray]:
    """Components for 99 % of the variance, 500 trees."""
    forest = RandomForestClassifier(500, n_jobs=os.cpu_count(), random_state=settings.seed)
    model = make_pipeline(StandardScaler(), PCA(0.99, svd_solver="full"), forest)
    return _probabilities(model, training, unseen)


def _svm(training: Examples, unseen: Sequence[np.ndarray], settings: HeadSettings) -> list[np.ndarray]:
    """Radial basis functions, C 10; probabilities by Platt's sigmoid over five folds of the training examples."""
    model = make_pipeline(StandardScaler(), CalibratedClassifierCV(SVC(C=10), cv=5, ensemble=False))
    return _probabilities(model, training, unseen)


def _probabilities(model: object, training: Examples, unseen: Sequence[np.ndarray]) -> list[np.ndarray]:
    copies, labels = training
    model.fit(np.concatenate(copies), np.tile(labels, len(copies)))
    return [model.predict_proba(one) for one in unseen]


HEADS: dict[str, Head] = {"dense": _dense, "pca-forest": _forest, "svm": _svm}
