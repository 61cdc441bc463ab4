"""What the microscope agent finds beside pictures: it says what it passes over, and looks into each file seldom."""

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope_cli.microscope.display import Lines
from tests.support.microscope_world import AgentWorld, drawn


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgentWorld]:
    world = AgentWorld(tmp_path)
    yield world
    world.outbox.close()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Thumbs.db", "a file of the operating system"),
        ("desktop.ini", "a file of the operating system"),
        (".DS_Store", "a file of the operating system"),
        ("._field.jpg", "what macOS notes beside a file"),
        (".field.jpg", "hidden: its name begins with a dot"),
        ("field.jpg.part", "unfinished, as its name says"),
    ],
)
def test_what_its_name_says_is_no_picture_is_passed_over_and_named(world: AgentWorld, name: str, reason: str) -> None:
    world.put(name, drawn(1))

    world.rounds(40)

    assert (world.sent, world.states()) == ([], {})
    assert world.seen.others == {name: reason}


@pytest.mark.parametrize("name", ["field", "field.jfif", "field.jpe", "field.JPG_original", "field.2026-03-01"])
def test_a_picture_is_told_by_its_content(world: AgentWorld, name: str) -> None:
    world.put(name, drawn(1))

    world.rounds(3)

    assert (world.sent, world.seen.others) == ([drawn(1)], {})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"GIF89a", "a GIF picture: save it as TIFF or PNG, or set the camera to JPEG"),
        (b"%PDF-1.7", "a PDF document: send the picture itself"),
        (b"ZISRAWFILE\0", "a CZI file of a slide scanner: export the field from the microscope's software as TIFF or PNG"),
        (b"Jane Doe", "a file of another kind"),
    ],
)
def test_another_file_is_passed_over_and_its_kind_named(world: AgentWorld, content: bytes, reason: str) -> None:
    world.put("notes.txt", content)

    world.rounds(3)

    assert (world.sent, world.states()) == ([], {})
    assert world.seen.others == {"notes.txt": reason}


def test_an_empty_file_without_a_pictures_name_has_half_a_minute_too(world: AgentWorld) -> None:
    world.put("field", b"")

    world.rounds(29)
    before = world.seen.others
    world.rounds(3)

    assert (before, world.seen.others) == ({}, {"field": "empty"})


def test_what_is_neither_file_nor_folder_is_passed_over_and_named(world: AgentWorld) -> None:
    (world.folder / "p-7" / "c-2" / "deeper").mkdir(parents=True)
    (world.folder / "link").symlink_to(world.folder / "p-7")
    world.put("p-7/field.jpg", drawn(1))
    world.put("p-7/Mrs Smith/field.jpg", drawn(1))
    os.mkfifo(world.folder / "pipe.jpg")
    (world.folder / "link.jpg").symlink_to("nowhere")

    world.rounds(40)

    assert world.states() == {}
    assert world.seen.others == {
        "p-7/c-2/deeper": "a folder: a slide's pictures are directly in PATIENT/SLIDE",
        "link": "a link to a folder",
        "p-7/field.jpg": "beside the slides' folders: move it into PATIENT/SLIDE",
        "p-7/Mrs Smith": "Ids must be pseudonyms: the slide id looks like a person's name. "
        "Give another id, or --allow-names if it identifies nobody.",
        "pipe.jpg": "neither a file nor a folder",
        "link.jpg": "neither a file nor a folder",
    }


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are opened from now on."""
    opened, names = Path.open, list[str]()

    def counting(path: Path, *arguments: object) -> object:
        names.append(path.name)
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", counting)
    return names


def test_a_file_is_looked_into_twice_and_never_again(world: AgentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("notes.txt", b"no picture")
    read = count_reads(monkeypatch)

    world.rounds(300)

    assert read == ["notes.txt", "notes.txt"]
    assert world.seen.others == {"notes.txt": "a file of another kind"}


def test_a_picture_written_into_reserved_room_within_one_tick_of_the_drive_is_sent(world: AgentWorld) -> None:
    path, tick = world.put("field", bytes(len(drawn(1)))), time.time() + 1
    os.utime(path, (tick, tick))
    world.rounds(3)
    before = world.seen.others

    path.write_bytes(drawn(1))
    os.utime(path, (tick, tick))
    world.rounds(40)

    assert before == {"field": "a file of another kind"}
    assert (world.sent, world.seen.others) == ([drawn(1)], {})


def test_a_file_that_becomes_a_picture_is_sent(world: AgentWorld) -> None:
    path = world.put("field", b"no picture")
    world.rounds(60)

    path.write_bytes(drawn(1))
    world.rounds(3)

    assert (world.sent, world.seen.others) == ([drawn(1)], {})


def test_what_is_removed_is_no_longer_named(world: AgentWorld) -> None:
    path = world.put("notes.txt", b"no picture")
    world.put("Thumbs.db", b"")
    world.rounds(3)

    path.unlink()
    world.rounds(1)

    assert world.seen.others == {"Thumbs.db": "a file of the operating system"}


def test_a_file_that_may_not_be_looked_into_is_named_and_tried_again_now_and_then(
    world: AgentWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("field", drawn(1))
    opened, attempts = Path.open, list[float]()

    def guarded(path: Path, *arguments: object) -> object:
        attempts.append(world.now)
        if world.now < 1090:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", guarded)  # the tests may run as root
    world.rounds(80)
    before = world.seen.others
    world.rounds(40)

    assert before == {"field": "can't be read: Permission denied"}
    assert (world.sent, world.seen.others) == ([drawn(1)], {})
    assert len(attempts) < 10


def test_a_log_tells_what_is_passed_over_when_it_changes() -> None:
    out = io.StringIO()
    lines = Lines(out, shows_results=False)

    for files in ({}, {"a": "empty"}, {"a": "empty"}, {"b": "empty"}, {"a": "empty", "b": "empty"}, {}):
        lines.passed_over(files)

    assert out.getvalue() == "passed over: 1  empty\npassed over: 2  empty\npassed over: nothing any more\n"
