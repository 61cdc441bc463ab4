"""SqueezeNet 1.0 of Iandola et al., "AlexNet-level accuracy with 50x fewer parameters" (arXiv:1602.07360), table 1."""

import keras
from keras import layers

# Squeeze width of fire2 to fire9; each half of the expansion is four times as wide.
SQUEEZE = (16, 16, 32, 32, 48, 48, 64, 64)
_POOL_AFTER = {4, 8}


def squeezenet(input_shape: tuple[int | None, int | None, int]) -> keras.Model:
    """The network without its classifier: (n, h, w, 3) -> (n, h/16, w/16, 512); 735,424 parameters."""
    inputs = keras.Input(input_shape)
    flow = layers.Conv2D(96, 7, strides=2, padding="same", activation="relu", name="conv1")(inputs)
    flow = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")(flow)
    for number, width in enumerate(SQUEEZE, start=2):
        flow = _fire(flow, width, f"fire{number}")
        if number in _POOL_AFTER:
            flow = layers.MaxPooling2D(3, strides=2, padding="same", name=f"pool{number}")(flow)
    return keras.Model(inputs, flow, name="squeezenet")


def _fire(inputs: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    squeezed = layers.Conv2D(width, 1, activation="relu", name=f"{name}_squeeze1x1")(inputs)
    expanded = [
        layers.Conv2D(4 * width, side, padding="same", activation="relu", name=f"{name}_expand{side}x{side}")(squeezed)
        for side in (1, 3)
    ]
    return layers.Concatenate(name=f"{name}_concat")(expanded)
