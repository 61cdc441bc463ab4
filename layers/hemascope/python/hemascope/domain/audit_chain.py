"""Verification of an audit trail as a hash chain. Pure: entries in, result out."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hemascope.domain.audit import FIRST, AuditEntry


class ChainDefect(StrEnum):
    """How a trail was manipulated."""

    CHANGED = "changed"
    MISSING = "missing"
    REORDERED = "reordered"
    TRUNCATED = "truncated"  # entries at the end are missing; detected only by comparison with a known head


@dataclass(frozen=True)
class StoredEntry:
    """An entry as the table holds it, and the digest that was stored with it."""

    entry: AuditEntry
    digest: str


@dataclass(frozen=True)
class ChainHead:
    """Number and digest of the last entry of a trail, as it is now or as it was known at an earlier time."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True)
class ChainBreak:
    """The first place where a trail is broken: the defect and the number of the entry."""

    defect: ChainDefect
    number: int


@dataclass(frozen=True)
class ChainVerification:
    """Result of a verification: the head of the trail, and where it is broken, if it is."""

    head: ChainHead
    broken: ChainBreak | None = None


def verify_chain(trail: Iterable[StoredEntry], known_head: ChainHead | None = None) -> ChainVerification:
    """Check each entry against the one before it, and the whole trail against a known head.

    Whoever can write the whole table can write a new trail that is consistent in itself. Only a head that was kept elsewhere
    reveals that.

    Parameters
    ----------
    trail
        All entries of one hospital, ordered by number.
    known_head
        The head that an earlier verification returned.
    """
    stored_entries = list(trail)
    number_of = {stored.digest: stored.entry.number for stored in stored_entries}
    head = ChainHead(0, FIRST)
    broken: ChainBreak | None = None
    for stored in stored_entries:
        broken = broken or _check(stored, head, number_of, known_head)
        head = ChainHead(stored.entry.number, stored.entry.digest)
    if broken is None and known_head and known_head.number > head.number:
        broken = ChainBreak(ChainDefect.TRUNCATED, head.number + 1)
    return ChainVerification(head, broken)


def _check(
    stored: StoredEntry, before: ChainHead, number_of: dict[str, int], known_head: ChainHead | None
) -> ChainBreak | None:
    number, digest = stored.entry.number, stored.entry.digest
    if number != before.number + 1:
        return ChainBreak(ChainDefect.MISSING, before.number + 1)
    if stored.entry.previous != before.digest:
        # Where it names another entry of this trail, the entries changed places.
        return ChainBreak(ChainDefect.REORDERED if stored.entry.previous in number_of else ChainDefect.CHANGED, number)
    if digest != stored.digest or (known_head and known_head.number == number and known_head.digest != digest):
        return ChainBreak(ChainDefect.CHANGED, number)
    return None
