"""A field that is cut into tiles, through the service and through the command line."""

import json
from pathlib import Path

import pytest

from hemascope.domain.microscope import Microscope, ProfileVersion, Verification
from hemascope.domain.microscope_keys import profile_key
from hemascope.domain.report import MicroscopeState
from hemascope.domain.specimen import ObjectVersion
from hemascope.imaging.overlay import encode_png
from hemascope.model.artifact import Artifact
from hemascope.runtime.metrics import Metric
from hemascope_cli.main import main
from tests.conftest import lambda_module
from tests.support.emf import values
from tests.support.fakes import START, World, lambda_context, s3_message, s3_record, sqs_event
from tests.support.screenings import tuned
from tests.support.tiled_fields import TileClassifier, drawn_tile, field_of, ruled

FIELD = field_of(drawn_tile(1), drawn_tile(1), drawn_tile(2, cells=5), drawn_tile(1))
KEY = "smears/st-mary/p-7/c-1/scope 2/field-1.png"


@pytest.fixture
def world(artifact: Artifact) -> World:
    """A verified microscope with a ruler, and a network that sees Pro-B in the third tile alone."""
    world = World(TileClassifier(tuned(artifact), {5: {"label": "Pro-B"}}))  # type: ignore[arg-type]
    use = ruled(FIELD)
    assert use.profile is not None
    profile = use.profile.sha256
    proof = Verification(sha256="c" * 64, at=START, by="8f0c", profile=profile, model=artifact.reference.sha256)
    versions = (ProfileVersion(sha256=profile, at=START, by="8f0c"),)
    scope = Microscope(hospital="st-mary", name="scope 2", profile=profile, profiles=versions, verification=proof)
    world.microscopes.kept["st-mary", "scope 2"] = scope
    version = ObjectVersion(bucket="reports", key=profile_key(scope.digest, profile))
    world.reports.pictures[version] = use.profile.to_json().encode()
    return world


def test_a_suspicion_of_one_tile_is_urgent_and_its_tile_is_in_the_stored_report(world: World) -> None:
    world.screening_service().process(world.arrive(encode_png(FIELD), KEY))

    report = world.reports.json("report.json")
    assert (report["result"]["decision"], report["result"]["prediction_set"]) == ("indeterminate", ["Benign", "Pro-B"])
    assert [tile["label"] for tile in report["evidence"]["tiles"]] == ["Benign", "Benign", "Pro-B", "Benign"]
    assert world.row.urgent
    assert "call your clinic today" in world.reports.json("summary.json")["next_step"]


def test_a_cut_field_is_counted_without_a_time_of_its_network(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = lambda_module("screen_smear")
    monkeypatch.setattr(module, "screening_service", world.screening_service)
    world.arrive(encode_png(FIELD), KEY)

    answer = module.handler(sqs_event(s3_message(s3_record(KEY))), lambda_context())

    counted = values(capsys.readouterr().out)
    assert answer == {"batchItemFailures": []}
    assert counted[Metric.SMEARS_REPORTED] == (1,)
    assert Metric.SCREENING_TIME in counted
    assert Metric.NETWORK_TIME not in counted


@pytest.mark.parametrize("style", ["text", "jsonl"])
def test_screen_shows_the_tiles_of_a_field(tmp_path: Path, capsys: pytest.CaptureFixture[str], style: str) -> None:
    (tmp_path / "field.png").write_bytes(encode_png(FIELD))
    use = ruled(FIELD, MicroscopeState.PROFILED)
    assert use.profile is not None
    (tmp_path / "profile.json").write_text(use.profile.to_json())

    status = main(["screen", str(tmp_path / "field.png"), "--profile", str(tmp_path / "profile.json"), "--format", style])

    out = capsys.readouterr().out
    assert status == 0
    if style == "text":
        assert "Judged by 4 tiles: " in out
        assert out.count("    tile ") == 4
        assert "    tile 4 (columns 300 to 600, rows 224 to 448): " in out
    else:
        tiles = json.loads(out)["evidence"]["tiles"]
        assert [tile["number"] for tile in tiles] == [1, 2, 3, 4]
