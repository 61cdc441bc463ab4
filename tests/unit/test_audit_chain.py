"""Manipulated trails: each manipulation is found at its first place, with its kind."""

from datetime import UTC, datetime, timedelta

import pytest

from hemascope.domain.audit import FIRST, AuditAction, AuditEntry
from hemascope.domain.audit_chain import ChainBreak, ChainDefect, ChainHead, StoredEntry, verify_chain


def trail(length: int) -> list[StoredEntry]:
    kept: list[StoredEntry] = []
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
        kept.append(StoredEntry(entry, entry.digest))
    return kept


def changed(stored: StoredEntry, *, forged: bool = False, **fields: object) -> StoredEntry:
    """The entry with other fields; forged: with the digest that fits them."""
    entry = stored.entry.model_copy(update=fields)
    return StoredEntry(entry, entry.digest if forged else stored.digest)


def test_a_digest_is_the_sha256_of_the_canonical_json() -> None:
    entry = trail(1)[0].entry

    # printf '%s' '{"action":"viewed",...}' | sha256sum
    assert entry.canonical.decode() == (
        '{"action":"viewed","at":"2026-03-01T08:31:00Z","hospital":"st-mary","number":1,'
        '"object_id":"00000000000000000000000000000001",'
        '"previous":"0000000000000000000000000000000000000000000000000000000000000000","who":"8f0c"}'
    )
    assert entry.digest == "a0b1cdeecb0248322526c4923e3111cccc6bb7b0c4cd31447625e0d693bcc1c8"


class LaterEntry(AuditEntry):
    """An entry as a later version of the code may define it."""

    address: str | None = None
    reason: str = "routine"


def test_a_field_that_is_added_with_a_default_leaves_every_digest_unchanged() -> None:
    stored_entries = trail(4)

    later = [StoredEntry(LaterEntry(**stored.entry.model_dump()), stored.digest) for stored in stored_entries]

    assert [stored.entry.digest for stored in later] == [stored.digest for stored in stored_entries]
    assert verify_chain(later).broken is None
    assert later[0].entry.digest == "a0b1cdeecb0248322526c4923e3111cccc6bb7b0c4cd31447625e0d693bcc1c8"


def test_a_field_that_is_added_and_set_is_covered_by_the_digest() -> None:
    before = trail(1)[0].entry

    assert LaterEntry(**before.model_dump(), address="192.0.2.1").digest != before.digest


def test_a_whole_trail_is_whole_and_has_a_head() -> None:
    kept = trail(7)

    assert verify_chain(kept).broken is None
    assert str(verify_chain(kept).head) == f"7:{kept[6].entry.digest}"


def test_a_trail_without_entries_is_whole() -> None:
    assert verify_chain([]).head == ChainHead(0, FIRST)
    assert verify_chain([]).broken is None


@pytest.mark.parametrize("place", [0, 3, 6])
@pytest.mark.parametrize("fields", [{"who": "9a1b"}, {"action": AuditAction.RELEASED}, {"object_id": None}])
def test_a_changed_entry_is_found_where_it_is(place: int, fields: dict[str, object]) -> None:
    kept = trail(7)
    kept[place] = changed(kept[place], **fields)

    assert verify_chain(kept).broken == ChainBreak(ChainDefect.CHANGED, place + 1)


def test_an_entry_that_was_changed_with_its_digest_is_found_at_the_next() -> None:
    kept = trail(7)
    kept[3] = changed(kept[3], forged=True, who="9a1b")

    assert verify_chain(kept).broken == ChainBreak(ChainDefect.CHANGED, 5)


def test_a_last_entry_that_was_changed_with_its_digest_is_found_by_a_known_head() -> None:
    kept = trail(7)
    known_head = verify_chain(kept).head
    kept[6] = changed(kept[6], forged=True, who="9a1b")

    assert verify_chain(kept).broken is None
    assert verify_chain(kept, known_head).broken == ChainBreak(ChainDefect.CHANGED, 7)


@pytest.mark.parametrize("place", [0, 3, 5])
def test_a_missing_entry_is_found(place: int) -> None:
    kept = trail(7)
    del kept[place]

    assert verify_chain(kept).broken == ChainBreak(ChainDefect.MISSING, place + 1)


def test_entries_that_moved_up_over_a_missing_one_are_found() -> None:
    kept = trail(7)
    moved = [changed(stored, number=stored.entry.number - 1) for stored in kept[4:]]

    assert verify_chain([*kept[:3], *moved]).broken == ChainBreak(ChainDefect.CHANGED, 4)


def test_entries_that_changed_places_are_found() -> None:
    kept = trail(7)
    kept[3], kept[4] = changed(kept[4], number=4), changed(kept[3], number=5)

    assert verify_chain(kept).broken == ChainBreak(ChainDefect.REORDERED, 4)


@pytest.mark.parametrize("left", [0, 4, 6])
def test_a_trail_that_was_cut_at_its_end_is_found_by_a_known_heads_head(left: int) -> None:
    kept = trail(7)
    known_head = verify_chain(kept).head

    assert verify_chain(kept[:left]).broken is None
    assert verify_chain(kept[:left], known_head).broken == ChainBreak(ChainDefect.TRUNCATED, left + 1)


def test_a_trail_that_grew_since_is_whole() -> None:
    kept = trail(7)

    assert verify_chain(kept, verify_chain(kept[:4]).head).broken is None


def test_a_whole_new_trail_that_agrees_with_itself_is_found_by_who_remembers_the_old_head() -> None:
    known_head = verify_chain(trail(4)).head
    forged: list[StoredEntry] = []
    for stored in trail(7):
        previous = forged[-1].digest if forged else FIRST
        forged.append(changed(stored, forged=True, who="9a1b", previous=previous))

    assert verify_chain(forged).broken is None
    assert verify_chain(forged, known_head).broken == ChainBreak(ChainDefect.CHANGED, 4)
