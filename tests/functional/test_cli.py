"""``hemascope screen`` and ``selfcheck``, in process: what they print, write and return."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from hemascope.domain.report import Report
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.main import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two smears, one of them in a folder below, a text that says it is a picture, and a file that is none of ours."""
    slides = tmp_path / "slides"
    (slides / "case 2").mkdir(parents=True)
    (slides / "field 1.jpg").write_bytes(encode_jpeg(draw_synthetic_smear(1)))
    (slides / "case 2" / "field 1.JPG").write_bytes(encode_jpeg(draw_synthetic_smear(2)))
    (slides / "text.jpg").write_text("no picture")
    (slides / "notes.txt").write_text("not asked for")
    return slides


def test_a_folder_gives_one_line_of_json_a_picture(folder: Path, capsys: Captured) -> None:
    status = main(["screen", str(folder), "--format", "jsonl"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert [line.pop("source") for line in lines] == [
        str(folder / name) for name in ("case 2/field 1.JPG", "field 1.jpg", "text.jpg")
    ]
    assert [Report.model_validate(line).state for line in lines] == ["reported", "reported", "rejected"]


def test_json_is_one_list(folder: Path, capsys: Captured) -> None:
    main(["screen", str(folder), "--format", "json"])

    assert len(json.loads(capsys.readouterr().out)) == 3


def test_csv_is_a_table_with_a_row_for_each_picture(folder: Path, capsys: Captured) -> None:
    main(["screen", str(folder), "--format", "csv"])

    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    names = ["case 2/field 1.JPG", "field 1.jpg", "text.jpg"]
    assert [row["source"] for row in rows] == [str(folder / name) for name in names]
    assert [row["state"] for row in rows] == ["reported", "reported", "rejected"]
    assert list(rows[0]) == [
        *("source", "object_id", "state", "decision", "label"),
        *("Benign", "Early Pre-B", "Pre-B", "Pro-B"),
        *("cells", "rejection", "model"),
    ]
    assert sum(float(rows[0][name]) for name in ("Benign", "Early Pre-B", "Pre-B", "Pro-B")) == pytest.approx(1, abs=1e-5)
    assert (rows[2]["label"], rows[2]["Benign"], rows[2]["rejection"]) == ("", "", "unsupported_format")


def test_a_dash_is_one_picture_on_standard_input(
    folder: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (folder / "field 1.jpg").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    main(["screen", "-", "--format", "jsonl", "--out", str(tmp_path / "out")])
    piped = json.loads(capsys.readouterr().out)
    main(["screen", str(folder / "field 1.jpg"), "--format", "jsonl"])
    read = json.loads(capsys.readouterr().out)

    assert piped["source"] == "-"
    assert (piped["object_id"], piped["result"]) == (read["object_id"], read["result"])
    assert (tmp_path / "out" / "standard-input.overlay.png").exists()


def test_nothing_on_standard_input_is_a_rejected_picture(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))

    assert main(["screen", "-", "--format", "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out)["rejection"]["reason"] == "empty_file"


@pytest.mark.parametrize("style", ["text", "json", "jsonl", "csv"])
def test_a_folder_without_pictures_says_what_is_in_it_and_exits_with_status_2(
    tmp_path: Path, capsys: Captured, style: str
) -> None:
    (tmp_path / "notes.txt").write_text("no picture")

    status = main(["screen", str(tmp_path), "--format", style])

    captured = capsys.readouterr()
    assert (status, captured.out) == (2, "")
    assert captured.err.splitlines() == [
        "passed over: 1",
        f"  1  a file of another kind: ...{str(tmp_path / 'notes.txt')[-57:]}",
        "hemascope: expected pictures (JPEG, PNG, TIFF, BMP, WebP, HEIC), found none",
    ]


def test_an_empty_folder_is_one_line_on_stderr(tmp_path: Path, capsys: Captured) -> None:
    status = main(["screen", str(tmp_path)])

    assert status == 2
    assert capsys.readouterr().err == "hemascope: expected pictures (JPEG, PNG, TIFF, BMP, WebP, HEIC), found none\n"


def test_text_ends_in_a_table(folder: Path, capsys: Captured) -> None:
    main(["screen", str(folder)])

    out = capsys.readouterr().out
    assert "3 pictures; decision support, not a diagnosis" in out
    assert "rejected: expected" in out
    named = r"^  (Benign hematogones|(Early )?Pr[eo]-B pattern) \([a-z ]+\): Benign [01]\."
    assert len(re.findall(named, out, re.MULTILINE)) == 2
    assert out.rstrip().splitlines()[-1].split() == ["rejected", "1"]


def test_pictures_go_where_they_are_asked_for(folder: Path, tmp_path: Path) -> None:
    main(["screen", str(folder), "--format", "jsonl", "--out", str(tmp_path / "out")])

    written = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")}
    kinds = ("overlay", "segmented", "heat_map.original", "heat_map.segmented")
    assert written == {f"{picture}.{kind}.png" for picture in ("field 1.jpg", "case 2/field 1.JPG") for kind in kinds}
    overlay = cv2.imread(str(tmp_path / "out" / "field 1.jpg.overlay.png"))
    assert overlay.shape == draw_synthetic_smear(1).shape


def test_the_same_picture_gives_the_same_report_twice(folder: Path, capsys: Captured) -> None:
    reports = []
    for _ in range(2):
        main(["screen", str(folder / "field 1.jpg"), "--format", "jsonl"])
        report = json.loads(capsys.readouterr().out)
        report.pop("timings_ms")
        reports.append(report)

    assert reports[0] == reports[1]


def test_a_path_that_does_not_exist_is_one_line_on_stderr(tmp_path: Path, capsys: Captured) -> None:
    status = main(["screen", str(tmp_path / "nowhere.jpg")])

    captured = capsys.readouterr()
    assert (status, captured.out) == (2, "")
    assert captured.err.startswith("hemascope: There is no file or folder ")
    assert len(captured.err.splitlines()) == 1


def test_a_place_where_nothing_can_be_written_is_one_line_on_stderr(folder: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").touch()

    status = main(["screen", str(folder / "field 1.jpg"), "--out", str(tmp_path / "file")])

    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()[1:]
    assert line.startswith(f"hemascope: {tmp_path / 'file' / 'field 1.jpg.segmented.png'} can't be written: ")


def test_a_broken_artifact_is_one_line_on_stderr(tmp_path: Path, folder: Path, capsys: Captured) -> None:
    status = main(["screen", str(folder), "--artifact", str(tmp_path)])

    captured = capsys.readouterr()
    assert status == 1
    assert captured.err.startswith("hemascope: expected a model artifact in")


def test_selfcheck_replays_the_golden_predictions(capsys: Captured) -> None:
    status = main(["selfcheck"])

    assert status == 0
    assert "selfcheck: 4 golden predictions of " in capsys.readouterr().out


def test_the_newest_artifact_is_taken_by_number_not_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hemascope_cli.project import artifact_folder

    (tmp_path / "cdk.json").write_text("{}")
    for version in ("1.0.0", "1.9.0", "1.10.0"):
        folder = tmp_path / "model_artifacts" / "all-subtypes" / version
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    monkeypatch.chdir(tmp_path)

    assert artifact_folder(None).name == "1.10.0"
    shutil.rmtree(tmp_path / "model_artifacts" / "all-subtypes")
    (tmp_path / "model_artifacts" / "all-subtypes").mkdir()
    assert main(["selfcheck"]) == 1


def test_a_large_photograph_is_judged_too(tmp_path: Path, capsys: Captured) -> None:
    _, data = cv2.imencode(".png", np.ascontiguousarray(draw_synthetic_smear(4, 1944)[:, :, ::-1]))
    (tmp_path / "large.png").write_bytes(data.tobytes())

    main(["screen", str(tmp_path / "large.png"), "--format", "jsonl", "--out", str(tmp_path / "out")])

    assert json.loads(capsys.readouterr().out)["evidence"]["cell_count"] > 0
    assert cv2.imread(str(tmp_path / "out" / "large.png.overlay.png")).shape == (1024, 1024, 3)
