"""What ``hemascope screen`` finds in a folder beside pictures: it says what it passes over, and why."""

import json
import os
from pathlib import Path

import pytest

from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.main import main

Captured = pytest.CaptureFixture[str]


def test_pictures_are_told_by_content_and_what_is_none_is_listed_on_stderr(tmp_path: Path, capsys: Captured) -> None:
    smear = encode_jpeg(draw_synthetic_smear(1))
    pictures = ("a.jfif", "b.jpe", "c", "d.scan")
    others = {
        "Thumbs.db": b"\xd0\xcf\x11\xe0",
        "desktop.ini": b"[.ShellClassInfo]",
        ".DS_Store": b"\0\0\0\1Bud1",
        "._a.jfif": b"\0\5\x16\7",
        ".a.jfif": smear,
        "a.jfif.part": smear,
        "a.gif": b"GIF89a",
        "a.pdf": b"%PDF-1.7",
        "a.czi": b"ZISRAWFILE",
        "none": b"",
    }
    for name, content in [*((name, smear) for name in pictures), *others.items()]:
        (tmp_path / name).write_bytes(content)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.jpg").write_bytes(smear)
    (tmp_path / "linked").symlink_to(tmp_path / ".hidden")
    (tmp_path / "broken.jpg").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")

    status = main(["screen", str(tmp_path), "--format", "jsonl"])

    captured = capsys.readouterr()
    assert status == 0
    assert [json.loads(line)["source"] for line in captured.out.splitlines()] == [str(tmp_path / name) for name in pictures]
    reference, first, *rows = captured.err.splitlines()
    assert reference.startswith("judged as the reference microscope")
    assert first == "passed over: 14"
    assert [row.split(": ")[0] for row in rows] == [
        "  3  a file of the operating system",
        "  2  hidden",
        "  2  neither a file nor a folder",
        "  1  a CZI file of a slide scanner",
        "  1  a GIF picture",
        "  1  a PDF document",
        "  1  a link to a folder",
        "  1  empty",
        "  2  for other reasons",
    ]


def test_a_file_that_is_named_is_tried_whatever_it_is(tmp_path: Path, capsys: Captured) -> None:
    for name in ("Thumbs.db", "a.gif"):
        (tmp_path / name).write_bytes(b"GIF89a")

    status = main(["screen", str(tmp_path / "Thumbs.db"), str(tmp_path / "a.gif"), "--format", "jsonl"])

    captured = capsys.readouterr()
    reports = [json.loads(line) for line in captured.out.splitlines()]
    assert status == 0
    assert captured.err.count("\n") == 1  # which microscope they are taken for
    assert [report["rejection"]["reason"] for report in reports] == ["unsupported_format"] * 2


def test_the_list_of_thousands_of_files_is_short(tmp_path: Path, capsys: Captured) -> None:
    for number in range(2000):
        (tmp_path / f"{number:04}.gif").write_bytes(b"GIF89a")

    assert main(["screen", str(tmp_path)]) == 2

    first, row, last = capsys.readouterr().err.splitlines()
    assert first == "passed over: 2000"
    assert row.startswith("  2000  a GIF picture: save it as TIFF or PNG, or set the camera to JPEG: ")
    assert [name.strip()[-8:] for name in row.split(": ")[2].split(",")] == ["0000.gif", "0001.gif", "0002.gif", "..."]
    assert last.startswith("hemascope: expected pictures")


def test_a_name_with_control_characters_cannot_command_the_terminal(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "\x1b[2Jnotes\n").write_bytes(b"GIF89a")

    main(["screen", str(tmp_path)])

    _, row, _ = capsys.readouterr().err.splitlines()
    assert row.endswith("?[2Jnotes?")


def test_what_may_not_be_read_is_listed(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").write_bytes(encode_jpeg(draw_synthetic_smear(1)))
    (tmp_path / "below").mkdir()
    opened, listed = Path.open, os.scandir

    def guarded_open(path: Path, *arguments: object) -> object:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments)

    def guarded_list(path: str) -> object:
        if Path(path).name == "below":
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(Path, "open", guarded_open)  # the tests may run as root
    monkeypatch.setattr(os, "scandir", guarded_list)

    status = main(["screen", str(tmp_path)])

    rows = capsys.readouterr().err.splitlines()
    assert status == 2
    assert rows[0] == "passed over: 2"
    assert rows[1].startswith("  2  can't be read: Permission denied: ")
    assert [name[-6:] for name in rows[1].split(", ")] == ["/below", "locked"]
