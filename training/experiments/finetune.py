"""Fine-tunes the segmented branch together with the head, the VGG16 branch standing still.

VGG16's features stay as they are, so they come from the cache and an epoch costs what DenseNet-121 costs. They take turns
through the cached augmented copies, while the segmented picture is augmented anew each epoch: two views of one smear.
"""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from training.data.batches import Batches, EpochClock
from training.data.features import cached_features
from training.experiments.run import JIT, Data, Run
from training.networks.backbones import FEATURES
from training.networks.fusion import build_fusion
from training.networks.weights import load_weights, save_weights


@dataclass(frozen=True)
class FinetuneSettings:
    """How the network is tuned; written beside its weights."""

    fusion: str  # the weights to start from
    vgg16: str  # the file of that network's VGG16: its cached features are read
    epochs: int = 4
    batch: int = 32
    learning_rate: float = 1e-4
    copies: int = 4  # augmented copies of which VGG16's features are cached; epochs take turns
    jitter: float = 0.0  # strength of the stain jitter, of the copies too
    seed: int = 1


class HalfCachedBatches(Batches):
    """VGG16 features from the cache, segmented pictures made anew."""

    def __init__(self, *args: object, copies: list[np.ndarray], **settings: object) -> None:
        super().__init__(*args, **settings)
        self.copies = copies

    def inputs(self, chosen: list[int]) -> dict[str, np.ndarray]:
        """VGG16 features (n, 512) and segmented pictures (n, 128, 128, 3), float32."""
        segmented = np.stack([self.pair(number).segmented for number in chosen])
        return {"vgg16_features": np.asarray(self.copies[self.epoch % len(self.copies)])[chosen], "segmented": segmented}


def finetune(data: Data, settings: FinetuneSettings, run: Run, cache: Path) -> Path:
    """Tune the network; return the path of its weights (``fusion.npz``)."""
    target = run.folder / "fusion.npz"
    if run.finished(settings, data, target):
        return target
    fusion = build_fusion(side=data.spec.input_size)
    load_weights(fusion, Path(settings.fusion))

    def batches(part: str, count: int, augmented: bool) -> HalfCachedBatches:
        how = (settings.seed, cache, settings.jitter)
        features = [cached_features(data, part, "vgg16", settings.vgg16, one, *how) for one in range(count + 1)]
        common = {"batch": settings.batch, "seed": settings.seed, "augmented": augmented, "jitter": settings.jitter}
        return HalfCachedBatches(*data.part(part), data.spec, copies=features, **common)

    training, unseen = batches("train", settings.copies, augmented=True), batches("validation", 0, augmented=False)
    model = _half(fusion, settings, len(training))
    model.fit(
        training, validation_data=unseen, epochs=settings.epochs, verbose=2, callbacks=[EpochClock(training), *run.callbacks()]
    )
    save_weights(fusion, target)
    run.finish(model.evaluate(unseen, verbose=0, return_dict=True))
    return target


def _half(fusion: keras.Model, settings: FinetuneSettings, steps: int) -> keras.Model:
    backbone = fusion.get_layer("densenet121")
    backbone.trainable = True
    for layer in backbone.layers:
        # Frozen statistics: a batch of 32 would shake what a whole pretraining has averaged.
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    features = keras.Input((FEATURES,), name="vgg16_features")
    segmented = keras.Input(fusion.input_shape[1][1:], name="segmented")
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(segmented))
    model = keras.Model([features, segmented], fusion.get_layer("head")(keras.layers.Concatenate()([features, pooled])))
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, decay_steps=steps * settings.epochs)
    model.compile(
        optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=JIT
    )
    return model
