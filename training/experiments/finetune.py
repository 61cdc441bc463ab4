"""Fine-tunes the segmented branch together with the head; the VGG16 branch stays frozen.

Frozen VGG16 features come from the cache, so an epoch costs no more than DenseNet-121. Each epoch uses the features of another
augmented copy, while the segmented picture is augmented anew: two views of one smear.
"""

from dataclasses import dataclass
from pathlib import Path

import keras

from training.data.batches import EpochSetter, HalfCachedBatches
from training.data.features import cached_features
from training.data.training_data import TrainingData
from training.experiments.run import JIT, Run
from training.networks.backbones import FEATURES
from training.networks.fusion import build_fusion
from training.networks.weights import load_weights, save_weights


@dataclass(frozen=True)
class FinetuneSettings:
    """How the network is tuned; stored with its weights."""

    fusion: str  # the weights to start from
    vgg16: str  # the weights file of that network's VGG16, whose cached features are read
    epochs: int = 4
    batch: int = 32
    learning_rate: float = 1e-4
    copies: int = 4  # augmented copies of which VGG16's features are cached; each epoch uses another
    jitter: float = 0.0  # strength of the stain jitter, of the copies too
    seed: int = 1


def finetune(data: TrainingData, settings: FinetuneSettings, run: Run, cache: Path) -> Path:
    """Tune the network; return the path of its weights (``fusion.npz``)."""
    target = run.folder / "fusion.npz"
    if run.finished(settings, data, target):
        return target
    fusion = build_fusion(side=data.spec.input_size)
    load_weights(fusion, Path(settings.fusion))

    def batches(part: str, count: int, augmented: bool) -> HalfCachedBatches:
        features = [
            cached_features(data, part, "vgg16", settings.vgg16, copy, settings.seed, cache, settings.jitter)
            for copy in range(count + 1)
        ]
        return HalfCachedBatches(
            *data.part(part),
            data.spec,
            batch=settings.batch,
            seed=settings.seed,
            augmented=augmented,
            jitter=settings.jitter,
            copies=features,
        )

    training, unseen = batches("train", settings.copies, augmented=True), batches("validation", 0, augmented=False)
    model = _half(fusion, settings, len(training))
    model.fit(
        training, validation_data=unseen, epochs=settings.epochs, verbose=2, callbacks=[EpochSetter(training), *run.callbacks()]
    )
    save_weights(fusion, target)
    run.finish(model.evaluate(unseen, verbose=0, return_dict=True))
    return target


def _half(fusion: keras.Model, settings: FinetuneSettings, steps: int) -> keras.Model:
    backbone = fusion.get_layer("densenet121")
    backbone.trainable = True
    for layer in backbone.layers:
        # Statistics stay frozen: those of a batch of 32 are noisier than the averages of a whole pretraining.
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
