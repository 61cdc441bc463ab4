"""ResNet-34 of He et al., "Deep Residual Learning for Image Recognition", CVPR 2016 (arXiv:1512.03385), table 1."""

import keras
from keras import layers

BLOCKS = (3, 4, 6, 3)
WIDTHS = (64, 128, 256, 512)


def resnet34(input_shape: tuple[int | None, int | None, int]) -> keras.Model:
    """The network without its classifier: (n, h, w, 3) -> (n, h/32, w/32, 512); 21,284,672 trainable parameters."""
    inputs = keras.Input(input_shape)
    flow = _convolution(inputs, 64, 7, 2, "conv1")
    flow = layers.ReLU(name="conv1_relu")(flow)
    flow = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1_pool")(flow)
    for stage, (blocks, width) in enumerate(zip(BLOCKS, WIDTHS, strict=True), start=2):
        for block in range(1, blocks + 1):
            stride = 2 if block == 1 and stage > 2 else 1
            flow = _basic_block(flow, width, stride, f"conv{stage}_block{block}")
    return keras.Model(inputs, flow, name="resnet34")


def _basic_block(inputs: keras.KerasTensor, width: int, stride: int, name: str) -> keras.KerasTensor:
    shortcut = inputs if stride == 1 else _convolution(inputs, width, 1, stride, f"{name}_0")  # option B of the paper
    flow = layers.ReLU(name=f"{name}_1_relu")(_convolution(inputs, width, 3, stride, f"{name}_1"))
    flow = _convolution(flow, width, 3, 1, f"{name}_2")
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([shortcut, flow]))


def _convolution(inputs: keras.KerasTensor, width: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    convolution = layers.Conv2D(
        width, kernel, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )
    return layers.BatchNormalization(epsilon=1e-5, name=f"{name}_bn")(convolution(inputs))
