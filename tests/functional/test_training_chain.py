"""The whole chain, from pretraining to evaluation, with small networks on drawn smears; and its resumption.

The networks of the paper are held by tests/unit/test_training_networks.py, their conversion by tests/e2e/test_trust.py.
"""

import csv
import gc
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.selfcheck import replay
from tests.support.drawn_data import SPEC, draw_data, eager_training, with_small_fusion
from training.__main__ import main
from training.data import ood_images
from training.data.batches import SmearBatches
from training.data.dataset import read_dataset
from training.data.features import cached_features, pooled
from training.data.shifts import SHIFTS
from training.data.training_data import TrainingData
from training.evidence.evaluate import evaluate, network_inputs
from training.evidence.map_check import grad_cam
from training.experiments.finetune import FinetuneSettings, finetune
from training.experiments.linear import as_table, evaluate_linearly
from training.experiments.pretrain import PretrainSettings, pretrain
from training.experiments.run import Run
from training.experiments.train import TrainSettings, train
from training.export.artifact import ExportSettings, convert, export
from training.networks.explain import with_evidence
from training.networks.fusion import build_fusion
from training.networks.weights import load_weights

PRETRAINING = {
    "vgg16": PretrainSettings("vgg16", epochs=2, cropped_epochs=1, crop=24),
    "densenet121": PretrainSettings("densenet121", epochs=2, precision="mixed_bfloat16"),
}


@pytest.fixture(scope="module", autouse=True)
def small_networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        with_small_fusion(patch)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chain")


@pytest.fixture(scope="module")
def data(folder: Path) -> TrainingData:
    return draw_data(folder)


@pytest.fixture(scope="module")
def runs(folder: Path, data: TrainingData) -> Path:
    """All training steps, each for an epoch or a few."""
    runs = folder / "runs"
    with eager_training():
        files = {name: str(pretrain(data, settings, Run(runs / name))) for name, settings in PRETRAINING.items()}
        cache = runs / "features"
        head = train(data, TrainSettings(**files, epochs=3, copies=1), Run(runs / "head"), cache)
        settings = FinetuneSettings(fusion=str(head), vgg16=files["vgg16"], epochs=1, copies=1)
        finetune(data, settings, Run(runs / "finetune"), cache)
    return runs


@pytest.fixture(scope="module")
def exported(data: TrainingData, runs: Path, folder: Path) -> Path:
    return export(data, ExportSettings(runs / "finetune" / "fusion.npz"), folder / "model_artifacts")


def test_an_exported_artifact_serves_and_replays_its_golden_predictions(exported: Path, data: TrainingData) -> None:
    classifier = Classifier(load_artifact(exported))

    assert replay(classifier) == 4
    measured = evaluate(classifier, data.root, data.split.test)
    stated = json.loads((exported / "manifest.json").read_text())["metrics"]["test"]
    assert measured["smears"] == stated["smears"] == len(data.split.test)
    assert measured["accuracy"] == pytest.approx(stated["accuracy"])
    assert measured["confusion_matrix"] == stated["confusion_matrix"]


def test_an_exported_network_explains_itself_as_the_float_network_does(exported: Path, data: TrainingData) -> None:
    classifier = Classifier(load_artifact(exported))
    network = build_fusion(side=SPEC.input_size)
    load_weights(network, exported / "weights.float16.npz")
    (inputs,) = network_inputs(data.root, data.split.test[:1], classifier)

    answer = classifier.answer(inputs)

    pair = {"original": inputs.original[None], "segmented": inputs.segmented[None]}
    served = Interpreter(str(exported / "model.tflite")).get_signature_runner()(**pair)
    unrounded = Interpreter(model_content=convert(with_evidence(network), quantized=False)).get_signature_runner()(**pair)
    expected = grad_cam(network, *pair.values())
    # In a hardly trained network eight bits may change a map beyond recognition, so the graph is tested in float, and that its
    # outputs are the ones served; tests/e2e/test_trust.py holds the shipped network to a correlation of 0.95.
    for branch, map_ in expected.items():
        np.testing.assert_allclose(unrounded[f"{branch}_map"], map_, atol=1e-3 * np.abs(map_).max())
        np.testing.assert_allclose(answer.maps[branch], served[f"{branch}_map"][0], rtol=1e-5)
    assert answer.features.shape == (1024,)
    assert answer.feature_score > 0.0
    assert answer.typical.shape == (4,)


def test_trust_counts_what_is_refused_and_stated(
    exported: Path, data: TrainingData, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ood_images, "PER_KIND", 6)
    command = ["trust", "--dataset", str(data.root), "--artifact", str(exported), "--runs", str(exported.parent), "--json"]

    assert main(command) == 0

    report = json.loads(capsys.readouterr().out)
    decisions = report["decisions"]
    assert sum(decisions["ends"].values()) == decisions["smears"] == len(data.split.test)
    assert decisions["stated"] == decisions["ends"].get("confident", 0)
    assert [(refusal["pictures"], refusal["count"]) for refusal in report["refusals"]] == [
        (kind, 6) for kind in ("photograph", "document", "screenshot", "noise", "tissue")
    ]
    assert report["maps"]["original"]["smears"] == report["occlusion"]["smears"] == len(data.split.test)
    assert 0.0 <= report["coverage"]["mean"] <= 1.0


def test_an_artifact_holds_everything_that_training_continues_from(exported: Path, data: TrainingData) -> None:
    names = {str(path.relative_to(exported)) for path in exported.rglob("*") if path.is_file()}
    card = (exported / "MODEL_CARD.md").read_text()

    assert names == {
        "MODEL_CARD.md",
        "colour_reference.json",
        "feature_reference.npz",
        "microscope_baseline.json",
        "microscope_reference.json",
        "figures/confusion_matrix.png",
        "figures/learning_curves.png",
        "golden.json",
        "manifest.json",
        "model.tflite",
        "split.json",
        "texts.en.json",
        "weights.float16.npz",
    }
    assert "not a diagnosis" in card
    assert "learning_rate" in card
    network = build_fusion(side=SPEC.input_size)
    load_weights(network, exported / "weights.float16.npz")


def test_an_existing_version_is_never_overwritten(exported: Path, data: TrainingData, runs: Path) -> None:
    with pytest.raises(FileExistsError):
        export(data, ExportSettings(runs / "finetune" / "fusion.npz"), exported.parent.parent)


def test_a_backbone_trained_in_half_precision_is_kept_in_single_and_leaves_keras_as_it_was(runs: Path) -> None:
    with np.load(runs / "densenet121" / "densenet121.npz") as weights:
        kinds = {weights[name].dtype for name in weights.files}

    assert kinds == {np.dtype(np.float32)}
    assert keras.config.dtype_policy().name == "float32"


def test_backbones_are_scored_under_every_shift_before_there_is_a_head(data: TrainingData, runs: Path) -> None:
    weights = {name: str(runs / name / f"{name}.npz") for name in PRETRAINING}

    with eager_training():
        rows = evaluate_linearly(data, weights, 0.5, runs / "features")

    assert [row["shift"] for row in rows] == ["none", *(shift.name for shift in SHIFTS)]
    assert all(0.0 <= row[name] <= 1.0 for row in rows for name in ("vgg16", "densenet121", "both"))
    # The drawn classes differ by their number of blasts.
    assert rows[0]["both"] > 0.5
    assert as_table(rows).splitlines()[0].split() == ["|", "shift", "|", "vgg16", "|", "densenet121", "|", "both", "|"]


def test_a_finished_step_is_not_run_again(runs: Path, data: TrainingData) -> None:
    target = runs / "densenet121" / "densenet121.npz"
    before = target.stat().st_mtime_ns

    again = pretrain(data, PRETRAINING["densenet121"], Run(runs / "densenet121"))

    assert again == target
    assert target.stat().st_mtime_ns == before


def test_a_folder_with_other_settings_is_refused(runs: Path, data: TrainingData) -> None:
    with pytest.raises(ValueError, match="holds a run with other settings"):
        pretrain(data, PretrainSettings("densenet121", epochs=5), Run(runs / "densenet121"))


def test_a_folder_of_another_data_set_is_refused(runs: Path, data: TrainingData) -> None:
    other = replace(data, split=replace(data.split, dataset="0" * 64))

    with pytest.raises(ValueError, match="holds a run with other dataset"):
        pretrain(other, PRETRAINING["densenet121"], Run(runs / "densenet121"))


def test_every_step_writes_its_settings_data_and_libraries(runs: Path, data: TrainingData) -> None:
    for step in ("vgg16", "densenet121", "head", "finetune"):
        written = json.loads((runs / step / "settings.json").read_text())

        assert written["dataset"] == data.split.dataset
        assert written["split"] == data.split.digest
        assert written["preprocessing"] == SPEC.digest
        assert {"keras", "tensorflow", "numpy", "opencv-python-headless"} == set(written["versions"])
        assert written["settings"]["seed"] == 1


def test_cached_features_are_the_frozen_backbones_answers(runs: Path, data: TrainingData) -> None:
    weights = str(runs / "vgg16" / "vgg16.npz")

    cached = cached_features(data, "validation", "vgg16", weights, 0, 1, runs / "features")

    inputs = SmearBatches(*data.part("validation"), SPEC, batch=99, seed=1, augmented=False)[0][0]
    np.testing.assert_allclose(cached, pooled("vgg16", weights)(inputs["original"]), rtol=1e-4, atol=1e-5)


def test_other_weights_have_features_of_their_own(runs: Path, data: TrainingData, tmp_path: Path) -> None:
    weights = runs / "vgg16" / "vgg16.npz"
    with np.load(weights) as arrays:
        np.savez(tmp_path / "other.npz", **{name: array * 1.5 for name, array in arrays.items()})

    features, others = (
        cached_features(data, "validation", "vgg16", str(path), 0, 1, tmp_path) for path in (weights, tmp_path / "other.npz")
    )

    assert not np.allclose(features, others)
    assert len(list(tmp_path.glob("*.f32"))) == 2


class Interruption(Exception):
    """The process is killed."""


# A killed process leaves its log open; here the process lives on, and Python notices it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed file:ResourceWarning")
def test_an_interrupted_training_is_resumed(
    runs: Path, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {name: str(runs / name / f"{name}.npz") for name in ("vgg16", "densenet121")}
    settings = TrainSettings(**files, epochs=5, copies=1)

    class Failure(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            if epoch == 3:
                raise Interruption

    callbacks = Run.callbacks
    monkeypatch.setattr(Run, "callbacks", lambda self: [*callbacks(self), Failure()])
    with eager_training(), pytest.raises(Interruption):
        train(data, settings, Run(tmp_path), runs / "features")
    monkeypatch.setattr(Run, "callbacks", callbacks)
    gc.collect()

    with eager_training():
        target = train(data, settings, Run(tmp_path), runs / "features")

    with (tmp_path / "log.csv").open() as lines:
        assert [row["epoch"] for row in csv.DictReader(lines)] == ["0", "1", "2", "3", "4"]
    assert target.exists()


def test_a_data_set_without_one_of_its_classes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Original" / "Benign").mkdir(parents=True)
    (tmp_path / "Original" / "Benign" / "1.jpg").write_bytes(encode_jpeg(draw_synthetic_smear(1)))

    with pytest.raises(FileNotFoundError, match=r"expected pictures in .*Early"):
        read_dataset(tmp_path)
