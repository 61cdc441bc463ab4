"""``hemascope audit verify``: verifies the hash chain of each audit trail and prints where one is broken."""

from collections.abc import Iterable
from typing import Protocol

from hemascope.domain.audit_chain import ChainDefect, ChainHead, ChainVerification, StoredEntry, verify_chain


class Trails(Protocol):
    """All audit trails of a deployment."""

    def hospitals(self) -> list[str]:
        """Return every hospital that has a trail."""

    def trail(self, hospital: str) -> Iterable[StoredEntry]:
        """Return a hospital's entries in order."""


def verify(trails: Trails, hospital: str | None, known_head: ChainHead | None) -> int:
    """Print the head of each trail or its first break; return the exit status."""
    hospitals = [hospital] if hospital else trails.hospitals()
    verified = {name: verify_chain(trails.trail(name), known_head) for name in hospitals}
    for name, verification in verified.items():
        print(f"{name}  {_sentence(verification)}")
    if not verified:
        print("there is no entry yet")
    return 1 if any(verification.broken for verification in verified.values()) else 0


def _sentence(verification: ChainVerification) -> str:
    if verification.broken is None:
        return f"intact, head {verification.head}"
    defect, number = verification.broken.defect, verification.broken.number
    return {
        ChainDefect.CHANGED: f"BROKEN at entry {number}: this entry or the one before it was changed",
        ChainDefect.MISSING: f"BROKEN at entry {number}: it is missing",
        ChainDefect.REORDERED: f"BROKEN at entry {number}: it was moved from another place",
        ChainDefect.TRUNCATED: f"BROKEN at entry {number}: this entry and any after it are missing from the end",
    }[defect]
