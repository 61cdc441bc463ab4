"""Writes down who saw, released or changed what, and shows it to the hospital's administrator."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from hemascope.domain.audit import AuditAction, AuditEntry
from hemascope.portal.identity import ADMINS, Person
from hemascope.portal.problems import BadRequest
from hemascope.ports import AuditTrail, Clock

PAGE = 100  # entries
_DIGITS = 12


class AuditPage(BaseModel):
    """Entries in their order; the last one's number asks for the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entries: tuple[AuditEntry, ...]


@dataclass(frozen=True)
class Trail:
    """The audit trails of a deployment, as the portal writes and shows them."""

    audit: AuditTrail
    clock: Clock

    def note(self, hospital: str, account: str, action: AuditAction, object_id: str | None) -> None:
        """Write down what an account does, before it is done: where that fails, it is not done."""
        self.audit.append(hospital, account, action, object_id, self.clock.now())

    def record_view(self, person: Person, *object_ids: str) -> None:
        """Write down which smears a person is shown."""
        for object_id in object_ids:
            self.note(person.hospital, person.account, AuditAction.VIEWED, object_id)

    def page(self, person: Person, after: str | None) -> AuditPage:
        """Show the entries of the caller's hospital behind a number.

        Raises
        ------
        Forbidden, BadRequest
        """
        person.expect(ADMINS)
        if after and not (after.isascii() and after.isdecimal() and len(after) <= _DIGITS):
            raise BadRequest("Expected the number of an entry: ?after=.")
        return AuditPage(entries=self.audit.entries(person.hospital, int(after or 0), PAGE))
