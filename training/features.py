"""Pooled features of a frozen backbone: computed once per smear and augmented copy, kept on disk, memory-mapped."""

import hashlib
import sys
from pathlib import Path

import keras
import numpy as np

from training.backbones import BACKBONES, FEATURES
from training.batches import Batches
from training.run import Data

INPUT_OF = {"vgg16": "original", "densenet121": "segmented"}
_BATCH = 32


def cached_features(data: Data, part: str, backbone: str, weights: str, copy: int, seed: int, cache: Path) -> np.ndarray:
    """Features of one part of the split.

    Parameters
    ----------
    copy
        0 for the smears as they are, k > 0 for their k-th augmented copy.

    Returns
    -------
    memory-mapped array of shape (n, 512), float32, in the order of the part
    """
    file = cache / f"{_key(data, part, backbone, weights, copy, seed)}.npy"
    if file.exists():
        return np.load(file, mmap_mode="r")
    pictures, labels = data.part(part)
    batches = Batches(pictures, labels, data.spec, batch=_BATCH, seed=seed, augmented=copy > 0)
    batches.epoch = copy
    network = pooled(backbone, weights)
    features = np.empty((len(labels), FEATURES), np.float32)
    for start in range(0, len(labels), _BATCH):
        chosen = range(start, min(start + _BATCH, len(labels)))
        inputs = batches.inputs(chosen)[INPUT_OF[backbone]]
        features[chosen.start : chosen.stop] = keras.ops.convert_to_numpy(network.predict_on_batch(inputs))
        print(f"\r{backbone} {part} copy {copy}: {chosen.stop}/{len(labels)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part.npy")
    np.save(unfinished, features)
    unfinished.replace(file)
    return np.load(file, mmap_mode="r")


def pooled(backbone: str, weights: str | None) -> keras.Model:
    """A backbone with its global average pooling: (n, h, w, 3) -> (n, 512)."""
    network = BACKBONES[backbone](weights)
    network.trainable = False
    return keras.Sequential([network, keras.layers.GlobalAveragePooling2D()])


def _key(data: Data, part: str, backbone: str, weights: str, copy: int, seed: int) -> str:
    origin = weights if weights == "imagenet" else hashlib.sha256(Path(weights).read_bytes()).hexdigest()
    text = f"{data.split.digest} {data.spec.digest} {part} {backbone} {origin} {copy} {seed if copy else '-'}"
    return f"{backbone}-{part}-{copy}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
