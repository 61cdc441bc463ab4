"""Feature extractors: the two of the fusion network, cut where Islam et al. (2024) cut them, and the other experiments'.

The others end where they still give 8 x 8 features of a picture of 128 x 128, as the study's do; ResNet-34 and DenseNet-201,
which their authors used whole, end with their last convolution.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from training.networks.resnet34 import resnet34
from training.networks.squeezenet import squeezenet
from training.networks.weights import load_weights

FEATURES = 512
PARAMETERS = {"vgg16": 14_714_688, "densenet121": 2_134_592}
_BATCH_NORM_MOMENTUM = 0.9  # the moving averages must follow a run of a few hundred steps
_ANY_SIDE = (None, None, 3)


def vgg16(weights: str | None = None) -> keras.Model:
    """VGG16 up to ``block5_conv3``: (n, h, w, 3) in 0-1 -> (n, h/16, w/16, 512).

    Parameters
    ----------
    weights
        ``imagenet`` (downloaded by ``keras.applications``), the path of an ``.npz`` file (:mod:`training.networks.weights`), or
        None for random weights.
    """
    return _cut(keras.applications.VGG16, "vgg16", "block5_conv3", weights)


def densenet121(weights: str | None = None) -> keras.Model:
    """DenseNet-121 up to ``conv4_block9_0_bn``: (n, h, w, 3) in 0-1 -> (n, h/16, w/16, 512)."""
    return _cut(keras.applications.DenseNet121, "densenet121", "conv4_block9_0_bn", weights)


def _resnet50(weights: str | None = None) -> keras.Model:
    return _cut(keras.applications.ResNet50, "resnet50", "conv4_block6_out", weights)  # 1,024 features


def _mobilenet(weights: str | None = None) -> keras.Model:
    return _cut(keras.applications.MobileNet, "mobilenet", "conv_pw_11_relu", weights)  # 512


def _densenet201(weights: str | None = None) -> keras.Model:
    return _cut(keras.applications.DenseNet201, "densenet201", "relu", weights)  # 1,920


def _resnet34(weights: str | None = None) -> keras.Model:
    return _cut(_without_imagenet(resnet34), "resnet34", "conv5_block3_out", weights)  # 512


def _squeezenet(weights: str | None = None) -> keras.Model:
    return _cut(_without_imagenet(squeezenet), "squeezenet", "fire9_concat", weights)  # 512


BACKBONES: dict[str, Callable[[str | None], keras.Model]] = {
    "vgg16": vgg16,
    "densenet121": densenet121,
    "resnet50": _resnet50,
    "mobilenet": _mobilenet,
    "densenet201": _densenet201,
    "resnet34": _resnet34,
    "squeezenet": _squeezenet,
}


def _cut(application: Callable[..., keras.Model], name: str, layer: str, weights: str | None) -> keras.Model:
    downloaded = weights if weights == "imagenet" else None
    whole = application(include_top=False, weights=downloaded, input_shape=_ANY_SIDE)
    model = keras.Model(whole.input, whole.get_layer(layer).output, name=name)
    if weights not in (None, "imagenet"):
        load_weights(model, Path(str(weights)))
    return model


def _without_imagenet(build: Callable[[Any], keras.Model]) -> Callable[..., keras.Model]:
    def application(*, include_top: bool, weights: str | None, input_shape: Any) -> keras.Model:
        if include_top or weights is not None:
            raise ValueError(f"expected a weights file for {build.__name__}, received {weights}: keras.applications has none")
        return build(input_shape)

    return application


def with_batch_normalization(model: keras.Model) -> keras.Model:
    """A copy of a network of plain convolutions (VGG16, SqueezeNet) with batch normalization after each, He-normal kernels.

    Without it such a network learns slowly from scratch; :func:`fold_batch_normalization` removes it after training.
    """

    def renewed(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if isinstance(layer, keras.layers.Conv2D):
            config.update(activation="linear", kernel_initializer="he_normal")
        return type(layer).from_config(config)

    def normalized(layer: keras.layers.Layer, *inputs: Any, **arguments: Any) -> Any:
        flow = layer(*inputs, **arguments)
        if not isinstance(layer, keras.layers.Conv2D):
            return flow
        flow = keras.layers.BatchNormalization(momentum=_BATCH_NORM_MOMENTUM, name=f"{layer.name}_bn")(flow)
        return keras.layers.ReLU(name=f"{layer.name}_relu")(flow)

    return keras.models.clone_model(model, clone_function=renewed, call_function=normalized)


def unfold_batch_normalization(plain: keras.Model, pictures: NDArray[np.float32]) -> keras.Model:
    """A copy of a trained network of plain convolutions that computes the same, with a batch normalization after each.

    The inverse of :func:`fold_batch_normalization`: scale and offset of each normalization undo its centring and scaling.
    Further training is faster with it.

    Parameters
    ----------
    pictures
        (n, side, side, 3), float32, 0-1: the outputs of each convolution for them give the means and variances.
    """
    normalized = with_batch_normalization(plain)
    for layer in plain.layers:
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        copied = normalized.get_layer(layer.name)
        copied.set_weights(layer.get_weights())
        # The normalizations before this one are already set.
        outputs = keras.ops.convert_to_numpy(keras.Model(normalized.input, copied.output)(pictures)).astype(np.float32)
        norm = normalized.get_layer(f"{layer.name}_bn")
        mean, variance = outputs.mean(axis=(0, 1, 2)), outputs.var(axis=(0, 1, 2))
        norm.set_weights([np.sqrt(variance + norm.epsilon), mean, mean, variance])
    return normalized


def fold_batch_normalization(normalized: keras.Model, plain: keras.Model) -> None:
    """Fold a copy made by :func:`with_batch_normalization` into the plain model, which then computes the same."""
    for layer in plain.layers:
        if not isinstance(layer, keras.layers.Conv2D):
            continue
        kernel, bias = normalized.get_layer(layer.name).get_weights()
        norm = normalized.get_layer(f"{layer.name}_bn")
        gamma, beta, mean, variance = norm.get_weights()
        scale = gamma / np.sqrt(variance + norm.epsilon)
        layer.set_weights([kernel * scale, (bias - mean) * scale + beta])


def recompute_batch_normalization(model: keras.Model, batches: Iterable[NDArray[np.float32]]) -> None:
    """Set the statistics of every batch normalization to the mean over some batches, with fixed weights.

    After a training run they are moving averages over its last batches, taken while the weights changed. A model without
    batch normalization is not changed.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    for number, batch in enumerate(batches):
        for layer in norms:
            layer.momentum = number / (number + 1)
        model(batch, training=True)


def lower_batch_normalization_momentum(model: keras.Model) -> None:
    """Lower the momentum of a model's own batch normalizations (DenseNet), so that their averages follow a short run."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = _BATCH_NORM_MOMENTUM
