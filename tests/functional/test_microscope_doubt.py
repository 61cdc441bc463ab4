"""Files that change, are renamed, moved or come late, and clocks that jump: what is doubtful is sent for no other slide."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.microscope_world import AgentWorld, begin, drawn, slide


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgentWorld]:
    world = AgentWorld(tmp_path)
    yield world
    world.outbox.close()


# Files that change, are renamed, come late.


def test_a_slow_copy_from_the_last_slide_is_not_the_next_ones(world: AgentWorld) -> None:
    path = world.put("field.jpg", drawn(1)[:500])
    world.rounds(1)
    world.slides.stop(quarantine=True)
    world.slides.start(slide("c-2"))

    path.write_bytes(drawn(1))
    world.rounds(40)
    path.rename(world.folder / "renamed.jpg")
    world.rounds(40)

    assert (world.sent, world.seen.held) == ([], {"renamed.jpg": ("c-1", "renamed")})


def test_an_unfinished_file_of_the_last_slide_that_gets_its_name_is_not_the_next_ones(world: AgentWorld) -> None:
    path = world.put("field.jpg.part", drawn(1)[:500])
    world.rounds(1)
    world.slides.start(slide("c-2"))
    path.write_bytes(drawn(1))
    path.rename(world.folder / "field.jpg")
    world.rounds(40)

    assert (world.sent, world.seen.held) == ([], {"field.jpg": ("c-1", "renamed")})


def test_another_picture_under_a_name_of_the_last_slide_is_listed(world: AgentWorld) -> None:
    path = world.put("field.jpg", drawn(1))
    world.rounds(3)
    begin(world, "c-2")

    path.write_bytes(drawn(2))
    world.rounds(3)

    assert (world.sent, world.seen.held) == ([drawn(1)], {"field.jpg": ("c-1", "changed")})


def test_a_picture_of_the_last_slide_touched_by_a_program_is_still_that_picture(world: AgentWorld) -> None:
    path = world.put("field.jpg", drawn(1))
    world.rounds(3)
    begin(world, "c-2")

    os.utime(path)
    world.rounds(3)

    assert (world.bucket.attempts, world.seen.held) == (1, {})


def test_a_camera_that_numbers_anew_in_an_emptied_folder_is_served(world: AgentWorld) -> None:
    path = world.put("1.jpg", drawn(1))
    world.rounds(3)
    path.unlink()
    world.rounds(1)
    begin(world, "c-2")

    world.put("1.jpg", drawn(2))
    world.rounds(3)

    assert (world.sent, world.slides_of_keys()) == ([drawn(1), drawn(2)], ["c-1", "c-2"])


def test_a_file_of_the_last_slide_renamed_over_one_of_the_next_is_not_the_next_ones(world: AgentWorld) -> None:
    old = world.put("old.jpg", drawn(1)[:500])
    world.rounds(1)
    world.slides.stop(quarantine=True)
    world.slides.start(slide("c-2"))
    new = world.put("new.jpg", drawn(2))
    world.rounds(0.5)

    os.utime(old)
    old.replace(new)
    world.rounds(40)

    assert (world.sent, world.seen.held) == ([], {"new.jpg": ("c-1", "renamed")})


def test_two_files_that_change_names_keep_their_slides(world: AgentWorld) -> None:
    world.put("old.jpg", drawn(1)[:500])
    world.rounds(1)
    world.slides.stop(quarantine=True)
    world.slides.start(slide("c-2"))
    world.put("new.jpg", drawn(2))
    world.rounds(0.5)

    (world.folder / "old.jpg").rename(world.place / "third")
    (world.folder / "new.jpg").rename(world.folder / "old.jpg")
    (world.place / "third").rename(world.folder / "new.jpg")
    world.rounds(40)

    assert world.sent == []
    assert set(world.seen.held) == {"old.jpg", "new.jpg"}


def test_a_picture_moved_from_one_slides_folder_to_another_is_listed_and_not_sent_for_either(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"] * 3
    path = world.put("p-7/c-2/field.jpg", drawn(1))
    world.put("p-7/c-3/other.jpg", drawn(2))
    world.rounds(2.5)

    path.rename(world.folder / "p-7" / "c-3" / "field.jpg")
    world.rounds(60)

    assert world.sent == [drawn(2)]
    assert world.seen.held == {"p-7/c-3/field.jpg": ("c-2", "moved")}


def test_a_slides_folder_that_is_renamed_sends_nothing_again(world: AgentWorld) -> None:
    world.put("p-7/c-2/field.jpg", drawn(1))
    world.rounds(3)

    (world.folder / "p-7" / "c-2").rename(world.folder / "p-7" / "c-3")
    world.rounds(6)

    assert (world.slides_of_keys(), world.seen.held) == (["c-2"], {"p-7/c-3/field.jpg": ("c-2", "moved")})


def test_a_copy_for_another_slide_is_the_same_picture(world: AgentWorld) -> None:
    world.put("p-7/c-2/field.jpg", drawn(1))
    world.rounds(3)

    world.put("p-7/c-3/copy.jpg", drawn(1))
    world.rounds(3)

    assert (world.slides_of_keys(), world.seen.held) == (["c-2"], {"p-7/c-3/copy.jpg": ("c-3", "other slide")})


def test_a_held_picture_with_a_better_name_is_sent_for_its_own_slide(world: AgentWorld) -> None:
    path = world.put("Quint_Peter.jpg", drawn(1))
    world.rounds(3)
    begin(world, "c-2")

    path.rename(world.folder / "better.jpg")
    world.rounds(3)

    assert (world.slides_of_keys(), world.seen.held) == (["c-1"], {})


def test_a_drive_that_comes_back_brings_nothing_for_the_slide_on_the_stage(world: AgentWorld) -> None:
    away = world.place / "away"
    world.rounds(1)
    world.folder.rename(away)
    world.folder.mkdir()
    (away / "late.jpg").write_bytes(drawn(1))
    begin(world, "c-2")

    shutil.rmtree(world.folder)
    away.rename(world.folder)
    world.rounds(3)

    assert (world.sent, world.seen.held) == ([], {"late.jpg": ("c-2", "before start")})


# Clocks.


@pytest.mark.parametrize(("jump", "hold"), [(-3600, "before start"), (3600, "future")])
def test_a_file_from_a_clock_that_jumps_is_listed(world: AgentWorld, jump: int, hold: str) -> None:
    path = world.put("field.jpg", drawn(1))
    dated = path.stat().st_mtime + jump
    os.utime(path, (dated, dated))

    world.rounds(3)

    assert (world.sent, world.seen.held) == ([], {"field.jpg": ("c-1", hold)})


def test_a_drive_whose_clock_differs_from_this_machines_is_compared_with_itself(tmp_path: Path) -> None:
    world = AgentWorld(tmp_path, slide="")
    machine = 1_800_000_000_000_000_000
    world.slides = world.agent.slides = type(world.slides)(
        world.agent.folder, world.outbox, world.hospital, lambda: machine, lambda: machine - 7200 * 10**9
    )
    world.slides.start(slide("c-1"))
    for name, seconds in (("before.jpg", -7201), ("after.jpg", -7190), ("future.jpg", -7000)):
        dated = machine + seconds * 10**9
        os.utime(world.put(name, drawn(len(name))), ns=(dated, dated))

    world.rounds(3)

    assert world.states() == {"after.jpg": "stored"}
    assert {name: hold for name, (_, hold) in world.seen.held.items()} == {"before.jpg": "before start", "future.jpg": "future"}
    world.outbox.close()
