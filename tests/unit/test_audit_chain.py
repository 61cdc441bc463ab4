"""Trails that somebody meddled with: each is found, at its first place, with what was done."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from hemascope.domain.audit import FIRST, AuditAction, AuditEntry
from hemascope.domain.audit_chain import Break, Finding, Head, Kept, walk


def trail(length: int) -> list[Kept]:
    kept: list[Kept] = []
    for number in range(1, length + 1):
        entry = AuditEntry(
            hospital="st-mary",
            number=number,
            at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC) + timedelta(minutes=number),
            who="8f0c",
            action="viewed",
            object_id=f"{number:032x}",
            previous=kept[-1].entry.digest if kept else FIRST,
        )
        kept.append(Kept(entry, entry.digest))
    return kept


def changed(one: Kept, *, forged: bool = False, **fields: object) -> Kept:
    """The entry with other fields; forged: with the digest that fits them."""
    entry = one.entry.model_copy(update=fields)
    return Kept(entry, entry.digest if forged else one.digest)


def test_a_digest_is_the_sha256_of_the_entrys_json() -> None:
    text = (
        '{"hospital":"st-mary","number":1,"at":"2026-03-01T08:31:00Z","who":"8f0c","action":"viewed",'
        f'"object_id":"{1:032x}","previous":"{"0" * 64}"}}'
    )

    assert trail(1)[0].entry.digest == hashlib.sha256(text.encode()).hexdigest()


def test_a_whole_trail_is_whole_and_has_a_head() -> None:
    kept = trail(7)

    assert walk(kept).broken is None
    assert str(walk(kept).head) == f"7:{kept[6].entry.digest}"


def test_a_trail_without_entries_is_whole() -> None:
    assert walk([]).head == Head(0, FIRST)
    assert walk([]).broken is None


@pytest.mark.parametrize("place", [0, 3, 6])
@pytest.mark.parametrize("fields", [{"who": "9a1b"}, {"action": AuditAction.RELEASED}, {"object_id": None}])
def test_a_changed_entry_is_found_where_it_is(place: int, fields: dict[str, object]) -> None:
    kept = trail(7)
    kept[place] = changed(kept[place], **fields)

    assert walk(kept).broken == Finding(Break.CHANGED, place + 1)


def test_an_entry_that_was_changed_with_its_digest_is_found_at_the_next() -> None:
    kept = trail(7)
    kept[3] = changed(kept[3], forged=True, who="9a1b")

    assert walk(kept).broken == Finding(Break.CHANGED, 5)


def test_a_last_entry_that_was_changed_with_its_digest_is_found_by_who_remembers_it() -> None:
    kept = trail(7)
    remembered = walk(kept).head
    kept[6] = changed(kept[6], forged=True, who="9a1b")

    assert walk(kept).broken is None
    assert walk(kept, remembered).broken == Finding(Break.CHANGED, 7)


@pytest.mark.parametrize("place", [0, 3, 5])
def test_a_missing_entry_is_found(place: int) -> None:
    kept = trail(7)
    del kept[place]

    assert walk(kept).broken == Finding(Break.MISSING, place + 1)


def test_entries_that_moved_up_over_a_missing_one_are_found() -> None:
    kept = trail(7)
    moved = [changed(one, number=one.entry.number - 1) for one in kept[4:]]

    assert walk([*kept[:3], *moved]).broken == Finding(Break.CHANGED, 4)


def test_entries_that_changed_places_are_found() -> None:
    kept = trail(7)
    kept[3], kept[4] = changed(kept[4], number=4), changed(kept[3], number=5)

    assert walk(kept).broken == Finding(Break.REORDERED, 4)


@pytest.mark.parametrize("left", [0, 4, 6])
def test_a_trail_that_was_cut_at_its_end_is_found_by_who_remembers_its_head(left: int) -> None:
    kept = trail(7)
    remembered = walk(kept).head

    assert walk(kept[:left]).broken is None
    assert walk(kept[:left], remembered).broken == Finding(Break.CUT, left + 1)


def test_a_trail_that_grew_since_is_whole() -> None:
    kept = trail(7)

    assert walk(kept, walk(kept[:4]).head).broken is None


def test_a_whole_new_trail_that_agrees_with_itself_is_found_by_who_remembers_the_old_head() -> None:
    remembered = walk(trail(4)).head
    forged: list[Kept] = []
    for one in trail(7):
        previous = forged[-1].digest if forged else FIRST
        forged.append(changed(one, forged=True, who="9a1b", previous=previous))

    assert walk(forged).broken is None
    assert walk(forged, remembered).broken == Finding(Break.CHANGED, 4)
