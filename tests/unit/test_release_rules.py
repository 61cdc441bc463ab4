"""Whose word counts, and what becomes of the release: as tables of who said what, in order."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.release_rules import agreed_verdict, apply_release, apply_verdict, governing_row
from hemascope.domain.report import Release
from hemascope.domain.review import Verdict
from tests.support.fakes import START
from tests.support.rows import row

LATER = START + timedelta(hours=1)


def said(*words: str) -> list[Verdict]:
    """Verdicts from words such as ``ann:ok`` and ``bob:Pre-B``."""
    pairs = [word.split(":") for word in words]
    return [
        Verdict(
            number=number,
            kind="confirm" if label == "ok" else "correct",
            label=None if label == "ok" else label,
            reviewer=who,
            at=START,
            model="all-subtypes/1.0.0",
        )
        for number, (who, label) in enumerate(pairs, start=1)
    ]


@pytest.mark.parametrize(
    ("words", "one_person", "two_people"),
    [
        ((), None, None),
        (("ann:ok",), 1, None),
        (("ann:ok", "ann:ok"), 2, None),
        (("ann:ok", "bob:ok"), 2, 2),
        (("ann:Pre-B", "bob:Pre-B"), 2, 2),
        (("ann:Pre-B", "bob:Pro-B"), 2, None),
        (("ann:ok", "bob:Pre-B"), 2, None),
        (("ann:ok", "bob:Pre-B", "ann:Pre-B"), 3, 3),
        (("ann:ok", "bob:ok", "ann:Pre-B"), 3, None),
        (("ann:ok", "bob:ok", "cem:Pre-B"), 3, None),
        (("ann:ok", "bob:ok", "cem:Pre-B", "dee:ok"), 4, 4),
        (("ann:ok", "bob:Pre-B", "bob:ok"), 3, 3),
    ],
)
def test_the_newest_word_stands_where_so_many_people_say_the_same_last(
    words: tuple[str, ...], one_person: int | None, two_people: int | None
) -> None:
    found = [agreed_verdict(said(*words), reviewers) for reviewers in (1, 2)]

    assert [verdict.number if verdict else None for verdict in found] == [one_person, two_people]


def test_a_confirmed_report_is_final_and_a_corrected_one_amended() -> None:
    confirmed = apply_release(row(verdicts=1), said("ann:ok"), 1, LATER)
    corrected = apply_release(row(verdicts=1), said("ann:Pre-B"), 1, LATER)

    assert confirmed == row(verdicts=1, release=Release.FINAL, released_at=LATER, released_verdict_number=1)
    assert corrected == row(verdicts=1, release=Release.AMENDED, released_at=LATER, released_verdict_number=1)


def test_nothing_is_released_while_too_few_agree() -> None:
    assert apply_release(row(), [], 1, LATER) is None
    assert apply_release(row(verdicts=1), said("ann:ok"), 2, LATER) is None


def test_a_second_release_changes_nothing() -> None:
    out = row(verdicts=1, release=Release.FINAL, released_at=START, released_verdict_number=1)

    assert apply_release(out, said("ann:ok"), 1, LATER) == out


def test_a_verdict_before_the_release_is_counted_alone() -> None:
    assert apply_verdict(row(), said("ann:Pre-B"), 1, LATER) == row(verdicts=1)


def test_a_verdict_after_the_release_amends_it() -> None:
    out = row(verdicts=1, release=Release.FINAL, released_at=START, released_verdict_number=1)

    after = apply_verdict(out, said("ann:ok", "bob:Pre-B"), 1, LATER)

    assert after == row(verdicts=2, release=Release.AMENDED, released_at=LATER, released_verdict_number=2)


def test_one_persons_doubt_after_the_release_of_two_waits_for_a_second() -> None:
    out = row(verdicts=2, release=Release.FINAL, released_at=START, released_verdict_number=2)
    words = said("ann:ok", "bob:ok", "cem:Pre-B", "ann:Pre-B")

    doubted = apply_verdict(out, words[:3], 2, LATER)
    settled = apply_verdict(doubted, words, 2, LATER)

    assert doubted == row(verdicts=3, release=Release.FINAL, released_at=START, released_verdict_number=2)
    assert settled == row(verdicts=4, release=Release.AMENDED, released_at=LATER, released_verdict_number=4)


def test_what_a_person_released_speaks_before_a_newer_models_answer() -> None:
    old = row(model="all-subtypes/1.0.0", release=Release.FINAL, released_at=START, released_verdict_number=1, verdicts=1)
    new = row(model="all-subtypes/1.0.1", finished_at=LATER)
    newest = new.model_copy(update={"model": "all-subtypes/1.0.2", "release": Release.AMENDED, "released_at": LATER})

    assert governing_row([old, new]) == old
    assert governing_row([new, newest, old]) == newest
    assert governing_row([row(report_key=None)]) is None
    assert governing_row([]) is None


def test_a_suspicion_speaks_until_a_person_releases_something() -> None:
    urgent = row(model="all-subtypes/1.0.1", urgent=True)
    milder = row(model="all-subtypes/1.0.1@7", finished_at=LATER, urgent=False)
    released = milder.model_copy(update={"release": Release.FINAL, "released_at": LATER})

    assert governing_row([urgent, milder]) == urgent
    assert governing_row([urgent, released]) == released


def test_a_reviewed_answer_speaks_before_a_newer_one_that_nobody_has_looked_at() -> None:
    doubted = row(model="all-subtypes/1.0.1", verdicts=1, urgent=False)

    assert governing_row([doubted, row(model="all-subtypes/1.0.1@7", finished_at=LATER, urgent=False)]) == doubted


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["ok", "Pre-B", "Pro-B"]), st.booleans()), max_size=12),
    st.sampled_from([1, 2]),
)
def test_whatever_people_do_in_whatever_order_a_release_rests_on_so_many_peoples_same_word(
    steps: list[tuple[str, str, bool]], reviewers: int
) -> None:
    now: LedgerRow = row()
    words: list[str] = []
    for who, label, asks_for_release in steps:
        words.append(f"{who}:{label}")
        before, verdicts = now, said(*words)
        now = apply_verdict(now, verdicts, reviewers, LATER)
        if asks_for_release:
            now = apply_release(now, verdicts, reviewers, LATER) or now

        assert now.verdicts == len(words)
        assert now.released_verdict_number >= before.released_verdict_number
        assert (now.release is Release.PRELIMINARY) is (now.released_verdict_number == 0)
        assert before.release is Release.PRELIMINARY or now.release is not Release.PRELIMINARY
        if now.released_verdict_number != before.released_verdict_number:
            last = {word.split(":")[0]: word.split(":")[1] for word in words[: now.released_verdict_number]}
            assert sum(label == words[now.released_verdict_number - 1].split(":")[1] for label in last.values()) >= reviewers
