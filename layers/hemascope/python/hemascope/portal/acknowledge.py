"""A clinician says that an urgent smear was seen: then nobody else is called."""

from dataclasses import dataclass

from hemascope.contracts.audit import AuditAction
from hemascope.contracts.specimen import is_object_id, specimen_of
from hemascope.portal.people import REVIEWERS, Person
from hemascope.portal.problems import Forbidden, NotFound
from hemascope.portal.trail import Trail
from hemascope.ports import Clock, LedgerReader, ReviewLedger


@dataclass(frozen=True)
class Acknowledging:
    """Acknowledgements of one deployment."""

    ledger: LedgerReader
    reviews: ReviewLedger
    trail: Trail
    clock: Clock

    def acknowledge(self, person: Person, object_id: str) -> None:
        """Acknowledge every urgent answer on an object version; the first acknowledgement of each stands.

        Raises
        ------
        Forbidden, NotFound
        """
        person.expect(REVIEWERS)
        rows = self.ledger.rows_of(object_id) if is_object_id(object_id) else ()
        if not rows:
            raise NotFound("There is no report of this id, or not yet.")
        specimen = specimen_of(rows[0].object.key)
        if specimen is None or specimen.hospital != person.hospital:
            raise Forbidden("This report is not yours.")
        waiting = [row for row in rows if row.urgent and row.acknowledged_at is None]
        if waiting:
            self.trail.note(person.hospital, person.account, AuditAction.ACKNOWLEDGED, object_id)
        for row in waiting:
            self.reviews.acknowledge(row.object_id, row.model, self.clock.now())
