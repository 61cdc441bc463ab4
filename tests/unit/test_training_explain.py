"""Features and maps of the served graph against TensorFlow's own gradients, on a network of random weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.evidence.map_check import grad_cam
from training.networks.explain import with_evidence
from training.networks.fusion import build_fusion

SIDE = 64


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(7)
    return build_fusion(side=SIDE)


@pytest.fixture(scope="module")
def smears() -> list[np.ndarray]:
    return list(np.random.default_rng(3).random((2, 5, SIDE, SIDE, 3), np.float32))


def test_probabilities_are_those_of_the_network_itself(network: keras.Model, smears: list[np.ndarray]) -> None:
    explained = with_evidence(network)(smears)

    np.testing.assert_allclose(explained["probabilities"], network(smears), atol=1e-6)


def test_maps_are_grad_cam_by_tensorflows_gradients(network: keras.Model, smears: list[np.ndarray]) -> None:
    explained = with_evidence(network)(smears)

    expected = grad_cam(network, *smears)
    for name, contributions in expected.items():
        assert contributions.shape == (5, 4, 4)
        assert np.abs(contributions).max() > 0.0
        np.testing.assert_allclose(explained[f"{name}_map"], contributions, rtol=1e-3, atol=1e-6 * np.abs(contributions).max())


def test_features_are_the_branches_averages_the_originals_first(network: keras.Model, smears: list[np.ndarray]) -> None:
    explained = with_evidence(network)(smears)

    for branch, place in (("vgg16", slice(0, 512)), ("densenet121", slice(512, 1024))):
        expected = tf.reduce_mean(network.get_layer(branch)(smears[branch == "densenet121"]), axis=[1, 2])
        np.testing.assert_allclose(explained["features"][:, place], expected, rtol=1e-4, atol=1e-6)


def test_both_maps_add_up_to_the_centred_logit_without_biases(network: keras.Model, smears: list[np.ndarray]) -> None:
    # Biases of a fresh network are 0, so nothing is missing from the sum.
    explained = with_evidence(network)(smears)

    logits = np.log(np.asarray(explained["probabilities"]))
    centred = logits.max(axis=1) - logits.mean(axis=1)
    total = np.sum(explained["original_map"], axis=(1, 2)) + np.sum(explained["segmented_map"], axis=(1, 2))
    np.testing.assert_allclose(total, centred, rtol=1e-3, atol=1e-6)
