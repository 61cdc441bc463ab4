"""A clinician says that an urgent smear was seen: then nobody else is called."""

from dataclasses import dataclass

from hemascope.domain.audit import AuditAction
from hemascope.portal.audit import Trail
from hemascope.portal.identity import REVIEWERS, Person
from hemascope.portal.reports import rows_of_own
from hemascope.ports import Clock, Ledger


@dataclass(frozen=True)
class Acknowledging:
    """Acknowledgements of one deployment."""

    ledger: Ledger
    reviews: Ledger
    trail: Trail
    clock: Clock

    def acknowledge(self, person: Person, object_id: str) -> None:
        """Acknowledge every urgent answer on an object version; the first acknowledgement of each stands.

        Raises
        ------
        Forbidden, NotFound
        """
        person.expect(REVIEWERS)
        rows = rows_of_own(self.ledger, person, object_id)
        waiting = [row for row in rows if row.urgent and row.acknowledged_at is None]
        if waiting:
            self.trail.note(person.hospital, person.account, AuditAction.ACKNOWLEDGED, object_id)
        for row in waiting:
            self.reviews.acknowledge(row.object_id, row.model, self.clock.now())
