"""The shipped network, made to explain itself, on real smears: beside TensorFlow's gradients, and covered in part."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from hemascope.model.artifact import Artifact
from hemascope.model.classifier import PROBABILITIES, Classifier
from training.data.dataset import Sample, read_dataset
from training.data.split import load_split, without_copies
from training.evidence.evaluate import network_inputs
from training.evidence.map_check import measure_maps, measure_occlusion
from training.export.artifact import convert
from training.networks.explain import with_evidence
from training.networks.fusion import build_fusion
from training.networks.weights import FLOAT_WEIGHTS, load_weights

pytestmark = pytest.mark.dataset


@pytest.fixture(scope="module")
def network(artifact: Artifact) -> keras.Model:
    network = build_fusion(side=artifact.manifest.preprocessing.input_size)
    load_weights(network, artifact.folder / FLOAT_WEIGHTS)
    return network


@pytest.fixture(scope="module")
def explaining(artifact: Artifact, network: keras.Model) -> Classifier:
    return Classifier(replace(artifact, weights=convert(with_evidence(network))))


@pytest.fixture(scope="module")
def unseen(artifact: Artifact, dataset: Path) -> Sequence[Sample]:
    test = without_copies(load_split(artifact.folder / "split.json", read_dataset(dataset)).test)
    return [test[item] for item in np.random.default_rng(1).permutation(len(test))]


def test_maps_are_the_float_networks_grad_cam(
    explaining: Classifier, network: keras.Model, unseen: Sequence[Sample], dataset: Path
) -> None:
    found = measure_maps(explaining, network, network_inputs(dataset, unseen[:20], explaining))

    for branch in ("original", "segmented"):
        assert found[branch]["all_cells"] >= 0.95
        assert found[branch]["median"] >= 0.99
        assert found[branch]["other_class"] <= 1


def test_covering_the_hottest_window_lowers_the_class_more_than_covering_random_ones(
    explaining: Classifier, network: keras.Model, unseen: Sequence[Sample], dataset: Path
) -> None:
    found = measure_occlusion(explaining, network, dataset, unseen[:50])

    assert found["smears"] == 50
    assert found["hottest_lowers_more"] >= 0.9
    assert found["median_fall_hottest"] > found["median_fall_random"]


def test_explaining_itself_changes_no_answer(
    classifier: Classifier, explaining: Classifier, network: keras.Model, unseen: Sequence[Sample], dataset: Path
) -> None:
    # Both are converted here: another processor rounds the weights that a conversion makes of the float network's differently.
    plain, with_maps = (Interpreter(model_content=weights) for weights in (convert(network), explaining.artifact.weights))
    runners = [interpreter.get_signature_runner() for interpreter in (plain, with_maps)]
    for inputs in network_inputs(dataset, unseen[:5], classifier):
        pair = {"original": inputs.original[None], "segmented": inputs.segmented[None]}
        without, explained = (next(iter(_probabilities(runner(**pair)))) for runner in runners)
        np.testing.assert_allclose(explained, without, atol=1e-6)
        assert classifier.probabilities(inputs).argmax() == without.argmax()


def _probabilities(outputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    return [output[0] for name, output in outputs.items() if name == PROBABILITIES or len(outputs) == 1]
