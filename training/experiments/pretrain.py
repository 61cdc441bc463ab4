"""Pretrains one backbone as a smear classifier, on originals and segmented pictures together.

This stands in for ImageNet where its weights can't be downloaded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras

from training.data.batches import EpochClock, PooledBatches
from training.experiments.run import JIT, Data, Run
from training.networks.backbones import (
    BACKBONES,
    fold_batch_normalization,
    quicken_batch_normalization,
    settle_batch_normalization,
    unfold_batch_normalization,
    with_batch_normalization,
)
from training.networks.weights import save_weights


@dataclass(frozen=True)
class PretrainSettings:
    """How a backbone is pretrained; written beside its weights."""

    backbone: str
    epochs: int = 12
    cropped_epochs: int = 0  # so many first epochs see crops of `crop` pixels: a quarter of the work
    crop: int = 64
    segmented_share: float = 0.5
    batch: int = 32
    learning_rate: float = 1e-3
    jitter: float = 0.0  # strength of the stain jitter
    precision: str = "float32"  # Keras' dtype policy; weights are kept in float32 whatever it is
    start: str | None = None  # a weights file to go on from, with a gentler rate
    unfold: bool = False  # from such weights too, train with batch normalization where the network itself has none
    seed: int = 1


def pretrain(data: Data, settings: PretrainSettings, run: Run) -> Path:
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
    """Keras knows one precision for all layers that are made; leave it as it was found."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _pretrain(data: Data, settings: PretrainSettings, run: Run, target: Path) -> Path:
    plain = BACKBONES[settings.backbone](settings.start)
    common = {
        "batch": settings.batch,
        "seed": settings.seed,
        "segmented_share": settings.segmented_share,
        "jitter": settings.jitter,
    }
    # A fold of a cross-validation has no validation part.
    unseen = (
        PooledBatches(*data.part("validation"), data.spec, augmented=False, crop=None, **common)
        if data.split.validation
        else None
    )
    smears = data.part("train")
    trained = _normalized(plain, settings, PooledBatches(*smears, data.spec, augmented=True, crop=None, **common))
    quicken_batch_normalization(trained)
    model = _classifier(trained, settings, steps=-(-len(smears[1]) // settings.batch))
    # Two phases, since the shape of a batch belongs to a fit; a restart skips the epochs that are done in either.
    for first, last, crop in ((0, settings.cropped_epochs, settings.crop), (settings.cropped_epochs, settings.epochs, None)):
        if first < last:
            batches = PooledBatches(*smears, data.spec, augmented=True, crop=crop, **common)
            model.fit(
                batches,
                validation_data=unseen,
                initial_epoch=first,
                epochs=last,
                verbose=2,
                validation_freq=3,
                callbacks=[EpochClock(batches), *run.callbacks()],
            )
    batches = PooledBatches(*smears, data.spec, augmented=True, crop=None, **common)
    batches.epoch = settings.epochs
    settle_batch_normalization(trained, (batches[number][0] for number in range(len(batches))))
    if trained is not plain:
        fold_batch_normalization(trained, plain)
    save_weights(plain, target)
    run.finish(model.evaluate(unseen, verbose=0, return_dict=True) if unseen else {})
    return target


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
