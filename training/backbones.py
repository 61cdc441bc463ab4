"""The two feature extractors of the fusion network, cut where Islam et al. (2024) cut them."""

from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import numpy as np

from training.weights import load_weights

FEATURES = 512
PARAMETERS = {"vgg16": 14_714_688, "densenet121": 2_134_592}
_BATCH_NORM_MOMENTUM = 0.9  # averages must keep up with a run of a few hundred steps


def vgg16(weights: str | None = None) -> keras.Model:
    """VGG16 up to ``block5_conv3``: (n, h, w, 3) in 0-1 -> (n, h/16, w/16, 512).

    Parameters
    ----------
    weights
        ``imagenet`` (fetched by ``keras.applications`` from the web), the path of an ``.npz`` file of ours, or None.
    """
    return _cut(keras.applications.VGG16, "vgg16", "block5_conv3", weights)


def densenet121(weights: str | None = None) -> keras.Model:
    """DenseNet-121 up to ``conv4_block9_0_bn``: (n, h, w, 3) in 0-1 -> (n, h/16, w/16, 512)."""
    return _cut(keras.applications.DenseNet121, "densenet121", "conv4_block9_0_bn", weights)


BACKBONES: dict[str, Callable[[str | None], keras.Model]] = {"vgg16": vgg16, "densenet121": densenet121}


def _cut(application: Callable[..., keras.Model], name: str, layer: str, weights: str | None) -> keras.Model:
    downloaded = weights if weights == "imagenet" else None
    whole = application(include_top=False, weights=downloaded, input_shape=(None, None, 3))
    model = keras.Model(whole.input, whole.get_layer(layer).output, name=name)
    if weights not in (None, "imagenet"):
        load_weights(model, Path(str(weights)))
    return model


def with_batch_normalization(model: keras.Model) -> keras.Model:
    """A copy of a plain chain of convolutions (VGG16) with a batch normalization behind each, fresh He-normal kernels.

    VGG16 from scratch learns slowly without; :func:`fold_batch_normalization` takes them out again.
    """
    flow = inputs = keras.Input(model.input_shape[1:])
    for layer in model.layers[1:]:
        config = layer.get_config()
        if isinstance(layer, keras.layers.Conv2D):
            config.update(activation="linear", kernel_initializer="he_normal")
            flow = keras.layers.Conv2D.from_config(config)(flow)
            flow = keras.layers.BatchNormalization(momentum=_BATCH_NORM_MOMENTUM, name=f"{layer.name}_bn")(flow)
            flow = keras.layers.ReLU(name=f"{layer.name}_relu")(flow)
        else:
            flow = type(layer).from_config(config)(flow)
    return keras.Model(inputs, flow, name=model.name)


def fold_batch_normalization(normalized: keras.Model, plain: keras.Model) -> None:
    """Write the weights of :func:`with_batch_normalization`'s copy into the plain model, which then computes the same."""
    for layer in plain.layers:
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        kernel, bias = normalized.get_layer(layer.name).get_weights()
        norm = normalized.get_layer(f"{layer.name}_bn")
        gamma, beta, mean, variance = norm.get_weights()
        scale = gamma / np.sqrt(variance + norm.epsilon)
        layer.set_weights([kernel * scale, (bias - mean) * scale + beta])


def settle_batch_normalization(model: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Set the averages of every batch normalization to the plain mean over some batches, the weights standing still.

    What a run leaves behind is an average over its last few batches, taken while the weights moved. A model without batch
    normalization is left alone.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    for number, batch in enumerate(batches):
        for layer in norms:
            layer.momentum = number / (number + 1)
        model(batch, training=True)


def quicken_batch_normalization(model: keras.Model) -> None:
    """Let the batch normalizations of a model that has its own (DenseNet) follow a short run."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = _BATCH_NORM_MOMENTUM
