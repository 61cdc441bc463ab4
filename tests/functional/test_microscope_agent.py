"""The agent beside a microscope: each picture arrives whole and once, whatever fails."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope.domain.errors import HemascopeError
from hemascope_cli.microscope.outbox import Outbox
from hemascope_cli.microscope.picture import Picture
from tests.support.microscope_world import Bench, drawn


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.outbox.close()


def test_a_new_picture_is_sent_once_it_is_still(bench: Bench) -> None:
    bench.put("field 1.jpg", drawn(1))

    bench.rounds(2)
    before = bench.sent
    bench.rounds(1)

    assert (before, bench.sent) == ([], [drawn(1)])
    assert bench.states() == {"field 1.jpg": "stored"}
    assert bench.seen.steps == ["seen", "sending", "stored"]


def test_its_key_holds_its_name_and_the_digest_of_its_content(bench: Bench) -> None:
    bench.put("field 1.JPG", b"\xff\xd8 no picture at all")

    bench.rounds(40)

    # printf '\xff\xd8 no picture at all' | sha256sum
    assert list(bench.bucket.objects) == ["smears/st-mary/p-7/c-1/field 1.fe3d2f9f888c60f4.JPG"]


def test_a_picture_that_is_still_being_written_is_left_alone(bench: Bench) -> None:
    path, data = bench.put("field.jpg", b""), drawn(1)
    with path.open("ab", buffering=0) as file:
        for start in range(0, len(data), 100):
            file.write(data[start : start + 100])
            bench.rounds(1)
            assert bench.sent == []

    bench.rounds(3)

    assert bench.sent == [data]


def test_half_a_picture_is_not_sent_though_nobody_writes_for_a_while(bench: Bench) -> None:
    path = bench.put("field.jpg", drawn(1)[:-100])

    bench.rounds(20)
    before = bench.sent
    path.write_bytes(drawn(1))
    bench.rounds(3)

    assert (before, bench.sent) == ([], [drawn(1)])


def test_half_a_picture_that_stays_so_is_sent_at_last_and_judged_by_the_service(bench: Bench) -> None:
    bench.put("field.jpg", drawn(1)[:-100])

    bench.rounds(40)

    assert bench.sent == [drawn(1)[:-100]]


def test_without_a_network_it_tries_again_until_there_is_one(bench: Bench) -> None:
    bench.bucket.mishaps = ["no network"] * 5
    bench.put("field.jpg", drawn(1))

    bench.rounds(120)

    assert bench.bucket.attempts == 6
    assert bench.sent == [drawn(1)]
    assert [trouble for trouble in bench.seen.troubles if trouble] != []
    assert bench.seen.troubles[-1] is None


def test_it_waits_longer_each_time(bench: Bench) -> None:
    bench.bucket.mishaps = ["no network"] * 1000
    bench.put("field.jpg", drawn(1))

    bench.rounds(600)

    # Pauses of 15 seconds in the mean, 30 at most; ten minutes of half-second rounds would be 1,200 attempts.
    assert 20 <= bench.bucket.attempts <= 100


def test_a_lost_answer_leads_to_no_second_object(bench: Bench) -> None:
    bench.bucket.mishaps = ["answer lost"]
    bench.put("field.jpg", drawn(1))

    bench.rounds(10)

    assert bench.bucket.attempts == 2
    assert bench.sent == [drawn(1)]
    assert bench.states() == {"field.jpg": "stored"}


def test_after_a_loss_of_power_it_goes_on_where_it_was(bench: Bench) -> None:
    bench.put("field 1.jpg", drawn(1))
    bench.rounds(3)
    bench.bucket.mishaps = ["answer lost"]
    bench.put("field 2.jpg", drawn(2))
    bench.rounds(3)

    bench.restart()
    bench.rounds(3)

    assert bench.sent == [drawn(1), drawn(2)]
    assert bench.states() == {"field 1.jpg": "stored", "field 2.jpg": "stored"}
    assert bench.bucket.attempts == 3


def test_without_its_outbox_it_sends_all_again_and_nothing_is_stored_twice(bench: Bench) -> None:
    for number in range(3):
        bench.put(f"{number}.jpg", drawn(number))
    bench.rounds(3)
    bench.outbox.close()
    (bench.place / "outbox.sqlite").unlink()

    bench.start()
    bench.rounds(3)

    assert bench.bucket.attempts == 6
    assert sorted(bench.sent) == sorted(drawn(number) for number in range(3))


def test_the_same_content_is_sent_once_whatever_it_is_called(bench: Bench) -> None:
    path = bench.put("field.jpg", drawn(1))
    bench.rounds(3)
    bench.put("copy.jpg", drawn(1))
    path.rename(bench.folder / "renamed.jpg")
    os.utime(bench.folder / "renamed.jpg", (1, 1))

    bench.rounds(6)

    assert bench.bucket.attempts == 1


def test_another_picture_under_the_same_name_is_another_object(bench: Bench) -> None:
    bench.put("field.jpg", drawn(1))
    bench.rounds(3)
    bench.put("field.jpg", drawn(2))

    bench.rounds(3)

    assert bench.sent == [drawn(1), drawn(2)]


def test_pictures_of_the_last_slide_are_not_sent_for_the_next_one(bench: Bench) -> None:
    bench.put("old.jpg", drawn(1))
    bench.rounds(3)

    bench.slide = "c-2"
    bench.restart()
    bench.put("new.jpg", drawn(2))
    bench.rounds(3)

    assert [key.split("/")[3] for key in bench.bucket.objects] == ["c-1", "c-2"]


def test_what_waited_for_the_network_keeps_its_slide(bench: Bench) -> None:
    bench.bucket.mishaps = ["no network"]
    bench.put("field.jpg", drawn(1))
    bench.rounds(2.5)

    bench.slide = "c-2"
    bench.restart()
    bench.rounds(3)

    assert [key.split("/")[3] for key in bench.bucket.objects] == ["c-1"]


def test_pictures_are_sent_in_the_order_of_their_times(bench: Bench) -> None:
    for name, time in (("a.jpg", 300), ("b.jpg", 100), ("c.jpg", 200)):
        os.utime(bench.put(name, drawn(time)), (time, time))

    bench.rounds(3)

    assert [key.split("/")[4][0] for key in bench.bucket.objects] == ["b", "c", "a"]


def test_a_stop_lets_the_picture_under_way_finish_and_sends_no_other(bench: Bench) -> None:
    for number in range(3):
        bench.put(f"{number}.jpg", drawn(number))
    bench.rounds(2)
    sent = bench.bucket.send
    bench.bucket.send = lambda key, picture: (bench.stop.set(), sent(key, picture))[1]  # type: ignore[method-assign]

    bench.rounds(3)

    assert len(bench.sent) == 1
    assert sorted(bench.states().values()) == ["seen", "seen", "stored"]


def test_a_slow_network_holds_up_no_look_into_the_folder(bench: Bench) -> None:
    for number in range(60):
        bench.put(f"{number}.jpg", drawn(number))
    bench.rounds(2)
    sent = bench.bucket.send

    def slowly(key: str, picture: Picture) -> str | None:
        bench.now += 1
        return sent(key, picture)

    bench.bucket.send = slowly  # type: ignore[method-assign]
    bench.rounds(0.5)
    after_one = len(bench.sent)
    bench.put("new.jpg", drawn(99))
    bench.rounds(1.5)

    assert after_one == 5
    assert "new.jpg" in bench.states()
    assert len(bench.sent) == 20


def test_a_store_that_refuses_is_asked_again_in_case_somebody_mends_it(bench: Bench) -> None:
    bench.bucket.mishaps = ["denied"]
    bench.put("field.jpg", drawn(1))

    bench.rounds(10)

    assert bench.sent == [drawn(1)]
    assert "expected to store a picture, received AccessDenied" in bench.seen.troubles


def test_who_waits_for_the_end_is_told_of_a_store_that_refuses(bench: Bench) -> None:
    bench.bucket.mishaps = ["denied"]
    bench.put("field.jpg", drawn(1))
    bench.rounds(2)

    with pytest.raises(HemascopeError, match="AccessDenied"):
        bench.agent.round(strict=True)


def test_a_second_agent_is_refused(bench: Bench) -> None:
    with pytest.raises(HemascopeError, match="only agent on this folder"):
        Outbox(bench.place / "outbox.sqlite")
