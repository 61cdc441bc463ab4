"""Trains the head on cached features of the frozen backbones: 50 epochs, batch 32, Adam 0.001, as in the paper."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.features import cached_features
from training.data.training_data import TrainingData
from training.experiments.heads import HeadSettings, train_dense
from training.experiments.run import Run
from training.networks.fusion import build_fusion
from training.networks.weights import save_weights


@dataclass(frozen=True)
class TrainSettings:
    """How the head is trained; stored with its weights. Backbone weights: ``imagenet`` or the path of a weights file."""

    vgg16: str
    densenet121: str
    epochs: int = 50
    batch: int = 32
    learning_rate: float = 1e-3
    copies: int = 4  # augmented copies of each training smear; each epoch uses another copy
    copies_seed: int = 1  # of the augmentations: heads with other seeds share the same cached features
    jitter: float = 0.0  # strength of the stain jitter of those copies
    seed: int = 1


def train(data: TrainingData, settings: TrainSettings, run: Run, cache: Path) -> Path:
    """Train the head; return the path of the whole network's weights (``fusion.npz``)."""
    target = run.folder / "fusion.npz"
    if run.finished(settings, data, target):
        return target

    def features(part: str, copy: int) -> NDArray[np.float32]:
        origins = (("vgg16", settings.vgg16), ("densenet121", settings.densenet121))
        return np.hstack(
            [
                cached_features(data, part, name, origin, copy, settings.copies_seed, cache, settings.jitter)
                for name, origin in origins
            ]
        )

    copies = [features("train", copy) for copy in range(settings.copies + 1)]
    validation = (features("validation", 0), data.labels("validation"))
    head_settings = HeadSettings(settings.epochs, settings.batch, settings.learning_rate, seed=settings.seed)
    head = train_dense((copies, data.labels("train")), head_settings, validation, run.callbacks(), verbose=2)
    fusion = build_fusion(settings.vgg16, settings.densenet121, data.spec.input_size)
    fusion.get_layer("head").set_weights(head.get_weights())
    save_weights(fusion, target)
    run.finish(head.evaluate(*validation, verbose=0, return_dict=True))
    return target
