"""Pretrains a backbone as a classifier of smears, on original and segmented pictures together.

Used in place of ImageNet weights where those can't be downloaded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture
from training.data.batches import EpochSetter, PooledBatches
from training.data.training_data import TrainingData
from training.experiments.run import JIT, Run
from training.networks.backbones import (
    BACKBONES,
    fold_batch_normalization,
    lower_batch_normalization_momentum,
    recompute_batch_normalization,
    unfold_batch_normalization,
    with_batch_normalization,
)
from training.networks.weights import save_weights


@dataclass(frozen=True)
class PretrainSettings:
    """How a backbone is pretrained; stored with its weights."""

    backbone: str
    epochs: int = 12
    cropped_epochs: int = 0  # number of first epochs on crops of `crop` pixels, at a quarter of the cost
    crop: int = 64
    segmented_share: float = 0.5
    batch: int = 32
    learning_rate: float = 1e-3
    jitter: float = 0.0  # strength of the stain jitter
    precision: str = "float32"  # Keras dtype policy; weights are float32 in any case
    start: str | None = None  # a weights file to start from, with a lower learning rate
    unfold: bool = False  # with `start`: add batch normalization during training to a network that has none
    seed: int = 1


def pretrain(data: TrainingData, settings: PretrainSettings, run: Run) -> Path:
    """Train a backbone with a 4-class head; return the path of its weights (``.npz``).

    From scratch, VGG16 is trained with batch normalization, which is folded into its kernels at the end.
    """
    target = run.folder / f"{settings.backbone}.npz"
    if run.finished(settings, data, target):
        return target
    with _computing_in(settings.precision):
        return _pretrain(data, settings, run, target)


@contextmanager
def _computing_in(precision: str) -> Iterator[None]:
    """Set the dtype policy, which Keras keeps globally, and restore it afterwards."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _pretrain(data: TrainingData, settings: PretrainSettings, run: Run, target: Path) -> Path:
    plain = BACKBONES[settings.backbone](settings.start)
    # A fold of a cross-validation has no validation part.
    unseen = _batches(data.part("validation"), data, settings, augmented=False) if data.split.validation else None
    smears = data.part("train")
    whole = _batches(smears, data, settings, augmented=True)
    trained = _normalized(plain, settings, whole)
    lower_batch_normalization_momentum(trained)
    model = _classifier(trained, settings, steps=-(-len(smears[1]) // settings.batch))
    # Two phases, since all batches of a fit have one shape; a resumed run skips the epochs that are done in either.
    for first, last, crop in ((0, settings.cropped_epochs, settings.crop), (settings.cropped_epochs, settings.epochs, None)):
        if first < last:
            batches = _batches(smears, data, settings, augmented=True, crop=crop)
            model.fit(
                batches,
                validation_data=unseen,
                initial_epoch=first,
                epochs=last,
                verbose=2,
                validation_freq=3,
                callbacks=[EpochSetter(batches), *run.callbacks()],
            )
    whole.epoch = settings.epochs
    recompute_batch_normalization(trained, (whole[number][0] for number in range(len(whole))))
    if trained is not plain:
        fold_batch_normalization(trained, plain)
    save_weights(plain, target)
    run.finish(model.evaluate(unseen, verbose=0, return_dict=True) if unseen else {})
    return target


def _batches(
    smears: tuple[Picture, NDArray[np.int64]],
    data: TrainingData,
    settings: PretrainSettings,
    *,
    augmented: bool,
    crop: int | None = None,
) -> PooledBatches:
    return PooledBatches(
        *smears,
        data.spec,
        batch=settings.batch,
        seed=settings.seed,
        augmented=augmented,
        jitter=settings.jitter,
        segmented_share=settings.segmented_share,
        crop=crop,
    )


def _normalized(plain: keras.Model, settings: PretrainSettings, batches: PooledBatches) -> keras.Model:
    """The network that is trained: ``plain``, or a copy with batch normalization where it has none."""
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in plain.layers):
        return plain
    if settings.start:
        return unfold_batch_normalization(plain, batches[0][0]) if settings.unfold else plain
    return with_batch_normalization(plain)


def _classifier(backbone: keras.Model, settings: PretrainSettings, steps: int) -> keras.Model:
    inputs = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(inputs))
    outputs = keras.layers.Dense(4, activation="softmax", dtype="float32")(keras.layers.Dropout(0.2)(pooled))
    model = keras.Model(inputs, outputs)
    rate = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 20,
        decay_steps=steps * (settings.epochs - 1),
        warmup_target=settings.learning_rate,
        warmup_steps=steps,
    )
    model.compile(
        optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=JIT
    )
    return model
