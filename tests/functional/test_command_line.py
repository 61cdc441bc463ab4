"""The command line as a whole: grammar, help, exit statuses, and what a start loads and prints."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from hemascope.domain.errors import HemascopeError
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.main import main
from hemascope_cli.published_schemas import PUBLISHED

Captured = pytest.CaptureFixture[str]
AS_REFERENCE = "judged as the reference microscope, whose pictures the model was made with; give --profile for another\n"
COMMANDS = [
    "screen",
    "slide",
    "commission",
    "verify",
    "selfcheck",
    "schemas",
    "serve",
    "local",
    "demo",
    "upload",
    "microscope",
    "replay",
    "reconcile",
    "forget",
    "audit",
    "export-reviews",
]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hemascope_cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


@pytest.mark.parametrize("command", [*([name] for name in COMMANDS), ["audit", "verify"]], ids=" ".join)
def test_every_command_explains_itself(command: list[str], capsys: Captured) -> None:
    assert main([*command, "--help"]) == 0

    assert f"Usage: hemascope {' '.join(command)} " in capsys.readouterr().out


def test_the_help_names_every_command_but_the_second_name_of_serve(capsys: Captured) -> None:
    main(["--help"])

    words = capsys.readouterr().out.split()
    assert [name for name in COMMANDS if name not in words] == ["local"]


def test_without_a_command_it_explains_itself_and_ends_in_two(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as end:
        main([])

    captured = capsys.readouterr()
    assert end.value.code == 2
    assert "Usage: hemascope" in captured.out
    assert captured.err == ""


def test_the_version_is_that_of_the_package(capsys: Captured) -> None:
    assert main(["--version"]) == 0

    assert capsys.readouterr().out == f"hemascope {version('hemascope')}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scren", "x"], "hemascope: No such command 'scren'"),
        (["screen"], "hemascope screen: Missing argument 'PATH'"),
        (["screen", "x", "--format", "xml"], "hemascope screen: Invalid value for '--format'"),
        (["upload", "x", "--bucket", "b"], "hemascope upload: Missing option '--hospital'"),
        (["serve", "--port", "http"], "hemascope serve: Invalid value for '--port'"),
    ],
)
def test_arguments_that_do_not_fit_are_one_line_and_end_in_two(words: list[str], message: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)

    captured = capsys.readouterr()
    assert (end.value.code, captured.out) == (2, "")
    assert captured.err.startswith(message)
    assert captured.err.endswith(" --help'.\n")
    assert len(captured.err.splitlines()) == 1


def test_an_error_of_several_lines_is_one_line(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path) -> None:
        raise HemascopeError("expected this,\n  received that\n")

    monkeypatch.setattr("hemascope_cli.published_schemas.write_schemas", fail)

    assert main(["schemas"]) == 1
    assert capsys.readouterr().err == "hemascope: expected this,; received that\n"


def test_an_error_that_nobody_expected_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hemascope_cli.published_schemas.write_schemas", fail)

    with pytest.raises(ZeroDivisionError):
        main(["schemas"])


def test_ctrl_c_ends_a_command_without_a_traceback(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hemascope_cli.published_schemas.write_schemas", stop)

    assert main(["schemas"]) == 130
    assert capsys.readouterr().err == ""


def test_schemas_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    main(["schemas", str(tmp_path)])

    assert {file.name for file in tmp_path.iterdir()} == {f"{name}.schema.json" for name in PUBLISHED} | {"openapi.json"}


def test_help_loads_no_library_that_a_command_works_with() -> None:
    script = (
        "import sys; from hemascope_cli.main import main; main(['--help']); main(['screen', '--help']); "
        "heavy = {'numpy', 'cv2', 'ai_edge_litert', 'boto3', 'botocore', 'ministack', 'urllib3'}; "
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy))"
    )

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.splitlines()[-1] == "[]"


def test_a_screening_says_only_which_microscope_it_takes_the_pictures_for(tmp_path: Path) -> None:
    (tmp_path / "field.jpg").write_bytes(encode_jpeg(draw_synthetic_smear(1)))

    done = run("screen", str(tmp_path))

    assert (done.returncode, done.stderr) == (0, AS_REFERENCE)
    assert "1 picture; decision support, not a diagnosis" in done.stdout


def test_a_file_name_that_is_no_utf8_is_shown_and_ends_nothing(tmp_path: Path) -> None:
    name = os.fsdecode(b"field \xff.jpg")
    (tmp_path / name).write_text("no picture")

    done = run("screen", str(tmp_path), "--format", "jsonl", PYTHONIOENCODING="utf-8")

    assert (done.returncode, done.stderr) == (0, AS_REFERENCE)
    assert "field \\udcff.jpg" in done.stdout


def test_a_reader_that_stops_early_ends_a_command_without_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hemascope_cli", "schemas", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        errors = process.stderr.read()

    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("line", "word", "expected"),
    [
        ("hemascope exp", 1, "export-reviews"),
        ("hemascope screen --form", 2, "--format"),
        ("hemascope replay arr", 2, "arrivals"),
    ],
)
def test_a_shell_completes_commands_options_and_choices(line: str, word: int, expected: str) -> None:
    done = run(_HEMASCOPE_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(word))

    assert done.stdout.split() == [expected]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_standard_output_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hemascope_cli", "--version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert (done.returncode, done.stderr) == (1, "hemascope: The output can't be written: No space left on device\n")
