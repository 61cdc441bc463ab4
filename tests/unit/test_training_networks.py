"""The networks of Islam et al. (2024): where they are cut, how large they are, where their weights come from."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from training.networks import backbones
from training.networks.backbones import (
    BACKBONES,
    fold_batch_normalization,
    recompute_batch_normalization,
    unfold_batch_normalization,
    with_batch_normalization,
)
from training.networks.fusion import HEAD_PARAMETERS, PARAMETERS, build_fusion, build_head
from training.networks.weights import load_weights, save_weights


@pytest.fixture(scope="module")
def fusion() -> Any:
    return build_fusion()


@lru_cache
def built(name: str) -> Any:
    """A backbone with random weights, for tests that leave it as it is."""
    return BACKBONES[name](None)


def trainable(model: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize(
    ("name", "parameters", "last"), [("vgg16", 14_714_688, "block5_conv3"), ("densenet121", 2_134_592, "conv4_block9_0_bn")]
)
def test_a_backbone_is_cut_where_the_paper_cuts_it(fusion: Any, name: str, parameters: int, last: str) -> None:
    backbone = fusion.get_layer(name)

    assert backbone.count_params() == parameters == backbones.PARAMETERS[name]
    assert backbone.layers[-1].name == last
    assert backbone.output_shape[-1] == 512
    assert not backbone.trainable


def test_the_fusion_has_the_papers_parameters(fusion: Any) -> None:
    assert fusion.count_params() == PARAMETERS == 18_598_836
    assert trainable(fusion) == HEAD_PARAMETERS == 1_749_556
    assert {inputs.name: tuple(inputs.shape[1:]) for inputs in fusion.inputs} == {
        "original": (128, 128, 3),
        "segmented": (128, 128, 3),
    }


def test_the_head_has_the_papers_layers() -> None:
    layers = [
        (type(layer).__name__, getattr(layer, "units", getattr(layer, "rate", None))) for layer in build_head().layers[1:]
    ]

    assert layers == [
        ("Dense", 1024),
        ("Dropout", 0.2),
        ("Dense", 512),
        ("Dropout", 0.2),
        *(("Dense", units) for units in (256, 128, 64, 32, 16, 4)),
    ]


def test_the_original_goes_through_vgg16_and_the_segmented_smear_through_densenet(fusion: Any) -> None:
    pictures = np.random.default_rng(1).random((2, 1, 128, 128, 3), np.float32)
    features = keras.Model(fusion.inputs, fusion.get_layer("fusion").output)

    fused = keras.ops.convert_to_numpy(features({"original": pictures[0], "segmented": pictures[1]}))[0]

    pooled = [
        keras.ops.convert_to_numpy(fusion.get_layer(name)(picture)).mean(axis=(0, 1, 2))
        for name, picture in zip(("vgg16", "densenet121"), pictures, strict=True)
    ]
    np.testing.assert_allclose(fused, np.concatenate(pooled), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("name", "application"), [("vgg16", "VGG16"), ("densenet121", "DenseNet121")])
def test_imagenet_weights_are_asked_of_keras_applications(name: str, application: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = getattr(keras.applications, application)(include_top=False, weights=None, input_shape=(None, None, 3))
    asked = []

    def without_the_web(**arguments: Any) -> Any:
        asked.append(arguments["weights"])
        return whole

    monkeypatch.setattr(keras.applications, application, without_the_web)

    BACKBONES[name]("imagenet")
    BACKBONES[name](None)

    assert asked == ["imagenet", None]


def test_weights_of_ours_are_read_back(fusion: Any, tmp_path: Path) -> None:
    save_weights(fusion.get_layer("densenet121"), tmp_path / "densenet121.npz")

    again = BACKBONES["densenet121"](str(tmp_path / "densenet121.npz"))

    for weight, other in zip(again.get_weights(), fusion.get_layer("densenet121").get_weights(), strict=True):
        assert (weight == other).all()


def test_half_precision_halves_the_file_and_little_else(tmp_path: Path) -> None:
    head, again = build_head(), build_head()
    save_weights(head, tmp_path / "full.npz")
    save_weights(head, tmp_path / "half.npz", np.float16)

    load_weights(again, tmp_path / "half.npz")

    sizes = [(tmp_path / f"{name}.npz").stat().st_size for name in ("full", "half")]
    assert sizes[1] < 0.51 * sizes[0]
    features = np.random.default_rng(1).random((3, 1024), np.float32)
    np.testing.assert_allclose(again(features), head(features), atol=1e-2)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    small = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="head_dense1")])
    save_weights(small, tmp_path / "small.npz")

    with pytest.raises(ValueError, match=r"expected head_dense1/0 of shape \(1024, 1024\) in small.npz, found \(3, 2\)"):
        load_weights(build_head(), tmp_path / "small.npz")


def test_weights_that_are_missing_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "empty.npz", nothing=np.zeros(1))

    with pytest.raises(ValueError, match="found nothing"):
        load_weights(build_head(), tmp_path / "empty.npz")


@pytest.mark.parametrize(("name", "parameters"), [("vgg16", 14_714_688), ("squeezenet", 735_424)])
def test_folding_batch_normalization_leaves_the_answer_and_the_papers_network(name: str, parameters: int) -> None:
    plain = BACKBONES[name](None)
    normalized = with_batch_normalization(plain)
    rng = np.random.default_rng(3)
    for layer in normalized.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = (weight.shape for weight in layer.get_weights())
            layer.set_weights(
                [
                    rng.uniform(0.5, 1.5, gamma),
                    rng.normal(0, 0.1, beta),
                    rng.normal(0, 0.1, mean),
                    rng.uniform(0.5, 1.5, variance),
                ]
            )
    picture = rng.random((1, 64, 64, 3), np.float32)

    fold_batch_normalization(normalized, plain)

    assert plain.count_params() == parameters
    before, after = normalized(picture, training=False), plain(picture, training=False)
    scale = float(np.abs(before).max())
    assert scale > 0
    np.testing.assert_allclose(np.asarray(after) / scale, np.asarray(before) / scale, atol=1e-4)


@pytest.mark.parametrize("name", ["vgg16", "squeezenet"])
def test_unfolding_leaves_the_answer_and_normalizes_what_each_convolution_says(name: str) -> None:
    plain = BACKBONES[name](None)
    pictures = np.random.default_rng(5).random((2, 64, 64, 3), np.float32)

    normalized = unfold_batch_normalization(plain, pictures)

    before, after = (np.asarray(network(pictures, training=False)) for network in (plain, normalized))
    assert np.abs(before).max() > 0
    np.testing.assert_allclose(after / np.abs(before).max(), before / np.abs(before).max(), atol=1e-4)
    first = next(layer for layer in normalized.layers if isinstance(layer, keras.layers.BatchNormalization))
    said = np.asarray(keras.Model(normalized.input, first.input)(pictures))
    np.testing.assert_allclose(first.get_weights()[2], said.mean(axis=(0, 1, 2)), atol=1e-5)
    # So the training's own statistics give the same answer too.
    training = np.asarray(normalized(pictures, training=True))
    np.testing.assert_allclose(training / np.abs(before).max(), before / np.abs(before).max(), atol=2e-2)


def test_settled_batch_normalization_holds_the_plain_mean_over_the_batches() -> None:
    inputs = keras.Input((2,))
    norm = keras.layers.BatchNormalization()
    model = keras.Model(inputs, norm(inputs))
    batches = [np.array([[0.0, 2.0], [2.0, 4.0]]), np.array([[4.0, 0.0], [6.0, 0.0]]), np.array([[5.0, 1.0], [5.0, 1.0]])]

    recompute_batch_normalization(model, iter(batches))

    _, _, mean, variance = norm.get_weights()
    assert mean == pytest.approx([11 / 3, 4 / 3], rel=1e-5)  # of the batches' means 1, 5, 5 and 3, 0, 1
    assert variance == pytest.approx([2 / 3, 1 / 3], rel=1e-5)  # of their variances 1, 1, 0 and 1, 0, 0


# Of the networks as published, without their classifiers: torchvision's ResNet-34 and SqueezeNet 1.0 have as many.
@pytest.mark.parametrize(("name", "weights"), [("resnet34", 21_284_672), ("squeezenet", 735_424)])
def test_a_network_written_here_has_the_size_that_was_published(name: str, weights: int) -> None:
    assert trainable(built(name)) == weights


@pytest.mark.parametrize(
    ("name", "side", "features"),
    [("resnet50", 8, 1024), ("mobilenet", 8, 512), ("squeezenet", 8, 512), ("resnet34", 4, 512), ("densenet201", 4, 1920)],
)
def test_the_other_experiments_backbones_end_where_the_docs_say(name: str, side: int, features: int) -> None:
    backbone = built(name)

    assert backbone.name == name
    assert backbone.compute_output_shape((1, 128, 128, 3)) == (1, side, side, features)
    names = [layer.name for layer in backbone.layers]
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.startswith(("conv2d", "batch_normalization", "re_lu"))]


def test_a_network_written_here_has_no_imagenet_weights_to_ask_for() -> None:
    with pytest.raises(ValueError, match="expected a weights file for resnet34, received imagenet"):
        BACKBONES["resnet34"]("imagenet")
