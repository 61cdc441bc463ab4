"""What became of each picture, as the agent shows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope_cli.microscope.outbox import Result
from tests.support.microscope_world import AgentWorld, FakeResults, drawn


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgentWorld]:
    world = AgentWorld(tmp_path, results=FakeResults())
    yield world
    world.outbox.close()


def results_of(world: AgentWorld) -> FakeResults:
    assert world.results is not None
    return world.results


def test_results_are_shown_as_they_come(world: AgentWorld) -> None:
    for name in ("good", "bad"):
        world.put(f"{name}.jpg", drawn(len(name)))
    world.rounds(3)
    before = world.states()
    good, bad = world.bucket.objects
    results_of(world).known = {
        f"id of {good}": (Result.REPORTED, None),
        f"id of {bad}": (Result.REJECTED, "blank: focus again"),
    }

    world.rounds(6)

    assert set(before.values()) == {"stored"}
    assert sorted(world.states().values()) == ["rejected", "reported"]
    assert [entry.reason for entry in world.outbox.newest(9) if entry.result == "rejected"] == ["blank: focus again"]


def test_a_picture_whose_answer_was_lost_gets_its_result_too(world: AgentWorld) -> None:
    world.bucket.faults = ["answer lost"]
    world.put("field.jpg", drawn(1))
    world.rounds(6)
    (key,) = world.bucket.objects
    results_of(world).known = {f"id of {key}": (Result.REPORTED, None)}

    world.rounds(6)

    assert world.states() == {"field.jpg": "reported"}


def test_a_failure_of_the_service_may_still_become_a_report(world: AgentWorld) -> None:
    world.put("field.jpg", drawn(1))
    world.rounds(3)
    (key,) = world.bucket.objects
    results_of(world).known = {f"id of {key}": (Result.FAILED, None)}
    world.rounds(12)
    before = world.states()
    results_of(world).known = {f"id of {key}": (Result.REPORTED, None)}

    world.rounds(6)

    assert (before, world.states()) == ({"field.jpg": "failed"}, {"field.jpg": "reported"})
    assert world.seen.steps == ["seen", "sending", "stored", "failed", "reported"]


def test_without_results_pictures_are_sent_all_the_same(world: AgentWorld) -> None:
    results_of(world).broken = True
    world.put("1.jpg", drawn(1))
    world.rounds(9)
    world.put("2.jpg", drawn(2))

    world.rounds(9)

    assert world.sent == [drawn(1), drawn(2)]
    assert "expected a valid token" in world.seen.troubles
