"""The fusion network of Islam et al., Sensors 24 (2024) 4420: VGG16 on the original, DenseNet-121 on the segmented smear."""

from collections.abc import Sequence

import keras

from training.networks.backbones import BACKBONES, FEATURES

PARAMETERS = 18_598_836
HEAD_PARAMETERS = 1_749_556
HEAD_UNITS = (1024, 512, 256, 128, 64, 32, 16)
DROPOUT = 0.2  # after the first two dense layers
CLASSES = 4


def build_fusion(vgg16_weights: str | None = None, densenet121_weights: str | None = None, side: int = 128) -> keras.Model:
    """Build the network with frozen backbones.

    Parameters
    ----------
    vgg16_weights, densenet121_weights
        ``imagenet``, the path of a weights file, or None: see :mod:`training.networks.backbones`.
    side
        Width and height of both inputs.

    Returns
    -------
    keras.Model
        Inputs ``original`` and ``segmented``, (n, side, side, 3), float32, RGB, 0-1; output ``probabilities``, (n, 4).
        18,598,836 parameters, 1,749,556 of them (the head's) trainable.
    """
    original = keras.Input((side, side, 3), name="original")
    segmented = keras.Input((side, side, 3), name="segmented")
    branches = []
    for inputs, name, weights in ((original, "vgg16", vgg16_weights), (segmented, "densenet121", densenet121_weights)):
        backbone = BACKBONES[name](weights)
        backbone.trainable = False
        branches.append(keras.layers.GlobalAveragePooling2D(name=f"{backbone.name}_pool")(backbone(inputs)))
    fused = keras.layers.Concatenate(name="fusion")(branches)
    return keras.Model([original, segmented], build_head()(fused), name="hemascope_fusion")


def build_head(features: int = 2 * FEATURES, hidden: Sequence[int] = HEAD_UNITS, dropout: float = DROPOUT) -> keras.Model:
    """Dense layers (by default 1024-512-256-128-64-32-16) with ReLU, dropout after the first two, softmax over the classes."""
    inputs = flow = keras.Input((features,), name="features")
    for position, units in enumerate(hidden, start=1):
        flow = keras.layers.Dense(units, activation="relu", name=f"head_dense{position}")(flow)
        if position <= 2:
            flow = keras.layers.Dropout(dropout, name=f"head_dropout{position}")(flow)
    outputs = keras.layers.Dense(CLASSES, activation="softmax", name="probabilities")(flow)
    return keras.Model(inputs, outputs, name="head")
