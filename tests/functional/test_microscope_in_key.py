"""Under which microscope's name the agent files pictures."""

import json
from pathlib import Path

import pytest

from hemascope_cli.main import main
from tests.support.moto_cloud import MotoCloud

Captured = pytest.CaptureFixture[str]
QUICK = ["--settle", "0", "--poll", "0.01", "--longest-pause", "0.01", "--every", "0.01", "--once", "--simulate", "1"]


def watch(place: Path, *more: str) -> int:
    (place / "pictures").mkdir()
    where = ["--watch", str(place / "pictures"), "--outbox", str(place / "outbox.sqlite")]
    return main(["microscope", *where, "--hospital", "st-mary", "--slide", "c-1", *QUICK, *more])


def test_a_picture_is_stored_under_the_name_that_is_given(cloud: MotoCloud, tmp_path: Path) -> None:
    assert watch(tmp_path, "--bucket", "uploads", "--microscope", "scope 2") == 0

    assert [key.rsplit("/", 1)[0] for key in cloud.keys("uploads")] == ["smears/st-mary/c-1/c-1/scope 2"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/b", "A microscope's name can't have the character U+002F SOLIDUS. Give the name as it is registered."),
        ("st-mary:8", "The certificate is of another microscope: give --microscope st-mary:7, or leave it out."),
    ],
)
def test_a_name_that_may_not_be_given_is_one_line(tmp_path: Path, capsys: Captured, name: str, message: str) -> None:
    identity = {"thing": "st-mary:7", "provider": "p", "role_alias": "r", "bucket": "uploads", "region": "eu-central-1"}
    for file in ("microscope.pem", "microscope.key", "root.pem"):
        (tmp_path / file).touch()
    (tmp_path / "microscope.json").write_text(json.dumps(identity))

    where = ["--identity", str(tmp_path)] if ":" in name else ["--bucket", "uploads"]
    status = watch(tmp_path, *where, "--microscope", name)

    assert (status, capsys.readouterr().err) == (1, f"hemascope: {message}\n")
