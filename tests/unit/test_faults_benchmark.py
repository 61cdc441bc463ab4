"""The benchmark of failures: what it does to its workers, and what it calls broken."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.faults import show
from benchmarks.faulty_cloud import Count
from benchmarks.faulty_worker import Fate
from tests.support.boto_faults import Fault

WELL = Count(uploads=10, reported=9, rejected=1, kills=2, kills_between_mail_and_record=1, kills_between_topic_and_record=1)


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    signals: list[int] = []
    monkeypatch.setattr("os.kill", lambda _, number: signals.append(number))
    return signals


def fate(tmp_path: Path, errors: float = 0.0, kills: float = 1.0, kill_before: tuple[str, ...] = ()) -> Fate:
    return Fate(random.Random(4), "send_notifications", errors, kills, kill_before, tmp_path / "journal")


def deliver(worker: Fate, messages: int) -> None:
    """The requests of a notifying worker, one batch."""
    worker.begin(messages)
    for _ in range(messages):
        for request in (
            "dynamodb.GetItem",
            "dynamodb.UpdateItem",
            "sns.Publish",
            "ses.SendTemplatedEmail",
            "dynamodb.UpdateItem",
        ):
            service, operation = request.split(".")
            worker.request(service, operation)
            worker.answered(service, operation)
    worker.end()


def test_a_worker_whose_turn_it_is_dies_at_any_of_its_requests(tmp_path: Path, killed: list[int]) -> None:
    worker = fate(tmp_path)

    for _ in range(300):
        deliver(worker, 2)

    assert killed[:3] == [9, 9, 9]
    places = {line.split(" kill ")[1] for line in (tmp_path / "journal").read_text().splitlines()}
    assert "before ses.SendTemplatedEmail behind sns.Publish" in places
    assert "after ses.SendTemplatedEmail behind ses.SendTemplatedEmail" in places
    assert len(places) >= 10


def test_a_notifier_that_is_to_die_before_the_mail_dies_nowhere_else(tmp_path: Path, killed: list[int]) -> None:
    worker = fate(tmp_path, kill_before=("ses",))

    for _ in range(50):
        deliver(worker, 2)

    places = {line.split(" kill ")[1] for line in (tmp_path / "journal").read_text().splitlines()}
    assert places == {"before ses.SendTemplatedEmail behind sns.Publish"}
    assert len(killed) == 50


def test_errors_come_in_their_share_and_answers_of_a_topic_are_not_lost(tmp_path: Path) -> None:
    worker = fate(tmp_path, errors=0.05, kills=0.0)

    faults = [worker.request("sns", "Publish") for _ in range(2000)]

    share = sum(fault is not None for fault in faults) / 2000
    assert 0.035 < share < 0.065
    assert set(faults) == {None, Fault.THROTTLED, Fault.SERVER_ERROR, Fault.UNREACHABLE}


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({}, 0, "lost                                     0\n"),
        ({"lost": 1, "reported": 8}, 1, "lost                                     1  BROKEN"),
        ({"double_reports": 2}, 1, "double reports                           2  BROKEN"),
        ({"double_mails": 1}, 1, "double mails                             1  BROKEN"),
        (
            {"double_topic_messages": 1},
            0,
            "double topic messages                    1  each after one of 1 kills in the window",
        ),
        ({"double_topic_messages": 2}, 1, "double topic messages                    2  BROKEN"),
        ({"rejected": 0}, 1, "terminal states                          9"),
    ],
)
def test_the_table_says_which_guarantee_is_violated(
    changed: dict[str, int], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show([replace(WELL, **changed)]) == status
    assert said in capsys.readouterr().out
