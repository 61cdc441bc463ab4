"""What happens to files, folders, disks and clocks beside a microscope."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope.domain.picture_file import MAXIMUM_BYTES
from tests.support.microscope_world import AgentWorld, drawn


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgentWorld]:
    world = AgentWorld(tmp_path)
    yield world
    world.outbox.close()


def test_a_text_with_a_pictures_name_is_sent_and_the_service_says_what_it_is(world: AgentWorld) -> None:
    world.put("field.jpg", b"no picture")

    world.rounds(3)

    assert world.sent == [b"no picture"]


def test_an_empty_file_has_half_a_minute_to_be_written(world: AgentWorld) -> None:
    path = world.put("field.jpg", b"")

    world.rounds(29)
    path.write_bytes(drawn(1))
    world.rounds(3)

    assert world.states() == {"field.jpg": "stored"}


def test_an_empty_file_that_stays_so_is_refused_here(world: AgentWorld) -> None:
    world.put("field.jpg", b"")

    world.rounds(40)

    assert world.states() == {"field.jpg": "refused"}
    assert world.outbox.newest(1)[0].reason == "expected a picture, received an empty file"
    assert world.bucket.attempts == 0


def test_a_file_beyond_the_limit_is_refused_here(world: AgentWorld) -> None:
    with (world.folder / "field.tif").open("wb") as file:
        file.truncate(MAXIMUM_BYTES + 1)

    world.rounds(40)

    assert world.states() == {"field.tif": "refused"}
    assert world.bucket.attempts == 0


@pytest.mark.parametrize("name", [b"line\nbreak.jpg", b"bell\x07.jpg", b"\xff\xfe.jpg", b" blank.jpg"])
def test_a_name_that_cannot_stand_in_a_key_is_refused_here_and_harms_nothing_else(world: AgentWorld, name: bytes) -> None:
    world.put(os.fsdecode(name), drawn(1))
    world.put("good.jpg", drawn(2))

    world.rounds(3)
    world.restart()
    world.rounds(3)

    assert world.states() == {os.fsdecode(name): "refused", "good.jpg": "stored"}
    assert world.sent == [drawn(2)]


def test_a_refused_file_is_sent_under_a_better_name(world: AgentWorld) -> None:
    path = world.put(" blank.jpg", drawn(1))
    world.rounds(3)

    path.rename(world.folder / "good.jpg")
    world.rounds(3)

    assert world.states() == {"good.jpg": "stored"}


def test_a_key_that_would_be_too_long_is_refused_here(world: AgentWorld) -> None:
    world.slide = "血" * 255
    world.restart()
    world.put("血" * 80 + ".jpg", drawn(1))

    world.rounds(3)

    assert list(world.states().values()) == ["refused"]


def test_a_picture_removed_before_it_was_sent_is_reported(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"] * 2
    world.put("1.jpg", drawn(1))
    world.put("2.jpg", drawn(2))
    world.rounds(2.5)

    (world.folder / "2.jpg").unlink()
    world.rounds(20)

    assert world.states() == {"1.jpg": "stored", "2.jpg": "gone"}
    assert world.outbox.newest(1)[0].reason == "it was removed before it was sent"


def test_a_picture_renamed_while_it_waits_is_sent_once(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"] * 3
    path = world.put("1.jpg", drawn(1))
    world.rounds(2.5)

    path.rename(world.folder / "renamed.jpg")
    world.rounds(60)

    assert world.sent == [drawn(1)]
    assert world.states() == {"renamed.jpg": "stored"}


def test_a_picture_written_over_before_it_was_sent_is_gone_and_the_new_one_sent(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"] * 3
    path = world.put("1.jpg", drawn(1))
    world.rounds(2.5)

    path.write_bytes(drawn(2))
    world.rounds(60)

    assert world.sent == [drawn(2)]
    assert sorted(entry.result or entry.step for entry in world.outbox.newest(9)) == ["gone", "stored"]


def test_a_drive_that_goes_away_and_comes_back_loses_nothing(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"]
    world.put("1.jpg", drawn(1))
    world.rounds(2.5)
    away = world.place / "away"

    world.folder.rename(away)
    world.rounds(10)
    meanwhile = world.states()
    away.rename(world.folder)
    world.rounds(10)

    assert (meanwhile, world.states()) == ({"1.jpg": "sending"}, {"1.jpg": "stored"})
    assert any(trouble and trouble.startswith("the folder can't be listed") for trouble in world.seen.troubles)


def test_a_drive_that_leaves_an_empty_folder_behind_loses_nothing(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"]
    world.put("1.jpg", drawn(1))
    world.rounds(2.5)
    away = world.place / "away"

    world.folder.rename(away)
    world.folder.mkdir()
    world.rounds(10)
    meanwhile = world.states()
    shutil.rmtree(world.folder)
    away.rename(world.folder)
    world.rounds(10)

    assert (meanwhile, world.states()) == ({"1.jpg": "gone"}, {"1.jpg": "stored"})


def test_a_file_that_may_not_be_read_holds_up_no_other(world: AgentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("1.jpg", drawn(1))
    world.put("2.jpg", drawn(2))
    opened, locked = Path.open, {"1.jpg"}

    def guarded(path: Path, *arguments: object) -> object:
        if path.name in locked:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", guarded)  # the tests may run as root
    world.rounds(3)
    meanwhile = world.sent
    locked.clear()
    world.rounds(3)

    assert (meanwhile, world.sent) == ([drawn(2)], [drawn(2), drawn(1)])
    assert "a picture can't be read (Permission denied): check whether this account may read it" in world.seen.troubles


def test_with_a_full_disk_nothing_is_sent_that_could_not_be_noted(world: AgentWorld) -> None:
    for number in range(60):
        world.put(f"{number}.jpg", drawn(number))
    world.fill_disk()

    world.rounds(3)
    noted, attempts = len(world.outbox.newest(100)), world.bucket.attempts
    world.free_disk()
    world.rounds(3)

    assert attempts <= noted < 60
    assert any(trouble and "full" in trouble for trouble in world.seen.troubles)
    assert sorted(world.sent) == sorted(drawn(number) for number in range(60))
    assert set(world.states().values()) == {"stored"}


def test_a_disk_that_fills_after_sending_leads_to_no_second_object(world: AgentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    from hemascope.domain.errors import TransientError

    def full(sha256: str, object_id: str | None) -> None:
        raise TransientError("expected to read and write the outbox, received: database or disk is full")

    world.put("1.jpg", drawn(1))
    with monkeypatch.context() as during:
        during.setattr(world.outbox, "store", full)
        world.rounds(3)
    world.restart()

    world.rounds(3)

    assert world.sent == [drawn(1)]
    assert world.states() == {"1.jpg": "stored"}


@pytest.mark.parametrize("stamp", [0, 4_000_000_000])
def test_a_microscope_whose_clock_is_wrong_uses_a_folder_for_each_slide(world: AgentWorld, stamp: int) -> None:
    for name in ("flat.jpg", "p-7/c-2/in a folder.jpg"):
        os.utime(world.put(name, drawn(len(name))), (stamp, stamp))

    world.rounds(3)

    assert world.slides_of_keys() == ["c-2"]
    assert world.seen.held == {"flat.jpg": ("c-1", "future" if stamp else "before start")}


def test_a_jump_of_the_wall_clock_by_less_than_half_a_day_changes_nothing(
    world: AgentWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumped = time.time_ns() + 11 * 3600 * 10**9
    monkeypatch.setattr("time.time", lambda: 0.0)
    monkeypatch.setattr("time.time_ns", lambda: jumped)
    world.bucket.faults = ["no network"] * 3
    world.put("1.jpg", drawn(1))

    world.rounds(30)

    assert world.sent == [drawn(1)]


def test_thousands_of_known_pictures_are_not_read_again(world: AgentWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        world.put(f"{number}.jpg", b"\xff\xd8" + bytes([number]))
    world.rounds(40)
    read = []
    monkeypatch.setattr(world.agent.folder, "read", read.append)

    world.rounds(5)

    assert (len(world.sent), read) == (200, [])
