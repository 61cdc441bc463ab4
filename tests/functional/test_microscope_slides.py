"""Whose each picture is: an agent files nothing under another slide than that of the moment when it was first seen."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope.domain.errors import HemascopeError, TransientError
from hemascope_cli.microscope.slides import StillWritten, Undrained
from tests.support.microscope_world import AgentWorld, begin, drawn, slide

DAY = 24 * 60 * 60


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgentWorld]:
    world = AgentWorld(tmp_path)
    yield world
    world.outbox.close()


# The three attacks that were reproduced on the agent before.


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_pictures_of_the_last_slide_that_nobody_had_seen_are_not_filed_under_the_next(world: AgentWorld, end: str) -> None:
    world.put("1.jpg", drawn(1))
    world.rounds(3)
    if end == "stopped":
        world.slides.stop()
    world.outbox.close()
    world.put("2.jpg", drawn(2))
    world.put("3.jpg", drawn(3))

    world.slide = "c-2"
    world.start()
    world.put("4.jpg", drawn(4))
    world.rounds(3)

    assert world.sent == [drawn(1), drawn(4)]
    assert world.slides_of_keys() == ["c-1", "c-2"]
    assert world.seen.held == {"2.jpg": (None, "no slide"), "3.jpg": (None, "no slide")}


def test_an_old_file_that_appears_is_not_filed_under_the_slide_on_the_stage(world: AgentWorld) -> None:
    path = world.put("old.jpg", drawn(1))
    old = path.stat().st_mtime - 30 * DAY
    os.utime(path, (old, old))

    world.rounds(3)

    assert world.sent == []
    assert world.seen.held == {"old.jpg": ("c-1", "before start")}


def test_a_new_outbox_sends_nothing_that_was_there_before_it(world: AgentWorld) -> None:
    for number in range(10):
        world.put(f"{number}.jpg", drawn(number))
    world.rounds(3)
    world.outbox.close()
    (world.place / "outbox.sqlite").unlink()
    attempts = world.bucket.attempts

    world.slide = "c-2"
    world.start()
    world.rounds(3)

    assert world.bucket.attempts == attempts == 10
    assert world.seen.held == {f"{number}.jpg": (None, "no slide") for number in range(10)}


# Starts and stops.


def test_a_picture_in_a_slides_folder_is_that_slides(world: AgentWorld) -> None:
    world.put("p-7/c-2/field.jpg", drawn(1))
    world.put("p-8/c-3/field.jpg", drawn(2))
    world.put("field.jpg", drawn(3))

    world.rounds(3)

    assert sorted("/".join(key.split("/")[2:4]) for key in world.bucket.objects) == ["p-7/c-1", "p-7/c-2", "p-8/c-3"]


def test_without_a_slide_what_is_directly_in_the_folder_waits_and_is_listed(world: AgentWorld) -> None:
    begin(world, "")
    world.put("field.jpg", drawn(1))
    world.rounds(3)

    world.slides.start(slide("c-2"))
    world.rounds(3)

    assert (world.sent, world.seen.held) == ([], {"field.jpg": (None, "no slide")})


def test_a_picture_without_a_slide_is_sent_from_the_folder_into_which_a_person_moves_it(world: AgentWorld) -> None:
    begin(world, "")
    path = world.put("field.jpg", drawn(1))
    world.rounds(3)
    begin(world, "c-2")

    world.put("p-7/c-9/other.jpg", drawn(2))
    path.rename(world.folder / "p-7" / "c-9" / "field.jpg")
    world.rounds(3)

    assert world.slides_of_keys() == ["c-9", "c-9"]
    assert world.seen.held == {}


def test_the_next_slide_is_refused_until_the_pictures_of_the_last_are_sent(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"] * 3
    world.put("field.jpg", drawn(1))
    world.rounds(2.5)

    with pytest.raises(Undrained, match="1 picture is not sent yet, of p-7/c-1, so no slide is started"):
        world.slides.start(slide("c-2"))
    world.put("between.jpg", drawn(2))
    world.rounds(30)
    world.slides.start(slide("c-2"))
    world.put("next.jpg", drawn(3))
    world.rounds(3)

    assert world.sent == [drawn(1), drawn(3)]
    assert world.slides_of_keys() == ["c-1", "c-2"]
    assert world.seen.held == {"between.jpg": (None, "no slide")}


def test_a_picture_that_is_still_being_written_holds_up_the_next_slide_too(world: AgentWorld) -> None:
    path = world.put("field.jpg", drawn(1)[:-100])
    world.rounds(1)

    with pytest.raises(StillWritten, match="1 picture is still being written"):
        world.slides.stop(gently=True)
    still = world.slides.started
    with pytest.raises(Undrained):
        world.slides.start(slide("c-2"))
    path.write_bytes(drawn(1))
    world.rounds(3)

    assert (still, world.slides.started) == (slide("c-1"), None)
    assert (world.sent, world.seen.held) == ([], {"field.jpg": ("c-1", "changed")})


def test_quarantined_pictures_are_sent_when_their_slide_is_started_again(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"] * 3
    world.put("seen.jpg", drawn(1))
    world.rounds(2.5)
    world.put("new.jpg", drawn(2))
    world.slides.stop(quarantine=True)
    status = world.slides.describe()
    world.slides.start(slide("c-2"))
    world.rounds(30)
    meanwhile = world.sent

    begin(world, "c-1")
    world.rounds(30)

    again = "start the slide again to send it"
    assert status == [
        "slide: none is started",
        f"held back: new.jpg  p-7/c-1  its slide was stopped before it was sent: {again}",
        f"held back: seen.jpg  p-7/c-1  its slide was stopped before it was sent; {again}",
    ]
    assert (meanwhile, sorted(world.sent)) == ([], sorted([drawn(1), drawn(2)]))
    assert world.slides_of_keys() == ["c-1", "c-1"]


def test_a_kill_does_not_end_a_slide_and_a_stop_does(world: AgentWorld) -> None:
    world.outbox.close()
    world.put("killed.jpg", drawn(1))
    world.start()
    world.rounds(3)
    world.slides.stop()
    world.outbox.close()
    world.put("stopped.jpg", drawn(2))
    world.start()
    world.rounds(3)

    assert world.sent == [drawn(1)]
    assert world.seen.held == {"stopped.jpg": (None, "no slide")}


def test_a_stop_that_cannot_be_written_ends_the_slide_all_the_same(world: AgentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    base = world.outbox.bindings._base

    class Full:
        in_transaction = False

        def execute(self, *_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    world.outbox.bindings._base = Full()  # type: ignore[assignment]
    with pytest.raises(TransientError, match="full"):
        world.slides.stop()
    world.outbox.bindings._base = base
    world.put("field.jpg", drawn(1))
    world.rounds(3)
    world.slide = ""
    world.restart()

    assert (world.sent, world.slides.started) == ([], None)


def test_a_slide_does_not_start_on_a_drive_that_is_away(world: AgentWorld) -> None:
    world.slides.stop()
    world.folder.rename(world.place / "away")

    with pytest.raises(HemascopeError, match="the folder can't be listed"):
        world.slides.start(slide("c-2"))
    world.slides.stop()

    assert world.slides.started is None


# Outboxes.


def test_a_new_outbox_sends_what_is_in_slides_folders_only_where_it_is_confirmed(tmp_path: Path) -> None:
    world = AgentWorld(tmp_path, slide="")
    world.put("p-7/c-2/field.jpg", drawn(1))
    world.rounds(3)
    world.put("p-7/c-2/later.jpg", drawn(2))
    world.rounds(3)
    before, held = world.sent, world.seen.held

    world.confirm_existing = True
    world.restart()
    world.rounds(3)

    assert (before, held) == ([drawn(2)], {"p-7/c-2/field.jpg": ("c-2", "new outbox")})
    assert (world.sent, world.seen.held) == ([drawn(2), drawn(1)], {})
    world.outbox.close()


@pytest.mark.parametrize("what", ["hospital", "folder"])
def test_an_outbox_of_another_hospital_or_folder_is_refused(world: AgentWorld, what: str) -> None:
    world.rounds(1)
    world.outbox.close()
    if what == "hospital":
        world.hospital = "st-joseph"
    else:
        world.folder = world.folder.rename(world.place / "other")

    with pytest.raises(HemascopeError, match=f"This outbox is another {what}'s"):
        world.start()


OLD_TABLES = """
CREATE TABLE pictures (sha256 TEXT PRIMARY KEY, name BLOB NOT NULL, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
key TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, object_id TEXT, result TEXT, reason TEXT);
CREATE TABLE stamps (name BLOB, size INTEGER, modified_ns INTEGER, PRIMARY KEY (name, size, modified_ns));
"""


def test_an_outbox_of_the_version_before_keeps_its_slides(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    base = sqlite3.connect(tmp_path / "outbox.sqlite")
    base.executescript(OLD_TABLES)
    for number in (1, 2):
        path, sha256 = tmp_path / "pictures" / f"{number}.jpg", hashlib.sha256(drawn(number)).hexdigest()
        path.write_bytes(drawn(number))
        where = (os.fsencode(path.name), path.stat().st_size, path.stat().st_mtime_ns)
        key = f"smears/st-mary/p-7/c-0/{number}.jpg"
        state = ("seen", "stored")[number - 1]
        base.execute(
            "INSERT INTO pictures (sha256, name, size, modified_ns, key, state) VALUES (?, ?, ?, ?, ?, ?)",
            (sha256, *where, key, state),
        )
        base.execute("INSERT INTO stamps VALUES (?, ?, ?)", where)
    base.commit()
    base.close()
    (tmp_path / "pictures").rename(tmp_path / "kept")

    world = AgentWorld(tmp_path, slide="")
    world.folder.rmdir()
    (tmp_path / "kept").rename(world.folder)
    world.rounds(3)

    assert (world.sent, world.slides_of_keys()) == ([drawn(1)], ["c-0"])
    assert world.states() == {"1.jpg": "stored", "2.jpg": "stored"}
    world.outbox.close()
