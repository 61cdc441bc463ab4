"""The rows: all that the study and its predecessors ask for, with the figures they published."""

import pytest

from training.experiments import registry
from training.experiments.heads import HEADS, HeadSettings
from training.experiments.registry import ROWS, rows_called
from training.networks.backbones import BACKBONES
from training.networks.handmade import HANDMADE


def published(name: str) -> dict[str, float]:
    return rows_called([name])[0].published


def test_the_command_line_knows_every_backbone_without_loading_keras() -> None:
    assert tuple(BACKBONES) == registry.BACKBONES


def test_every_row_has_a_name_of_its_own_known_backbones_and_a_known_head() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert set(row.backbones) <= {*BACKBONES, HANDMADE}
        assert all(len(view) == len(row.backbones) for view in row.views)
        assert row.head in HEADS


def test_the_three_by_three_of_the_study_is_there_with_its_figures() -> None:
    accuracies = {
        f"{network}-{pictures}": published(f"{network}-{pictures}").get("accuracy")
        for network in ("vgg16", "densenet121", "fusion")
        for pictures in ("original", "segmented", "both")
    }

    assert accuracies == {
        "vgg16-original": 96.62,
        "vgg16-segmented": 95.38,
        "vgg16-both": 98.95,
        "densenet121-original": None,
        "densenet121-segmented": None,
        "densenet121-both": 99.08,
        "fusion-original": 98.46,
        "fusion-segmented": 97.85,
        "fusion-both": 99.89,
    }
    assert published("densenet121-original") == {"precision": 97.54, "recall": 97.53}
    assert published("fusion-both") == {"accuracy": 99.89, "precision": 99.80, "recall": 99.72, "f1": 99.76}
    assert published("resnet50-densenet121") == {"accuracy": 98.9, "recall": 99.2, "precision": 97.8, "specificity": 94.7}


def test_single_networks_pool_both_pictures_and_a_fusion_gives_each_branch_its_own() -> None:
    single, fusion, one_kind = rows_called(["vgg16-both", "fusion-both", "fusion-segmented"])

    assert single.views == (("original",), ("segmented",))
    assert fusion.views == (("original", "segmented"),)
    assert one_kind.views == (("segmented", "segmented"),)
    assert [row.pictures for row in (single, fusion, one_kind)] == ["both, pooled", "original + segmented", "segmented"]


def test_every_predecessor_has_a_row() -> None:
    sources = {row.source.split()[0]: (row.backbones, row.head) for row in ROWS}

    assert sources["Dese"] == (("handmade",), "svm")
    assert sources["Bibi"] == (("resnet34",), "dense")
    assert sources["Yadav"] == (("squeezenet", "resnet50"), "dense")
    assert sources["Ahmed"] == (("densenet121", "resnet50", "mobilenet"), "pca-forest")
    assert sources["Ghaderzadeh"] == (("densenet201", "densenet201"), "dense")
    assert rows_called(["squeezenet-resnet50"])[0].folds == 5


def test_an_unknown_row_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"expected names out of vgg16-original, .*; received vgg61"):
        rows_called(["vgg61"])


def test_the_default_head_is_the_studys_and_others_halve_from_layer_to_layer() -> None:
    assert HeadSettings().units == (1024, 512, 256, 128, 64, 32, 16)
    assert HeadSettings(width=64, depth=5).units == (64, 32, 16, 8, 8)
