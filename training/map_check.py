"""Are the maps that are served what they say? Beside the float network's gradients, and by covering what is hot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np

from hemascope.contracts.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs, to_working_picture
from hemascope.model.classifier import BRANCHES, Answer, Classifier
from training.dataset import Sample

_RANDOM_WINDOWS = 8
_SEED = 4420


def grad_cam(network: keras.Model, original: np.ndarray, segmented: np.ndarray) -> dict[str, np.ndarray]:
    """Grad-CAM of the likeliest class' centred logit by TensorFlow's own gradients: branch -> (n, h, w), before any ReLU.

    Parameters
    ----------
    network
        A float network of :func:`training.fusion.build_fusion`.
    original, segmented
        (n, side, side, 3), float32.
    """
    import tensorflow as tf

    pools = [network.get_layer(f"{backbone}_pool") for backbone in ("vgg16", "densenet121")]
    maps = keras.Model(network.inputs, [pool.input for pool in pools])([original, segmented])
    head = network.get_layer("head")
    last = head.get_layer("probabilities")
    below = keras.Model(head.inputs, last.input)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        hidden = below(tf.concat([pool(one) for pool, one in zip(pools, maps, strict=True)], axis=-1))
        logits = tf.matmul(hidden, last.kernel) + last.bias
        score = tf.reduce_max(logits, axis=-1) - tf.reduce_mean(logits, axis=-1)
    gradients = tape.gradient(score, maps)
    return {
        branch: tf.reduce_sum(tf.reduce_mean(slope, axis=[1, 2], keepdims=True) * one, axis=-1).numpy()
        for branch, slope, one in zip(BRANCHES, gradients, maps, strict=True)
    }


def measure_maps(classifier: Classifier, network: keras.Model, inputs: Sequence[NetworkInputs]) -> dict[str, Any]:
    """Correlation of served maps with the float network's Grad-CAM, after the ReLU, by branch: over all cells, by smear."""
    served = [_explained(classifier, one) for one in inputs]
    expected = grad_cam(network, *(np.stack([getattr(one, branch) for one in inputs]) for branch in BRANCHES))
    report = {}
    for branch in BRANCHES:
        ours = np.maximum([one.maps[branch] for one in served], 0.0).reshape(len(inputs), -1)
        theirs = np.maximum(expected[branch], 0.0).reshape(len(inputs), -1)
        drawn = (ours.std(axis=1) > 0.0) & (theirs.std(axis=1) > 0.0)  # an empty map correlates with nothing
        each = np.array([np.corrcoef(*pair)[0, 1] for pair in zip(ours[drawn], theirs[drawn], strict=True)])
        report[branch] = {
            "smears": len(inputs),
            "empty": int((~drawn).sum()),
            "all_cells": float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]),
            "median": float(np.median(each)),
            "lowest": float(each.min()),
            "above_95": float((each >= 0.95).mean()),
        }
    return report


def measure_occlusion(classifier: Classifier, root: Path, samples: Sequence[Sample]) -> dict[str, Any]:
    """How often covering the hottest window lowers the class' log odds more than covering windows at random does.

    A window has 3 x 3 of the map's 8 x 8 cells. It is painted in the colour of the empty slide on the smear itself, so
    segmentation and both branches see it; beside it stand eight windows by chance, of which the mean counts.
    """
    chance = np.random.default_rng(_SEED)
    spec = classifier.artifact.manifest.preprocessing
    falls = []
    for sample in samples:
        working = to_working_picture(decode((root / sample.path).read_bytes()), spec)
        inputs = to_network_inputs(working, spec)
        answer = _explained(classifier, inputs)
        slide = _slide_colour(working, inputs)
        label = int(answer.probabilities.argmax())
        heat = np.sum([np.maximum(one, 0.0) for one in answer.maps.values()], axis=0)
        sums = cv2.boxFilter(heat, -1, (3, 3), normalize=False)[1:-1, 1:-1]
        hottest = np.unravel_index(sums.argmax(), sums.shape)
        others = chance.integers(0, sums.shape, (_RANDOM_WINDOWS, 2))
        before = _log_odds(answer.probabilities, label)
        fall = [
            before - _log_odds(classifier.probabilities(to_network_inputs(_covered(working, slide, at, spec), spec)), label)
            for at in (hottest, *others)
        ]
        falls.append((fall[0], float(np.mean(fall[1:]))))
    hot, random = np.array(falls).T
    return {
        "smears": len(samples),
        "hottest_lowers_more": float((hot > random).mean()),
        "median_fall_hottest": float(np.median(hot)),
        "median_fall_random": float(np.median(random)),
    }


def _explained(classifier: Classifier, inputs: NetworkInputs) -> Answer:
    answer = classifier.answer(inputs)
    if answer.maps is None:
        raise ValueError(f"expected an artifact whose network explains itself, {classifier.artifact.reference.name} does not")
    return answer


def _slide_colour(working: Picture, inputs: NetworkInputs) -> np.ndarray:
    cells = cv2.dilate(inputs.segmentation.mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return np.median(working[~cells] if not cells.all() else working.reshape(-1, 3), axis=0).astype(np.uint8)


def _covered(working: Picture, colour: np.ndarray, at: Sequence[int], spec: PreprocessingSpec) -> Picture:
    step = spec.working_size // 8
    row, column = (int(one) * step for one in at)
    covered = working.copy()
    covered[row : row + 3 * step, column : column + 3 * step] = colour
    return covered


def _log_odds(probabilities: np.ndarray, label: int) -> float:
    return float(np.log(probabilities[label]) - np.log(np.delete(probabilities, label).sum()))
