"""The laboratory's evidence from its command line, on a small data set of drawn smears."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import Artifact
from training.__main__ import main
from training.data.colour import turn_hue
from training.data.dataset import CLASS_FOLDERS

PER_CLASS = 30


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty smears a class in six blocks of file numbers, of four stains that lie across the classes."""
    root = tmp_path_factory.mktemp("evidence")
    for label, folder in enumerate(CLASS_FOLDERS):
        (root / "Original" / folder).mkdir(parents=True)
        for number in range(PER_CLASS):
            smear = draw_synthetic_smear(label * PER_CLASS + number, side=128, cells=3)
            stain = (number + (number % 7 == 0) * label) % 4
            content = encode_jpeg(turn_hue(smear, 30.0 * stain))
            (root / "Original" / folder / f"smear-{12 * number + 1:03}.jpg").write_bytes(content)
    return root


@pytest.fixture(scope="module")
def few(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One smear a class."""
    root = tmp_path_factory.mktemp("few")
    for folder in CLASS_FOLDERS:
        (root / "Original" / folder).mkdir(parents=True)
        shutil.copy(drawn / "Original" / folder / "smear-001.jpg", root / "Original" / folder)
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run a step in a fresh folder of runs; return what it printed."""

    def run(step: str, dataset: Path, *words: str, runs: Path = tmp_path) -> str:
        assert main([step, "--dataset", str(dataset), "--runs", str(runs), *words]) == 0
        return capsys.readouterr().out

    return run


def test_a_folder_that_the_artifacts_split_does_not_know_is_scored_whole(run: Any, few: Path, artifact: Artifact) -> None:
    text = run("evaluate", few, "--artifact", str(artifact.folder))
    report = json.loads(run("evaluate", few, "--artifact", str(artifact.folder), "--json"))

    assert "All smears of the folder, copies once; the artifact was trained on another data set." in text
    assert report["result"]["smears"] == 4
    assert report["artifacts"][0]["sha256"] == artifact.reference.sha256
    assert report["command"] == "python -m training evaluate --dataset DIR --artifact DIR"
    accuracy = report["result"]["intervals"]["accuracy"]
    assert accuracy["low"] <= accuracy["value"] == report["result"]["accuracy"] <= accuracy["high"]
    assert f"{100 * accuracy['value']:.1f} (" in text


def test_smears_that_bear_the_name_of_a_training_smear_are_pointed_out(
    run: Any, few: Path, artifact: Artifact, tmp_path: Path
) -> None:
    split = json.loads((artifact.folder / "split.json").read_text())
    name = next(item for item in split["parts"]["train"] if item.startswith("Original/Pre/"))
    shutil.copytree(few, tmp_path / "known")
    shutil.copy(few / "Original" / "Pre" / "smear-001.jpg", tmp_path / "known" / name)

    text = run("evaluate", tmp_path / "known", "--artifact", str(artifact.folder))

    assert "1 have the name of a smear that it was trained or calibrated on, so this is no fair test." in text


def test_shifts_print_a_table_and_draw_a_figure(run: Any, few: Path, artifact: Artifact, tmp_path: Path) -> None:
    text = run("shifts", few, "--artifact", str(artifact.folder), "--markdown", "--figures", str(tmp_path / "figures"))

    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 1 + 16
    assert rows[2].split("|")[4].strip() == "1.00"
    assert "\nWorst: " in text
    assert (tmp_path / "figures" / "shifts.png").read_bytes().startswith(b"\x89PNG")


def test_calibration_prints_both_errors_and_draws_a_figure(run: Any, few: Path, artifact: Artifact, tmp_path: Path) -> None:
    text = run("calibration", few, "--artifact", str(artifact.folder), "--figures", str(tmp_path / "figures"))

    assert "before the temperature" in text
    assert "after the temperature" in text
    assert (tmp_path / "figures" / "reliability.png").exists()


def test_what_was_found_later_stands_in_the_card_once_before_its_limits(
    run: Any, few: Path, artifact: Artifact, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(artifact.folder, tmp_path / "artifact"))
    card, limits, rest = (folder / "MODEL_CARD.md").read_text().partition("## Limits")
    before = card.partition("## Evidence: ")[0] + limits + rest
    (folder / "MODEL_CARD.md").write_text(before)

    for _ in range(2):
        run("calibration", few, "--artifact", str(folder), "--card")

    card = (folder / "MODEL_CARD.md").read_text()
    assert card.count("## Evidence: calibration\n") == 1
    assert card.index("| before the temperature |") < card.index("## Limits: who must not rely on it")
    assert [line for line in before.splitlines() if line not in card.splitlines()] == []


def test_a_card_without_limits_is_left_alone(run: Any, few: Path, artifact: Artifact, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(artifact.folder, tmp_path / "artifact"))
    (folder / "MODEL_CARD.md").write_text("# Somebody else's\n")

    with pytest.raises(ValueError, match="expected a section '## Limits'"):
        run("calibration", few, "--artifact", str(folder), "--card")

    assert (folder / "MODEL_CARD.md").read_text() == "# Somebody else's\n"


def test_splits_are_stored_once_and_printed_with_their_digests(run: Any, drawn: Path, tmp_path: Path) -> None:
    report = json.loads(run("splits", drawn, "--json"))["splits"]

    files = {file.stem: json.loads(file.read_text()) for file in (tmp_path / "splits").rglob("*.json")}
    assert len(report) == 11
    assert {name: files[name]["digest"] for name in report} == {name: split["digest"] for name, split in report.items()}
    assert all(sum(item[part] for part in ("train", "test", "validation", "excluded")) == 120 for item in report.values())
    assert json.loads(run("splits", drawn, "--json"))["splits"] == report


def test_probes_are_scored_on_every_kind_of_split(run: Any, drawn: Path) -> None:
    text = run("probes", drawn, "--no-artifact")

    lines = text.splitlines()
    for probe in ("colour", "background", "corner", "grey", "shuffled cells"):
        assert sum(line.startswith(probe) for line in lines) == 2
    assert "random" in lines[4]
    assert "sessions" in lines[4]


def test_the_help_names_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    text = capsys.readouterr().out
    for step in ("splits", "probes", "shifts", "calibration", "evaluate"):
        assert f"    {step} " in text or f"    {step}\n" in text
