"""The shipped artifact on real smears that no training step saw."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Classifier
from training.data.dataset import CLASS_NAMES, Sample, read_dataset
from training.data.split import Split, load_split, without_copies
from training.evidence.evaluate import evaluate

pytestmark = pytest.mark.dataset


@pytest.fixture(scope="module")
def split(artifact: Artifact, dataset: Path) -> Split:
    return load_split(artifact.folder / "split.json", read_dataset(dataset))


@pytest.fixture(scope="module")
def unseen(split: Split) -> list[Sample]:
    seen = {sample.sha256 for sample in split.train}
    unseen = without_copies([*split.test, *split.validation])
    assert not [sample for sample in unseen if sample.sha256 in seen]
    return unseen


def test_at_least_99_percent_of_unseen_smears_are_answered_rightly(classifier: Classifier, dataset: Path, split: Split) -> None:
    test = without_copies(split.test)

    measured = evaluate(classifier, dataset, test)

    assert measured["smears"] == len(test) > 500
    assert measured["accuracy"] >= 0.99, measured["mistakes"]
    assert min(measured["mean_cell_count"].values()) > 1
    stated = classifier.artifact.manifest.metrics["test"]
    assert measured["accuracy"] == pytest.approx(stated["accuracy"], abs=0.004)  # two smears: processors round differently


def test_the_manifest_says_that_nearly_all_decisions_equal_the_float_networks(artifact: Artifact) -> None:
    assert artifact.manifest.metrics["decisions_equal_to_float"] >= 0.998


def test_other_laboratories_cells_are_not_answered_with_confidence(classifier: Classifier, dataset: Path) -> None:
    from hemascope_cli.pictures.screening import screen_file

    files = sorted((dataset / "OtherLab").glob("*"))

    decisions = [screen_file(file, classifier).report.result for file in files]

    confident = [decision for decision in decisions if decision is not None and decision.decision == "confident"]
    assert len(files) == 120
    assert confident == []


@pytest.mark.parametrize("label", range(4), ids=CLASS_NAMES)
def test_the_demo_names_the_class_of_an_unseen_smear(label: int, unseen: list[Sample], dataset: Path, tmp_path: Path) -> None:
    smear = next(dataset / sample.path for sample in unseen if sample.label == label)

    done = subprocess.run(
        [sys.executable, "-m", "hemascope_cli", "demo", "--smear", str(smear), "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert f"Label     {CLASS_NAMES[label]}, decision: confident" in done.stdout


def test_the_command_line_writes_one_line_for_each_smear_of_a_folder(dataset: Path) -> None:
    folder = dataset / "Original" / "Benign"

    done = subprocess.run(
        [sys.executable, "-m", "hemascope_cli", "screen", str(folder), "--format", "jsonl"],
        capture_output=True,
        text=True,
        check=False,
    )

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [line["source"] for line in lines] == [str(path) for path in sorted(folder.iterdir())]
    assert {line["schema"] for line in lines} == {"hemascope.report/2"}
