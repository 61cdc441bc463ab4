"""Walks an audit trail and says where it breaks. Pure: entries in, findings out."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hemascope.domain.audit import FIRST, AuditEntry


class Break(StrEnum):
    """What was done to a trail."""

    CHANGED = "changed"
    MISSING = "missing"
    REORDERED = "reordered"
    CUT = "cut"  # its end is missing, which only who remembers an entry can tell


@dataclass(frozen=True)
class Kept:
    """An entry as it lies in the table, and the digest that was written beside it."""

    entry: AuditEntry
    digest: str


@dataclass(frozen=True)
class Head:
    """The last entry of a trail, or one that somebody remembers: its number and its digest."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True)
class Finding:
    """The first place where a trail breaks."""

    what: Break
    number: int


@dataclass(frozen=True)
class Walk:
    """What a walk along a trail found: the head, and the break where there is one."""

    head: Head
    broken: Finding | None = None


def walk(trail: Iterable[Kept], remembered: Head | None = None) -> Walk:
    """Check each entry against the one before it, and all of them against a remembered head.

    A trail is only as good as its end: who may write the whole table can write a whole new trail, which agrees with itself.
    Against that helps a head that was kept elsewhere.

    Parameters
    ----------
    trail
        All entries of one hospital, by number.
    remembered
        The head of an earlier walk.
    """
    kept = list(trail)
    place_of = {one.digest: one.entry.number for one in kept}
    expected = Head(0, FIRST)
    broken: Finding | None = None
    for one in kept:
        broken = broken or _check(one, expected, place_of, remembered)
        expected = Head(one.entry.number, one.entry.digest)
    if broken is None and remembered and remembered.number > expected.number:
        broken = Finding(Break.CUT, expected.number + 1)
    return Walk(expected, broken)


def _check(one: Kept, before: Head, place_of: dict[str, int], remembered: Head | None) -> Finding | None:
    number, digest = one.entry.number, one.entry.digest
    if number != before.number + 1:
        return Finding(Break.MISSING, before.number + 1)
    if one.entry.previous != before.digest:
        # It names an entry that stands, but elsewhere.
        return Finding(Break.REORDERED if one.entry.previous in place_of else Break.CHANGED, number)
    if digest != one.digest or (remembered and remembered.number == number and remembered.digest != digest):
        return Finding(Break.CHANGED, number)
    return None
