"""Experiments, folds and the feature cache on drawn smears: nothing is computed twice, lost by an interruption, or leaked."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hemascope.imaging.decode import decode
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from tests.support.drawn_data import SPEC, TINY, draw_data, eager_training, tiny, with_tiny_backbone
from training.data import features
from training.data.dataset import Sample
from training.data.features import Extraction, features_of
from training.data.training_data import TrainingData
from training.experiments import engine as engine_module
from training.experiments.backbone_weights import found_weights, pretrained_on_fold, recipe
from training.experiments.engine import Engine
from training.experiments.heads import HeadSettings
from training.experiments.matrix import engine_for, run_folds, run_matrix
from training.experiments.registry import Row

# Of eager_training; pytest sets its filters anew for each test.
pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`")

SETTINGS = HeadSettings(epochs=2, width=16, depth=2)
POOLED = Row("pooled", (TINY,), (("original",), ("segmented",)), published={"accuracy": 98.95})
DUAL = Row("dual", (TINY, TINY), (("original", "segmented"),))
HAND = Row("hand", ("handmade",), (("segmented",),), head="svm")


class Interruption(Exception):
    """The process is killed."""


@pytest.fixture(scope="module", autouse=True)
def eagerly() -> Iterator[None]:
    with eager_training():
        yield


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("experiments")


@pytest.fixture(scope="module")
def data(folder: Path) -> TrainingData:
    return draw_data(folder)


@pytest.fixture(scope="module")
def weights(folder: Path, patch: pytest.MonkeyPatch) -> str:
    return with_tiny_backbone(patch, folder)


@pytest.fixture(scope="module")
def engine(data: TrainingData, weights: str, folder: Path) -> Engine:
    return engine_for(data, {TINY: weights}, folder / "runs", 1, SETTINGS)


def pictures_in(cache: Path) -> int:
    return sum(json.loads(path.read_text())["pictures"] for path in cache.glob("*.json"))


def test_features_are_the_backbones_pooled_answers_in_the_order_asked_for(
    data: TrainingData, weights: str, tmp_path: Path
) -> None:
    samples = data.split.test[::-1]

    found = features_of(data, samples, Extraction(TINY, weights, "segmented"), tmp_path)

    working = [to_working_picture(decode((data.root / sample.path).read_bytes()), SPEC) for sample in samples]
    inputs = np.stack([to_network_inputs(picture, SPEC).segmented for picture in working])
    np.testing.assert_allclose(found, np.asarray(tiny(weights)(inputs)).mean(axis=(1, 2)), rtol=1e-4, atol=1e-6)


def test_another_split_and_byte_identical_copies_read_the_same_rows(data: TrainingData, weights: str, tmp_path: Path) -> None:
    extraction = Extraction(TINY, weights, "original", copy=1)
    whole = features_of(data, data.split.train, extraction, tmp_path)
    copy = replace(data.split.train[3], path="Original/Pre/a copy.jpg")

    again = features_of(data, [copy, data.split.train[0]], extraction, tmp_path)

    assert (again == whole[[3, 0]]).all()
    assert pictures_in(tmp_path) == len(data.split.train)


def test_every_copy_kind_of_picture_and_weights_file_has_features_of_its_own(
    data: TrainingData, weights: str, tmp_path: Path
) -> None:
    with np.load(weights) as arrays:
        np.savez(tmp_path / "other.npz", **{name: 2 * array for name, array in arrays.items()})
    base = Extraction(TINY, weights, "original")
    others = [
        base,
        replace(base, picture="segmented"),
        replace(base, copy=1),
        replace(base, copy=1, seed=2),
        replace(base, weights=str(tmp_path / "other.npz")),
    ]

    found = [features_of(data, data.split.test, other, tmp_path) for other in others]

    assert len({features.tobytes() for features in found}) == 5


def test_an_interrupted_extraction_keeps_its_rows_and_discards_an_incomplete_one(
    data: TrainingData, weights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples, extraction = data.split.train, Extraction(TINY, weights, "original")
    expected = features_of(data, samples, extraction, tmp_path / "whole")
    monkeypatch.setattr(features, "BATCH", 8)
    extract = features.extract

    def failing(data: TrainingData, wanted: list[Sample], extraction: Extraction) -> Iterator[tuple[int, np.ndarray, float]]:
        for start, computed, seconds in extract(data, wanted, extraction):
            if start == 16:
                raise Interruption
            yield start, computed, seconds

    monkeypatch.setattr(features, "extract", failing)
    with pytest.raises(Interruption):
        features_of(data, samples, extraction, tmp_path)
    monkeypatch.setattr(features, "extract", extract)
    table = next(tmp_path.glob("*.f32"))
    with table.open("ab") as rows:
        rows.write(b"\1\2\3")
    with table.with_suffix(".index").open("a") as names:
        names.write("abc")

    found = features_of(data, samples, extraction, tmp_path)

    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert pictures_in(tmp_path) == len(samples)
    assert table.stat().st_size == 4 * 8 * len(samples)


def test_the_matrix_shows_measured_beside_published_results_and_says_what_was_not_run(engine: Engine, folder: Path) -> None:
    missing = Row("needs more", ("resnet34",), (("original",),), published={"accuracy": 99.56})

    text = run_matrix(engine, [POOLED, DUAL, HAND, missing], folder / "out")

    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("|")}
    assert "accuracy 98.95" in next(line for line in text.splitlines() if line.startswith("| pooled"))
    assert next(line for line in text.splitlines() if line.startswith("| needs more")).count("not run") == 6
    assert "tiny: a file" in lines["dual"]
    stored = json.loads((folder / "out" / "matrix.json").read_text())
    assert stored["not_run"] == ["needs more"]
    assert set(stored["rows"]) == {"pooled", "dual", "hand"}
    assert stored["machine"]["cores"] >= 1
    assert stored["rows"]["pooled"]["test"]["examples"] == 2 * stored["rows"]["dual"]["test"]["examples"]
    assert {"matrix.md", "matrix_accuracy.png", "matrix_confusion.png"} < {file.name for file in (folder / "out").iterdir()}


def test_hand_made_features_tell_drawn_smears_apart_by_their_cells(engine: Engine) -> None:
    accuracy, _, _ = engine.run(HAND, engine.source.data.split)["test"]["accuracy"]

    assert accuracy > 0.6  # chance is 0.25


def test_an_interrupted_matrix_resumes_with_the_experiment_that_it_was_at(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = replace(engine, results=tmp_path / "results")
    runs = []
    heads = engine_module.HEADS

    def failing(*arguments: object) -> object:
        raise Interruption

    def counted(*arguments: object) -> object:
        runs.append(1)
        return heads["svm"](*arguments)

    monkeypatch.setattr(engine_module, "HEADS", heads | {"svm": counted, "pca-forest": failing})
    rows = [HAND, replace(HAND, name="forest", head="pca-forest")]
    with pytest.raises(Interruption):
        run_matrix(engine, rows, tmp_path)
    monkeypatch.setattr(engine_module, "HEADS", heads | {"svm": counted})

    run_matrix(engine, rows, tmp_path)

    assert len(runs) == 1
    assert len(list((tmp_path / "results").glob("*.json"))) == 2


def test_one_experiment_under_two_names_is_run_once_and_another_setting_anew(engine: Engine) -> None:
    split = engine.source.data.split
    once = engine.digest(HAND, split)

    assert engine.digest(replace(HAND, name="other", published={"accuracy": 1.0}), split) == once
    assert replace(engine, settings=replace(SETTINGS, epochs=3)).digest(HAND, split) != once
    assert engine.digest(replace(HAND, head="pca-forest"), split) != once


def test_twins_are_on_one_side_unless_a_row_leaks_them_on_purpose(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    data, seen = engine.source.data, {}
    engine = replace(engine, results=engine.results / "anew")

    def head(
        training: tuple[list[np.ndarray], np.ndarray], unseen: list[np.ndarray], settings: HeadSettings
    ) -> list[np.ndarray]:
        seen["training"], seen["unseen"] = training[0][0], unseen[0]
        assert len(training[1]) == len(training[0][0]) == len(training[0][1])
        return [np.full((len(unseen[0]), 4), 0.25)]

    monkeypatch.setattr(engine_module, "HEADS", {"dense": head})
    twins = engine.source.features(POOLED, data.split.test)[len(data.split.test) :]

    def leaked() -> int:
        return sum((twin == seen["training"]).all(axis=1).any() for twin in twins)

    engine.run(POOLED, data.split)
    assert (leaked(), len(seen["unseen"])) == (0, 2 * len(data.split.test))
    engine.run(replace(POOLED, twins_leaked=True), data.split)
    assert (leaked(), len(seen["unseen"])) == (len(data.split.test), len(data.split.test))


def test_smears_whose_field_is_in_training_are_left_out_of_the_unrelated_score(engine: Engine) -> None:
    split = engine.source.data.split
    related = split.test[0]
    groups = dict(engine.groups) | {related.path: split.train[0].path}

    result = replace(engine, groups=groups).run(HAND, split)

    assert result["test"]["examples"] == len(split.test)
    assert result["unrelated"]["examples"] == len(split.test) - 1


def test_folds_are_run_and_reported_with_their_spread(engine: Engine, folder: Path) -> None:
    text = run_folds(engine, [POOLED, HAND], [2], folder / "out")

    pooled, hand = json.loads((folder / "out" / "folds.json").read_text())["summaries"]
    assert (pooled["scheme"], pooled["smears"], pooled["folds"]) == ("unseen", 12, 2)
    assert (hand["scheme"], hand["smears"]) == ("all", 40)
    assert f"± {100 * hand['accuracy']['spread']:.2f}" in text


def test_a_fold_may_pretrain_backbones_on_its_own_training_part(engine: Engine, folder: Path, tmp_path: Path) -> None:
    data = engine.source.data
    fold = replace(data.split, train=data.split.test, test=data.split.train, validation=())

    found = pretrained_on_fold(data, fold, [TINY], tmp_path, epochs=2)

    assert found == {TINY: str(tmp_path / TINY / "tiny.npz")}
    written = json.loads((tmp_path / TINY / "settings.json").read_text())
    assert written["split"] == fold.digest != data.split.digest
    assert recipe(found[TINY]) == "smears, 2 epochs"
    assert recipe("imagenet") == "ImageNet"


def test_weights_are_found_where_a_pretraining_left_them_or_as_given(folder: Path, weights: str) -> None:
    assert found_weights([TINY, "vgg16", "resnet34"], {"vgg16": "imagenet"}, folder) == {TINY: weights, "vgg16": "imagenet"}
    with pytest.raises(FileNotFoundError, match=r"expected weights of vgg16 in nowhere\.npz"):
        found_weights(["vgg16"], {"vgg16": "nowhere.npz"}, folder)
