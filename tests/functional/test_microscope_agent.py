"""The agent beside a microscope: each picture arrives whole and once, whatever fails."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope.domain.errors import HemascopeError
from hemascope_cli.microscope.outbox import Outbox
from hemascope_cli.microscope.picture import Picture
from tests.support.microscope_world import AgentWorld, drawn


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AgentWorld]:
    world = AgentWorld(tmp_path)
    yield world
    world.outbox.close()


def test_a_new_picture_is_sent_once_it_is_still(world: AgentWorld) -> None:
    world.put("field 1.jpg", drawn(1))

    world.rounds(2)
    before = world.sent
    world.rounds(1)

    assert (before, world.sent) == ([], [drawn(1)])
    assert world.states() == {"field 1.jpg": "stored"}
    assert world.seen.steps == ["seen", "sending", "stored"]


def test_its_key_holds_its_name_and_the_digest_of_its_content(world: AgentWorld) -> None:
    world.put("field 1.JPG", b"\xff\xd8 no picture at all")

    world.rounds(40)

    # printf '\xff\xd8 no picture at all' | sha256sum
    assert list(world.bucket.objects) == ["smears/st-mary/p-7/c-1/field 1.fe3d2f9f888c60f4.JPG"]


def test_a_picture_that_is_still_being_written_is_left_alone(world: AgentWorld) -> None:
    path, data = world.put("field.jpg", b""), drawn(1)
    with path.open("ab", buffering=0) as file:
        for start in range(0, len(data), 100):
            file.write(data[start : start + 100])
            world.rounds(1)
            assert world.sent == []

    world.rounds(3)

    assert world.sent == [data]


def test_half_a_picture_is_not_sent_though_nobody_writes_for_a_while(world: AgentWorld) -> None:
    path = world.put("field.jpg", drawn(1)[:-100])

    world.rounds(20)
    before = world.sent
    path.write_bytes(drawn(1))
    world.rounds(3)

    assert (before, world.sent) == ([], [drawn(1)])


def test_half_a_picture_that_stays_so_is_sent_at_last_and_judged_by_the_service(world: AgentWorld) -> None:
    world.put("field.jpg", drawn(1)[:-100])

    world.rounds(40)

    assert world.sent == [drawn(1)[:-100]]


def test_without_a_network_it_tries_again_until_there_is_one(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"] * 5
    world.put("field.jpg", drawn(1))

    world.rounds(120)

    assert world.bucket.attempts == 6
    assert world.sent == [drawn(1)]
    assert [trouble for trouble in world.seen.troubles if trouble] != []
    assert world.seen.troubles[-1] is None


def test_it_waits_longer_each_time(world: AgentWorld) -> None:
    world.bucket.faults = ["no network"] * 1000
    world.put("field.jpg", drawn(1))

    world.rounds(600)

    # Pauses of 15 seconds in the mean, 30 at most; ten minutes of half-second rounds would be 1,200 attempts.
    assert 20 <= world.bucket.attempts <= 100


def test_a_lost_answer_leads_to_no_second_object(world: AgentWorld) -> None:
    world.bucket.faults = ["answer lost"]
    world.put("field.jpg", drawn(1))

    world.rounds(10)

    assert world.bucket.attempts == 2
    assert world.sent == [drawn(1)]
    assert world.states() == {"field.jpg": "stored"}


def test_after_a_loss_of_power_it_goes_on_where_it_was(world: AgentWorld) -> None:
    world.put("field 1.jpg", drawn(1))
    world.rounds(3)
    world.bucket.faults = ["answer lost"]
    world.put("field 2.jpg", drawn(2))
    world.rounds(3)

    world.restart()
    world.rounds(3)

    assert world.sent == [drawn(1), drawn(2)]
    assert world.states() == {"field 1.jpg": "stored", "field 2.jpg": "stored"}
    assert world.bucket.attempts == 3


def test_the_same_content_is_sent_once_whatever_it_is_called(world: AgentWorld) -> None:
    path = world.put("field.jpg", drawn(1))
    world.rounds(3)
    world.put("copy.jpg", drawn(1))
    path.rename(world.folder / "renamed.jpg")
    os.utime(world.folder / "renamed.jpg", (1, 1))

    world.rounds(6)

    assert world.bucket.attempts == 1


def test_another_picture_under_the_same_name_is_another_object(world: AgentWorld) -> None:
    world.put("field.jpg", drawn(1))
    world.rounds(3)
    world.put("field.jpg", drawn(2))

    world.rounds(3)

    assert world.sent == [drawn(1), drawn(2)]


def test_pictures_of_the_last_slide_are_not_sent_for_the_next_one(world: AgentWorld) -> None:
    world.put("old.jpg", drawn(1))
    world.rounds(3)

    world.slide = "c-2"
    world.restart()
    world.put("new.jpg", drawn(2))
    world.rounds(3)

    assert [key.split("/")[3] for key in world.bucket.objects] == ["c-1", "c-2"]


def test_pictures_are_sent_in_the_order_of_their_times(world: AgentWorld) -> None:
    now = time.time()
    for name, later in (("a.jpg", 30), ("b.jpg", 10), ("c.jpg", 20)):
        os.utime(world.put(name, drawn(later)), (now + later, now + later))

    world.rounds(3)

    assert [key.split("/")[4][0] for key in world.bucket.objects] == ["b", "c", "a"]


def test_a_stop_lets_the_picture_under_way_finish_and_sends_no_other(world: AgentWorld) -> None:
    for number in range(3):
        world.put(f"{number}.jpg", drawn(number))
    world.rounds(2)
    sent = world.bucket.send
    world.bucket.send = lambda key, picture: (world.stop.set(), sent(key, picture))[1]  # type: ignore[method-assign]

    world.rounds(3)

    assert len(world.sent) == 1
    assert sorted(world.states().values()) == ["seen", "seen", "stored"]


def test_a_slow_network_holds_up_no_look_into_the_folder(world: AgentWorld) -> None:
    for number in range(60):
        world.put(f"{number}.jpg", drawn(number))
    world.rounds(2)
    sent = world.bucket.send

    def slowly(key: str, picture: Picture) -> str | None:
        world.now += 1
        return sent(key, picture)

    world.bucket.send = slowly  # type: ignore[method-assign]
    world.rounds(0.5)
    after_one = len(world.sent)
    world.put("new.jpg", drawn(99))
    world.rounds(1.5)

    assert after_one == 5
    assert "new.jpg" in world.states()
    assert len(world.sent) == 20


def test_a_store_that_refuses_is_asked_again_in_case_its_cause_is_fixed(world: AgentWorld) -> None:
    world.bucket.faults = ["denied"]
    world.put("field.jpg", drawn(1))

    world.rounds(10)

    assert world.sent == [drawn(1)]
    assert "expected to store a picture, received AccessDenied" in world.seen.troubles


def test_who_waits_for_the_end_learns_that_the_store_refuses(world: AgentWorld) -> None:
    world.bucket.faults = ["denied"]
    world.put("field.jpg", drawn(1))
    world.rounds(2)

    with pytest.raises(HemascopeError, match="AccessDenied"):
        world.agent.round(strict=True)


def test_a_second_agent_is_refused(world: AgentWorld) -> None:
    with pytest.raises(HemascopeError, match="Another agent works on this folder"):
        Outbox(world.place / "outbox.sqlite")
