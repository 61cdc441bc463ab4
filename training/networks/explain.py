"""The network that is served: the trained one with features and Grad-CAM maps as additional outputs.

The head sees the branches' 8 x 8 x 512 maps only through their global averages and is piecewise linear. So the gradient of
a class score with respect to a map is the same at every position, and Grad-CAM (Selvaraju et al., ICCV 2017) needs no automatic
differentiation: it is the head's backward pass, matrix products and the masks of its ReLUs, written as a graph. LiteRT has no
gradient of ReLU, but it has matrix products.

The score is the centred logit: the class' logit minus the mean of all. A softmax depends on differences of logits only; what
raises all logits alike doesn't distinguish the classes.
"""

from collections.abc import Sequence

import keras
from keras import ops

from hemascope.model.classifier import BRANCHES, FEATURES, MAPS, PROBABILITIES


def with_evidence(network: keras.Model) -> keras.Model:
    """Add features and maps to the outputs of a network of :func:`training.networks.fusion.build_fusion`; weights are shared.

    Returns
    -------
    keras.Model
        The same inputs. Outputs: ``probabilities`` (n, classes); ``features``, the pooled features (n, 1,024), the original's
        first; ``original_map`` and ``segmented_map`` (n, 8, 8): what each position of a branch's last feature map adds to the
        centred logit of the most probable class. The sums of both maps and the contribution of the biases are that logit.
    """
    maps = [network.get_layer(f"{backbone}_pool").input for backbone in ("vgg16", "densenet121")]
    features = network.get_layer("fusion").output
    head = network.get_layer("head")
    layers = [layer for layer in head.layers if isinstance(layer, keras.layers.Dense)]
    flow, hidden = features, []
    for layer in layers[:-1]:
        flow = layer(flow)
        hidden.append(flow)
    probabilities = layers[-1](flow)
    slopes = ops.split(_slopes(layers, hidden, probabilities), len(maps), axis=-1)
    shares = {MAPS[branch]: _contributions(map_, slope) for branch, map_, slope in zip(BRANCHES, maps, slopes, strict=True)}
    return keras.Model(network.inputs, {PROBABILITIES: probabilities, FEATURES: features, **shares})


def _slopes(
    layers: Sequence[keras.layers.Dense], hidden: Sequence[keras.KerasTensor], probabilities: keras.KerasTensor
) -> keras.KerasTensor:
    """Gradient of the most probable class' centred logit with respect to the head's inputs: (n, features)."""
    likeliest = ops.max(probabilities, axis=-1, keepdims=True)
    slope = ops.cast(ops.greater_equal(probabilities, likeliest), "float32") - 1.0 / probabilities.shape[-1]
    for layer, output in zip(reversed(layers), [None, *reversed(hidden)], strict=True):
        if output is not None:
            slope = slope * ops.cast(ops.greater(output, 0.0), "float32")
        slope = ops.matmul(slope, ops.transpose(layer.kernel))
    return slope


def _contributions(maps: keras.KerasTensor, slope: keras.KerasTensor) -> keras.KerasTensor:
    """Sum over channels of slope times activation, divided by the number of positions that the head averages: (n, h, w)."""
    _, height, width, channels = maps.shape
    return ops.sum(maps * ops.reshape(slope, (-1, 1, 1, channels)), axis=-1) / (height * width)
