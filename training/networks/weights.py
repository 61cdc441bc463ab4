"""Weights of a Keras model in one ``.npz`` file, an array ``layer/index`` each: readable without Keras."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

FLOAT_WEIGHTS = "weights.float16.npz"  # of an artifact: the whole network, from which training can continue


def save_weights(model: keras.Model, path: Path, dtype: type[np.floating[Any]] = np.float32) -> None:
    """Write every weight of a model; ``np.float16`` halves the file."""
    arrays: dict[str, Any] = {f"{layer.name}/{index}": np.asarray(weight, dtype) for layer, index, weight in _weights(model)}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


def load_weights(model: keras.Model, path: Path) -> None:
    """Set every weight of a model from a file that holds at least these layers.

    Raises
    ------
    ValueError
        Where a weight is missing or has another shape.
    """
    with np.load(path) as arrays:
        for layer in _layers(model):
            current = layer.get_weights()
            names = [f"{layer.name}/{index}" for index in range(len(current))]
            for name, weight in zip(names, current, strict=True):
                found = arrays[name].shape if name in arrays else "nothing"
                if found != weight.shape:
                    raise ValueError(f"expected {name} of shape {weight.shape} in {path.name}, found {found}")
            layer.set_weights([arrays[name].astype(np.float32) for name in names])


def _layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _weights(model: keras.Model) -> Iterator[tuple[keras.layers.Layer, int, NDArray[np.float32]]]:
    for layer in _layers(model):
        for index, weight in enumerate(layer.get_weights()):
            yield layer, index, weight
