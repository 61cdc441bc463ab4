"""What became of each picture, as the agent shows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hemascope_cli.microscope.outbox import Result
from tests.support.microscope_world import Bench, FakeResults, drawn


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, results=FakeResults())
    yield bench
    bench.outbox.close()


def results_of(bench: Bench) -> FakeResults:
    assert bench.results is not None
    return bench.results


def test_results_are_shown_as_they_come(bench: Bench) -> None:
    for name in ("good", "bad"):
        bench.put(f"{name}.jpg", drawn(len(name)))
    bench.rounds(3)
    before = bench.states()
    good, bad = bench.bucket.objects
    results_of(bench).known = {
        f"id of {good}": (Result.REPORTED, None),
        f"id of {bad}": (Result.REJECTED, "blank: focus again"),
    }

    bench.rounds(6)

    assert set(before.values()) == {"stored"}
    assert sorted(bench.states().values()) == ["rejected", "reported"]
    assert [one.reason for one in bench.outbox.newest(9) if one.result == "rejected"] == ["blank: focus again"]


def test_a_picture_whose_answer_was_lost_gets_its_result_too(bench: Bench) -> None:
    bench.bucket.mishaps = ["answer lost"]
    bench.put("field.jpg", drawn(1))
    bench.rounds(6)
    (key,) = bench.bucket.objects
    results_of(bench).known = {f"id of {key}": (Result.REPORTED, None)}

    bench.rounds(6)

    assert bench.states() == {"field.jpg": "reported"}


def test_a_failure_of_the_service_may_still_become_a_report(bench: Bench) -> None:
    bench.put("field.jpg", drawn(1))
    bench.rounds(3)
    (key,) = bench.bucket.objects
    results_of(bench).known = {f"id of {key}": (Result.FAILED, None)}
    bench.rounds(12)
    before = bench.states()
    results_of(bench).known = {f"id of {key}": (Result.REPORTED, None)}

    bench.rounds(6)

    assert (before, bench.states()) == ({"field.jpg": "failed"}, {"field.jpg": "reported"})
    assert bench.seen.steps == ["seen", "sending", "stored", "failed", "reported"]


def test_without_results_pictures_are_sent_all_the_same(bench: Bench) -> None:
    results_of(bench).broken = True
    bench.put("1.jpg", drawn(1))
    bench.rounds(9)
    bench.put("2.jpg", drawn(2))

    bench.rounds(9)

    assert bench.sent == [drawn(1), drawn(2)]
    assert "expected a token that holds" in bench.seen.troubles
