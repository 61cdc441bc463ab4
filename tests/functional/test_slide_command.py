"""``hemascope slide``, in process: what it reads, prints and returns."""

import json
from pathlib import Path

import pytest

from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.report import Report
from hemascope.domain.slide import SlideReport
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.main import main
from tests.support.slide_fields import BENIGN, PRE, rejected_report, smear_report

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Three reports as lines: two fields of a slide, and a picture that could not be judged."""
    file = tmp_path / "reports.jsonl"
    lines = [smear_report("a", PRE, 120), smear_report("b", BENIGN, 40), rejected_report("c")]
    file.write_text("".join(line.to_json() + "\n" for line in lines))
    return file


def state(capsys: Captured, *arguments: str) -> SlideReport:
    assert main(["slide", *arguments, "--format", "json"]) == 0
    return SlideReport.model_validate_json(capsys.readouterr().out)


def test_report_lines_give_a_statement_in_plain_words(reports: Path, capsys: Captured) -> None:
    status = main(["slide", str(reports)])

    assert status == 0
    assert capsys.readouterr().out == (
        "suspected (screening)\n"
        "  Leukemia is suspected: blasts were found in the counted fields of this slide. Fields counted: 2 of 3. Cells "
        "counted: 160. From 100 cells a slide can be screened; a pattern is stated from 200.\n"
        "  Consult a specialist in hematology without delay. The finding needs flow cytometry to confirm.\n"
        "  Benign 0.250  Early Pre-B 0.020  Pre-B 0.710  Pro-B 0.020\n"
        "\n"
        "fields that count, the most suspicious first (probability of leukemia, cells, class)\n"
        "  0.980   120  Pre-B pattern  a\n"
        "  0.060    40  Benign hematogones  b\n"
        "\n"
        "fields that don't count\n"
        "  rejected: c\n"
        "    Send the picture again.\n"
        "\n"
        "decision support, not a diagnosis\n"
    )


def test_pictures_are_judged_and_named_by_their_path(tmp_path: Path, capsys: Captured) -> None:
    for number in (1, 2):
        (tmp_path / f"field {number}.jpg").write_bytes(encode_jpeg(draw_synthetic_smear(number)))
    (tmp_path / "notes.jpg").write_text("no picture")

    statement = state(capsys, str(tmp_path))

    named = {field.name for field in statement.fields} | {field.name for field in statement.excluded}
    assert named == {str(tmp_path / name) for name in ("field 1.jpg", "field 2.jpg", "notes.jpg")}
    assert [field.why for field in statement.excluded if field.name.endswith("notes.jpg")] == ["rejected"]


def test_a_slide_of_an_unverified_microscope_counts_no_field(tmp_path: Path, capsys: Captured) -> None:
    field, profile = tmp_path / "field.jpg", tmp_path / "profile.json"
    field.write_bytes(encode_jpeg(draw_synthetic_smear(1)))
    profile.write_text(MicroscopeProfile().to_json())

    assert main(["slide", str(field)]) == 0
    assert capsys.readouterr().err.startswith("judged as the reference microscope")
    assert main(["slide", str(field), "--profile", str(profile)]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("unverified: there is no proof of this microscope's answers")
    assert "Fields counted: 0 of 1." in said.out


def test_pictures_give_the_statement_that_their_reports_give(tmp_path: Path, capsys: Captured) -> None:
    for number in (1, 2):
        (tmp_path / f"field {number}.jpg").write_bytes(encode_jpeg(draw_synthetic_smear(number)))
    from_pictures = state(capsys, str(tmp_path))
    for style in ("json", "jsonl"):
        main(["screen", str(tmp_path), "--format", style])
        (tmp_path / f"reports.{style}").write_text(capsys.readouterr().out)

        assert state(capsys, str(tmp_path / f"reports.{style}")) == from_pictures


def test_one_stored_report_is_a_slide_of_one_field(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "report.json").write_text(smear_report("a", PRE, 12).to_json())

    statement = state(capsys, str(tmp_path / "report.json"))

    assert (statement.counted_cells, statement.finding) == (12, "suspected")


def test_reports_of_several_files_make_one_slide(tmp_path: Path, capsys: Captured) -> None:
    for name in "ab":
        (tmp_path / f"{name}.json").write_text(smear_report(name, BENIGN, 60).to_json())

    assert state(capsys, str(tmp_path / "a.json"), str(tmp_path / "b.json")).counted_cells == 120


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no JSON", "expected reports as JSON, one, a list or one a line, received something else: "),
        ('{"schema": "hemascope.report/2"}', "expected a report, received something else: number 1 in "),
        ("[1]", "expected a report, received something else: number 1 in "),
    ],
)
def test_a_file_that_holds_no_reports_is_one_line_on_stderr(tmp_path: Path, capsys: Captured, text: str, said: str) -> None:
    (tmp_path / "x.json").write_text(text)

    status = main(["slide", str(tmp_path / "x.json")])

    captured = capsys.readouterr()
    assert (status, captured.out) == (1, "")
    assert captured.err.startswith(f"hemascope: {said}")
    assert len(captured.err.splitlines()) == 1


def test_reports_of_two_slides_are_one_line_on_stderr(tmp_path: Path, capsys: Captured) -> None:
    two: list[Report] = [smear_report("a"), smear_report("b", slide="c-2")]
    (tmp_path / "x.json").write_text(json.dumps([json.loads(report.to_json()) for report in two]))

    assert main(["slide", str(tmp_path / "x.json")]) == 1
    assert capsys.readouterr().err == "hemascope: expected fields of one slide, received fields of 2\n"


@pytest.mark.parametrize("name", ["nowhere.jpg", "nowhere.jsonl"])
def test_a_path_that_does_not_exist_is_one_line_on_stderr(tmp_path: Path, capsys: Captured, name: str) -> None:
    assert main(["slide", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err == f"hemascope: There is no file or folder {tmp_path / name}. Check the name.\n"


def test_neither_pictures_nor_reports_are_one_line_on_stderr(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.jsonl").touch()

    for path in (tmp_path / "empty", tmp_path / "none.jsonl"):
        assert main(["slide", str(path)]) == 2
        assert capsys.readouterr().err == "hemascope: expected at least one field of a slide, received none\n"


def test_a_language_that_the_artifact_has_not_is_one_line_on_stderr(reports: Path, capsys: Captured) -> None:
    assert main(["slide", str(reports), "--language", "de"]) == 1
    assert capsys.readouterr().err == "hemascope: expected texts.de.json in the artifact, received texts.en.json\n"
