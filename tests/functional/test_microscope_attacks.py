"""More attacks on whose a picture is: slides left started, jumping clocks, links, swapped folders, deleted locks."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from hemascope_cli.main import main
from hemascope_cli.microscope.binding import Hold
from hemascope_cli.microscope.folder import MARK
from hemascope_cli.microscope.folder_lock import FolderLock
from hemascope_cli.microscope.orders import Order, Orders, follow
from hemascope_cli.microscope.outbox import AgentRuns
from tests.support.microscope_world import AgentWorld, drawn, slide

NANO = 10**9
MORNING = 1_800_000_000 * NANO
HOUR = 3600 * NANO


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgentWorld]:
    world = AgentWorld(tmp_path, slide="c-1", clock_ns=MORNING)
    yield world
    world.outbox.close()


def put(world: AgentWorld, name: str, data: bytes, dated: int | None = None) -> Path:
    path = world.put(name, data)
    time = dated or world.clock_ns or 0
    os.utime(path, ns=(time, time))
    return path


def test_a_slide_that_was_left_started_overnight_gets_no_pictures_of_the_next_morning(world: AgentWorld) -> None:
    put(world, "1.jpg", drawn(1))
    world.rounds()
    world.clock_ns = MORNING + 15 * HOUR
    put(world, "2.jpg", drawn(2))

    world.rounds()

    assert world.sent == [drawn(1)]
    assert world.slides.started is None
    assert world.seen.held == {"2.jpg": (None, Hold.NO_SLIDE)}
    assert "p-7/c-1 was started more than 12 hours ago, so it was stopped: start the slide that is on the stage" in str(
        world.seen.troubles[-1]
    )


def test_nor_does_one_whose_agent_starts_again_the_next_morning(world: AgentWorld) -> None:
    world.slide = ""
    world.clock_ns = MORNING + 15 * HOUR
    put(world, "2.jpg", drawn(2))

    world.restart()
    world.rounds()

    assert world.sent == []
    assert world.slides.started is None


def test_starting_the_slide_again_ends_the_trouble_and_its_pictures_are_sent(world: AgentWorld) -> None:
    world.clock_ns = MORNING + 15 * HOUR
    world.rounds()
    world.slides.start(slide("c-2"))
    put(world, "2.jpg", drawn(2))

    world.rounds()

    assert world.slides_of_keys() == ["c-2"]
    assert world.seen.troubles[-1] is None


def test_a_clock_that_is_set_after_the_start_opens_no_way_for_old_files(world: AgentWorld) -> None:
    """A computer without a clock of its own begins where it was switched off, days before, until the network tells the time."""
    world.clock_ns = MORNING + 72 * HOUR
    put(world, "from a stick.jpg", drawn(1), MORNING + 40 * HOUR)

    world.rounds()

    assert world.sent == []


def test_a_picture_that_appears_while_the_next_slide_is_being_started_is_not_that_ones(world: AgentWorld) -> None:
    """Drives date files in steps of up to two seconds, so it may have the very time of the start."""
    world.slides.stop()
    clock = world.slides.drive_ns

    def camera_writes_first() -> int | None:
        put(world, "last of c-1.jpg", drawn(1))
        return clock()

    world.slides.drive_ns = camera_writes_first
    world.slides.start(slide("c-2"))
    world.rounds()

    assert world.sent == []
    assert world.seen.held == {"last of c-1.jpg": (None, Hold.NO_SLIDE)}


def test_slides_folders_that_are_swapped_before_they_are_read_are_held_back(world: AgentWorld) -> None:
    for name in ("c-1", "c-2"):
        put(world, f"p-7/{name}/field.bmp", f"BM{name}".encode())
    world.rounds(0.5)
    for old, new in (("c-1", "away"), ("c-2", "c-1"), ("away", "c-2")):
        (world.folder / "p-7" / old).rename(world.folder / "p-7" / new)

    world.rounds()

    assert world.sent == []
    assert {hold for _, hold in world.seen.held.values()} == {Hold.MOVED}


def test_a_link_to_the_cameras_newest_picture_is_no_picture_of_a_slides_folder(world: AgentWorld) -> None:
    newest = world.place / "newest.jpg"
    newest.write_bytes(drawn(1))
    (world.folder / "p-7" / "c-2").mkdir(parents=True)
    (world.folder / "p-7" / "c-2" / "newest.jpg").symlink_to(newest)
    (world.folder / "newest.jpg").symlink_to(newest)

    world.rounds(40)

    assert world.sent == []
    assert set(world.seen.others.values()) == {"a link to a file: copy the picture itself"}


def test_a_link_to_the_watched_folder_that_is_turned_elsewhere_changes_nothing(tmp_path: Path) -> None:
    for name in ("today", "tomorrow"):
        (tmp_path / name / "pictures").mkdir(parents=True)
    place = tmp_path / "agent"
    place.mkdir()
    world = AgentWorld(place, slide="c-1")
    world.outbox.close()
    shutil.rmtree(world.folder)
    for file in place.glob("outbox.sqlite*"):
        file.unlink()
    world.folder.symlink_to(tmp_path / "today" / "pictures")
    world.restart()
    world.rounds()
    world.folder.unlink()
    world.folder.symlink_to(tmp_path / "tomorrow" / "pictures")
    world.put("1.jpg", drawn(1))

    world.rounds()

    assert world.sent == []


def test_a_second_agent_on_this_machine_is_refused_though_the_folders_lock_was_deleted(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    (tmp_path / MARK).unlink()

    with pytest.raises(AgentRuns):
        FolderLock(tmp_path)

    lock.release()
    FolderLock(tmp_path).release()


def test_folders_that_differ_in_case_or_in_how_an_accent_is_written_are_never_mixed_up(world: AgentWorld) -> None:
    for number, folder in enumerate(("p-é/c-1", "p-e\u0301/c-1", "P-é/c-1")):
        put(world, f"{folder}/field.jpg", drawn(number))

    world.rounds()
    (world.folder / "P-é").rename(world.folder / "p-ÿ")
    world.rounds()

    patients = {data: key.split("/")[2] for key, data in world.bucket.objects.items()}
    assert patients == {drawn(0): "p-é", drawn(1): "p-é", drawn(2): "P-é"}


def test_a_patients_folder_that_is_renamed_while_its_pictures_wait_moves_none_of_them(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"] * 3
    put(world, "p-7/c-5/field.jpg", drawn(1))
    world.rounds()
    (world.folder / "p-7").rename(world.folder / "p-8")

    world.rounds(60)

    assert not any("/p-8/" in key for key in world.bucket.objects)
    assert world.seen.held == {"p-8/c-5/field.jpg": ("c-5", Hold.MOVED)}


@pytest.mark.parametrize(
    ("order", "status"), [(["start", "--hospital", "st-mary", "--patient", "p-8", "--slide", "c-2"], 1), (["stop"], 0)]
)
def test_an_order_that_has_waited_long_enough_ends_the_slide_before_all_the_same(
    tmp_path: Path, order: list[str], status: int
) -> None:
    """Whoever reads no refusal has the next slide on the stage already."""
    world = AgentWorld(tmp_path, slide="c-1", console=Orders(tmp_path / "outbox.sqlite", None, allow_names=False))
    picture = world.put("1.jpg", drawn(1)[:-9])
    world.rounds(1)
    where = ["--watch", str(world.folder), "--outbox", str(tmp_path / "outbox.sqlite"), "--wait", "0.2"]
    statuses: list[int] = []
    client = Thread(target=lambda: statuses.append(main(["microscope", order[0], *where, *order[1:]])))
    client.start()
    while client.is_alive():
        with picture.open("ab") as file:  # it is still being written
            file.write(b".")
        world.rounds(0.5)
        time.sleep(0.02)
    world.put("2.jpg", drawn(2))
    world.rounds(3)

    assert statuses == [status]
    assert world.slides.started is None
    assert world.sent == []
    assert world.seen.held["2.jpg"] == (None, Hold.NO_SLIDE)
    world.outbox.close()


def test_a_drive_that_is_away_ends_the_slide_before_though_the_next_cannot_start(world: AgentWorld) -> None:
    world.rounds(1)
    away = world.folder.rename(world.place / "away")

    answer = follow(Order(verb="start", patient="p-8", slide="c-2"), world.slides, allow_names=False)
    away.rename(world.folder)
    put(world, "2.jpg", drawn(2))
    world.rounds()

    assert answer.outcome == "refused"
    assert "check whether the drive is there" in answer.lines[0]
    assert (world.slides.started, world.sent) == (None, [])
