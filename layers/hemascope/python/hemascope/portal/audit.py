"""Records who viewed, released or changed what, and shows it to the hospital's administrator."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from hemascope.domain.audit import AuditAction, AuditEntry
from hemascope.portal.identity import Person
from hemascope.portal.requests import Message, Query
from hemascope.ports import AuditTrail, Clock

PAGE = 100  # entries


def _only_digits(text: str | int) -> str | int:
    """Pydantic alone would also accept blanks around a number."""
    if isinstance(text, str) and not (text.isascii() and text.isdecimal()):
        raise ValueError("expected decimal digits")
    return text


class AuditQuery(Query):
    """Which entries to show."""

    after: Annotated[int, BeforeValidator(_only_digits), Field(ge=0, lt=10**12)] = 0  # an entry's number


class AuditPage(Message):
    """Entries in ascending order; the last one's number asks for the next page."""

    entries: tuple[AuditEntry, ...]


@dataclass(frozen=True)
class AuditService:
    """Writes and shows the audit trails of all hospitals of a deployment."""

    audit: AuditTrail
    clock: Clock

    def record(
        self, hospital: str, account: str, action: AuditAction, object_id: str | None, microscope: str | None = None
    ) -> None:
        """Record an action before it is performed: where recording fails, the action does not happen."""
        self.audit.append(hospital, account, action, object_id, self.clock.now(), microscope)

    def record_view(self, person: Person, *object_ids: str) -> None:
        """Record which smears a person is shown."""
        for object_id in object_ids:
            self.record(person.hospital, person.account, AuditAction.VIEWED, object_id)

    def list_entries(self, person: Person, query: AuditQuery) -> AuditPage:
        """List the entries of the caller's hospital after a number."""
        return AuditPage(entries=self.audit.entries(person.hospital, query.after, PAGE))
