"""A data set of drawn smears, and backbones so small that a training takes a second."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from training.data.dataset import CLASS_FOLDERS
from training.data.training_data import TrainingData
from training.networks.backbones import BACKBONES, FEATURES
from training.networks.weights import load_weights, save_weights

SPEC = PreprocessingSpec(input_size=32)
TINY = "tiny"


def draw_data(folder: Path, smears: int = 10) -> TrainingData:
    """A data set with this many smears of each class; the classes differ in their number of white cells."""
    for label, name in enumerate(CLASS_FOLDERS):
        place = folder / "drawn" / "Original" / name
        place.mkdir(parents=True, exist_ok=True)
        for number in range(smears):
            smear = draw_synthetic_smear(100 * label + number, side=224, cells=3 + 4 * label)
            (place / f"{number}.jpg").write_bytes(encode_jpeg(smear))
    return TrainingData.open(folder / "drawn", folder / "split.json", SPEC)


def tiny(weights: str | None = None) -> keras.Model:
    """Two convolutions: (n, h, w, 3) -> (n, h/4, w/4, 8)."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((None, None, 3))
    flow = keras.layers.Conv2D(8, 3, strides=2, activation="relu", padding="same", name="tiny_conv1")(inputs)
    flow = keras.layers.Conv2D(8, 3, strides=2, activation="relu", padding="same", name="tiny_conv2")(flow)
    return _loaded(keras.Model(inputs, flow, name=TINY), weights)


def with_tiny_backbone(monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """Register the tiny backbone; return its weights file."""
    monkeypatch.setitem(BACKBONES, TINY, tiny)
    file = folder / TINY / f"{TINY}.npz"
    save_weights(tiny(), file)
    return str(file)


def with_small_fusion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace both backbones of the fusion network by small ones of the same kind and output.

    What the training code distinguishes is kept: plain convolutions in one, batch normalization of its own in the other.
    """
    small: dict[str, Callable[[str | None], keras.Model]] = {"vgg16": _small_vgg, "densenet121": _small_densenet}
    for name, backbone in small.items():
        monkeypatch.setitem(BACKBONES, name, backbone)


@contextmanager
def eager_training() -> Iterator[None]:
    """Run the training functions of Keras eagerly: for a few steps, tracing them as graphs takes longer than it saves."""
    tf.config.run_functions_eagerly(True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_functions_eagerly`")
            yield
    finally:
        tf.config.run_functions_eagerly(False)


def _small_vgg(weights: str | None = None) -> keras.Model:
    inputs = flow = keras.Input((None, None, 3))
    for block, width in enumerate((8, 16, FEATURES), start=1):
        flow = keras.layers.Conv2D(width, 3, activation="relu", padding="same", name=f"block{block}_conv1")(flow)
        flow = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(flow) if block < 3 else flow
    return _loaded(keras.Model(inputs, flow, name="vgg16"), weights)


def _small_densenet(weights: str | None = None) -> keras.Model:
    inputs = keras.Input((None, None, 3))
    flow = keras.layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="conv1_conv")(inputs)
    grown = keras.layers.Conv2D(FEATURES - 16, 3, padding="same", use_bias=False, name="conv2_block1_conv")(
        keras.layers.ReLU(name="conv1_relu")(keras.layers.BatchNormalization(name="conv1_bn")(flow))
    )
    flow = keras.layers.AveragePooling2D(2, name="pool2")(keras.layers.Concatenate(name="conv2_block1_concat")([flow, grown]))
    return _loaded(keras.Model(inputs, keras.layers.BatchNormalization(name="bn")(flow), name="densenet121"), weights)


def _loaded(model: keras.Model, weights: str | None) -> keras.Model:
    if weights:
        load_weights(model, Path(weights))
    return model
