"""Validates the served heat maps: correlation with the float network's gradients, and occlusion of the hottest window."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.heat_map import positive_sum
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs, to_working_picture
from hemascope.model.classifier import BRANCHES, Classifier
from training.data.dataset import Sample
from training.evidence.evaluate import in_float, network_inputs
from training.networks.fusion import build_fusion
from training.networks.weights import FLOAT_WEIGHTS, load_weights

_COMPARED, _COVERED = 100, 50  # smears whose maps are compared with gradients, and smears that are occluded
_RANDOM_WINDOWS = 8
_SEED = 4420


def measure_maps_of(classifier: Classifier, root: Path, samples: Sequence[Sample]) -> dict[str, Any]:
    """Both checks of an artifact's maps, on the first samples, against the float network in its folder.

    Returns
    -------
    dict
        ``maps`` (see :func:`measure_maps`) and ``occlusion`` (see :func:`measure_occlusion`), both None where the artifact's
        folder holds no float weights.
    """
    weights = classifier.artifact.folder / FLOAT_WEIGHTS
    if not weights.exists():
        return {"maps": None, "occlusion": None}
    network = build_fusion(side=classifier.artifact.manifest.preprocessing.input_size)
    load_weights(network, weights)
    return {
        "maps": measure_maps(classifier, network, network_inputs(root, samples[:_COMPARED], classifier)),
        "occlusion": measure_occlusion(classifier, network, root, samples[:_COVERED]),
    }


def grad_cam(
    network: keras.Model, original: NDArray[np.float32], segmented: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Grad-CAM of the likeliest class' centred logit by TensorFlow's own gradients: branch -> (n, h, w), before any ReLU.

    Parameters
    ----------
    network
        A float network of :func:`training.networks.fusion.build_fusion`.
    original, segmented
        (n, side, side, 3), float32.
    """
    import tensorflow as tf

    pools = [network.get_layer(f"{backbone}_pool") for backbone in ("vgg16", "densenet121")]
    maps = keras.Model(network.inputs, [pool.input for pool in pools])([original, segmented])
    with tf.GradientTape() as tape:
        tape.watch(maps)
        logits = head_logits(network, tf.concat([pool(map_) for pool, map_ in zip(pools, maps, strict=True)], axis=-1))
        score = tf.reduce_max(logits, axis=-1) - tf.reduce_mean(logits, axis=-1)
    gradients = tape.gradient(score, maps)
    return {
        branch: tf.reduce_sum(tf.reduce_mean(slope, axis=[1, 2], keepdims=True) * map_, axis=-1).numpy()
        for branch, slope, map_ in zip(BRANCHES, gradients, maps, strict=True)
    }


def head_logits(network: keras.Model, features: Any) -> Any:
    """Logits of (n, 1024) pooled features by the network's head: (n, classes), what its softmax sees."""
    head = network.get_layer("head")
    last = head.get_layer("probabilities")
    return keras.ops.matmul(keras.Model(head.input, last.input)(features), last.kernel) + last.bias


def measure_maps(classifier: Classifier, network: keras.Model, inputs: Sequence[NetworkInputs]) -> dict[str, Any]:
    """Correlation of served maps with the float network's Grad-CAM, after the ReLU, by branch: over all cells, by smear.

    Where the two networks name different classes (``other_class``) the maps are of different classes, and not compared.
    """
    served = [classifier.answer(smear) for smear in inputs]
    expected = grad_cam(network, *(np.stack([getattr(smear, branch) for smear in inputs]) for branch in BRANCHES))
    same = np.array([answer.probabilities.argmax() for answer in served]) == in_float(network, inputs).argmax(axis=1)
    report = {}
    for branch in BRANCHES:
        ours = np.maximum([answer.maps[branch] for answer in served], 0.0).reshape(len(inputs), -1)[same]
        theirs = np.maximum(expected[branch], 0.0).reshape(len(inputs), -1)[same]
        drawn = (ours.std(axis=1) > 0.0) & (theirs.std(axis=1) > 0.0)  # an empty map correlates with nothing
        report[branch] = {
            "smears": len(inputs),
            "other_class": int((~same).sum()),
            "empty": int((~drawn).sum()),
            **_correlations(ours[drawn], theirs[drawn]),
        }
    return report


def _correlations(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> dict[str, float | None]:
    """Of (n, cells) each: over all cells, and by row; None where there is no row."""
    if not len(ours):
        return dict.fromkeys(("all_cells", "median", "lowest", "above_95"))
    each = np.array([np.corrcoef(*pair)[0, 1] for pair in zip(ours, theirs, strict=True)])
    return {
        "all_cells": float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]),
        "median": float(np.median(each)),
        "lowest": float(each.min()),
        "above_95": float((each >= 0.95).mean()),
    }


def measure_occlusion(classifier: Classifier, network: keras.Model, root: Path, samples: Sequence[Sample]) -> dict[str, Any]:
    """How often covering the hottest window lowers the class' log odds more than covering random windows does.

    A window has three eighths of a map's side: 3 x 3 of 8 x 8 positions. It is filled with the colour of the empty slide in the
    smear itself, so segmentation and both branches see it, and compared with the mean over eight random windows. Pictures go
    through the served network up to its features; the head is the float one, since a softmax in single precision rounds the
    odds of a confident answer away.
    """
    rng = np.random.default_rng(_SEED)
    spec = classifier.artifact.manifest.preprocessing
    falls = []
    for sample in samples:
        working = to_working_picture(decode((root / sample.path).read_bytes()), spec)
        inputs = to_network_inputs(working, spec)
        answer = classifier.answer(inputs)
        heat = positive_sum(answer.maps.values())
        cells, size = len(heat), max(1, 3 * len(heat) // 8)
        sums = cv2.boxFilter(heat, -1, (size, size), anchor=(0, 0), normalize=False)[: cells - size + 1, : cells - size + 1]
        hottest = np.unravel_index(sums.argmax(), sums.shape)
        windows = [hottest, *rng.integers(0, sums.shape, (_RANDOM_WINDOWS, 2))]
        slide = _slide_colour(working, inputs)
        covered = [classifier.answer(to_network_inputs(_covered(working, slide, at, size, cells), spec)) for at in windows]
        logits = np.asarray(head_logits(network, np.stack([given.features for given in (answer, *covered)])), np.float64)
        odds = _log_odds(logits, int(logits[0].argmax()))
        falls.append((odds[0] - odds[1], float((odds[0] - odds[2:]).mean())))
    hot, random = np.array(falls).T
    return {
        "smears": len(samples),
        "hottest_lowers_more": float((hot > random).mean()),
        "median_fall_hottest": float(np.median(hot)),
        "median_fall_random": float(np.median(random)),
    }


def _slide_colour(working: Picture, inputs: NetworkInputs) -> NDArray[np.uint8]:
    cells = cv2.dilate(inputs.segmentation.mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    slide = working.reshape(-1, 3) if cells.all() else working[~cells]
    return np.asarray(np.median(slide, axis=0), np.uint8)


def _covered(working: Picture, colour: NDArray[np.uint8], at: Sequence[int], size: int, cells: int) -> Picture:
    step = len(working) // cells
    row, column = (int(index) * step for index in at)
    covered = working.copy()
    covered[row : row + size * step, column : column + size * step] = colour
    return covered


def _log_odds(logits: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    return np.asarray(logits[:, label] - np.logaddexp.reduce(np.delete(logits, label, axis=1), axis=1))
