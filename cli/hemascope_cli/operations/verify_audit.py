"""``hemascope audit verify``: walks the audit trails and says where one breaks."""

from collections.abc import Iterable
from typing import Protocol

from hemascope.domain.audit_chain import Break, Head, Kept, Walk, walk


class Trails(Protocol):
    """The audit table as an operator sees it."""

    def hospitals(self) -> list[str]:
        """Every hospital that has a trail."""

    def trail(self, hospital: str) -> Iterable[Kept]:
        """A hospital's entries in order."""


def verify(trails: Trails, hospital: str | None, remembered: Head | None) -> int:
    """Print each trail's head, or its first break; return the exit status."""
    walks = {one: walk(trails.trail(one), remembered) for one in ([hospital] if hospital else trails.hospitals())}
    for name, found in walks.items():
        print(f"{name}  {_said(found)}")
    if not walks:
        print("there is no entry yet")
    return 1 if any(one.broken for one in walks.values()) else 0


def _said(found: Walk) -> str:
    if found.broken is None:
        return f"whole, head {found.head}"
    what, number = found.broken.what, found.broken.number
    return {
        Break.CHANGED: f"BROKEN at entry {number}: it, or the one before it, was changed",
        Break.MISSING: f"BROKEN at entry {number}: it is missing",
        Break.REORDERED: f"BROKEN at entry {number}: it stood behind another entry",
        Break.CUT: f"BROKEN at entry {number}: the trail ends before it, and was longer",
    }[what]
