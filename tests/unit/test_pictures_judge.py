"""The table of ``python -m tests.pictures`` says so where a picture comes out wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.pictures import judge, main
from tests.support.picture_declarations import PROFILES, SMEAR, by_littlecms, saved

LINEAR = PROFILES["linear"]
WHOLE = saved(SMEAR, "PNG")
PIXELS = {"right": "pixels", "tolerance": 2}
REJECTION = {"right": "rejection"}


def lay_out(folder: Path, data: bytes, right: dict[str, object], expected: np.ndarray = SMEAR) -> Path:
    (folder / "expected").mkdir()
    (folder / "a.png").write_bytes(data)
    (folder / "expected" / "a.png.png").write_bytes(saved(expected, "PNG"))
    (folder / "index.json").write_text(json.dumps({"a.png": right}), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("data", "right", "expected", "verdict"),
    [
        (WHOLE, PIXELS, SMEAR, "right pixels"),
        (saved(SMEAR, "PNG", icc_profile=LINEAR), PIXELS, by_littlecms(SMEAR, LINEAR), "right pixels"),
        (saved(SMEAR, "PNG", icc_profile=LINEAR), PIXELS, SMEAR, "WRONG PIXELS"),
        (WHOLE, PIXELS, SMEAR[:, ::-1], "WRONG PIXELS"),
        (WHOLE, PIXELS, SMEAR[:80], "WRONG PIXELS"),
        (WHOLE, REJECTION, SMEAR, "WRONG PIXELS"),
        (WHOLE[:-40], REJECTION, SMEAR, "right rejection"),
        (WHOLE[:-40], PIXELS, SMEAR, "CALLED DAMAGED"),
        (b"GIF89a" + bytes(80), PIXELS, SMEAR, "honest rejection"),
    ],
    ids=["right", "converted", "colours", "mirrored", "size", "not refused", "refused", "called damaged", "honest"],
)
def test_a_picture_is_judged_by_what_is_right(
    tmp_path: Path, data: bytes, right: dict[str, object], expected: np.ndarray, verdict: str
) -> None:
    (outcome,) = judge(lay_out(tmp_path, data, right, expected))

    assert outcome.verdict == verdict
    assert outcome.is_silently_wrong is (verdict == "WRONG PIXELS")


@pytest.mark.parametrize(("right", "status"), [(PIXELS, 0), (REJECTION, 1)])
def test_the_command_fails_where_a_picture_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], right: dict[str, object], status: int
) -> None:
    monkeypatch.setattr("sys.argv", ["pictures", str(lay_out(tmp_path, WHOLE, right))])

    assert main() == status
    assert ("WRONG PIXELS" in capsys.readouterr().out) is bool(status)
