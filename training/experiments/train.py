"""Trains the head on the frozen backbones' cached features: 50 epochs, batch 32, Adam 0.001, as in the paper."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from training.data.batches import EpochClock
from training.data.features import cached_features
from training.experiments.run import Data, Run
from training.networks.fusion import build_fusion, build_head
from training.networks.weights import save_weights


@dataclass(frozen=True)
class TrainSettings:
    """How the head is trained; written beside its weights. Backbone weights: ``imagenet`` or a file of ours."""

    vgg16: str
    densenet121: str
    epochs: int = 50
    batch: int = 32
    learning_rate: float = 1e-3
    copies: int = 4  # augmented copies of each training smear; epochs take turns
    copies_seed: int = 1  # of the augmentations: heads with other seeds read the same cached features
    jitter: float = 0.0  # strength of the stain jitter of those copies
    seed: int = 1


class CopiesInTurn(keras.utils.PyDataset):
    """Features of augmented copies, another copy each epoch, shuffled."""

    def __init__(self, copies: list[np.ndarray], labels: np.ndarray, batch: int, seed: int) -> None:
        super().__init__()
        self.copies, self.labels, self.batch, self.seed = copies, labels, batch, seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.labels))
        chosen = np.sort(order[index * self.batch : (index + 1) * self.batch])
        return np.asarray(self.copies[self.epoch % len(self.copies)][chosen]), self.labels[chosen]


def train(data: Data, settings: TrainSettings, run: Run, cache: Path) -> Path:
    """Train the head; return the path of the whole network's weights (``fusion.npz``)."""
    target = run.folder / "fusion.npz"
    if run.finished(settings, data, target):
        return target

    def both(part: str, copy: int) -> np.ndarray:
        origins = (("vgg16", settings.vgg16), ("densenet121", settings.densenet121))
        how = (copy, settings.copies_seed, cache, settings.jitter)
        return np.hstack([cached_features(data, part, name, origin, *how) for name, origin in origins])

    copies = [both("train", copy) for copy in range(settings.copies + 1)]
    batches = CopiesInTurn(copies, data.labels("train"), settings.batch, settings.seed)
    keras.utils.set_random_seed(settings.seed)
    head = build_head()
    head.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    validation = (both("validation", 0), data.labels("validation"))
    head.fit(
        batches,
        validation_data=validation,
        epochs=settings.epochs,
        verbose=2,
        callbacks=[EpochClock(batches), *run.callbacks()],
    )
    fusion = build_fusion(settings.vgg16, settings.densenet121, data.spec.input_size)
    fusion.get_layer("head").set_weights(head.get_weights())
    save_weights(fusion, target)
    run.finish(head.evaluate(*validation, verbose=0, return_dict=True))
    return target
