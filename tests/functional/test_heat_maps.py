"""Heat maps from the network to where a hospital finds them."""

from pathlib import Path

import numpy as np
import pytest

from hemascope.domain.report import Report
from hemascope.model.artifact import Artifact
from hemascope_cli.pictures import network, screening
from tests.support.fakes import FixedClassifier, Wire, World


def test_heat_maps_are_stored_before_the_report_that_names_them(artifact: Artifact, smear: bytes) -> None:
    maps = {branch: np.eye(8, dtype=np.float32) for branch in ("original", "segmented")}
    world, wire = World(FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01, maps=maps)), Wire()

    world.screening_service(wire).process(world.arrive(smear))

    assert wire.writes == ["write_once"] * 6 + ["finish", "put"]
    report = Report.model_validate(world.reports.json("report.json"))
    assert report.evidence is not None
    assert report.evidence.pictures is not None
    folder = f"reports/{report.object_id}/{report.model.name}"
    keys = {"original": f"{folder}/heat_map.original.png", "segmented": f"{folder}/heat_map.segmented.png"}
    assert report.evidence.pictures.heat_maps == keys
    assert list(world.reports.files).index(f"{folder}/report.json") == 4
    for key in keys.values():
        content, content_type = world.reports.files[key]
        assert content_type == "image/png"
        assert content.startswith(b"\x89PNG")


def test_the_command_line_writes_a_heat_map_of_each_branch_beside_the_others(
    artifact: Artifact, smear: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps = {branch: np.eye(8, dtype=np.float32) for branch in ("original", "segmented")}
    monkeypatch.setattr(network, "Classifier", lambda _: FixedClassifier(artifact, 0.01, 0.02, 0.96, 0.01, maps=maps))
    (tmp_path / "field.jpg").write_bytes(smear)

    screening.screen_paths([tmp_path / "field.jpg"], "jsonl", tmp_path / "out", artifact.folder)

    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "field.jpg.heat_map.original.png",
        "field.jpg.heat_map.segmented.png",
        "field.jpg.overlay.png",
        "field.jpg.segmented.png",
    ]
