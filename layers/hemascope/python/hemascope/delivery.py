"""The delivery station: a finished smear's ledger row -> topic and mail, once, however often the message comes."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from hemascope.contracts.errors import ForgottenObject, TransientError
from hemascope.contracts.notice import DueNotice, Notice
from hemascope.ports import Clock, Ledger, LedgerRow, Mailer, NoticeState, Publisher

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """The delivering function without its cloud.

    Parameters
    ----------
    portal_url
        Where links lead.
    lease
        How long a claim on a notice holds: as long as the function may run.
    """

    ledger: Ledger
    publisher: Publisher
    mailer: Mailer
    clock: Clock
    portal_url: str
    lease: timedelta

    def deliver(self, due: DueNotice) -> bool:
        """Tell people of one end, unless they were told; return whether they were told now.

        Raises
        ------
        ForgottenObject
            Where the patient's data was deleted on request while the message was on its way.
        TransientError
            Where the row is not there, or another worker holds the notice. If that worker died, its lease lapses and a
            later delivery of the message tells people; if it did not, that delivery finds the notice sent.
        """
        row = self.ledger.find(due.object_id, due.model)
        if row is None and self.ledger.is_forgotten(due.object_id):
            raise ForgottenObject(f"expected a ledger row of {due.object_id}, it was deleted on request")
        if row is None:
            raise TransientError(f"expected a ledger row of {due.object_id}, there is none")
        if row.notice is not NoticeState.PENDING:
            return False
        now = self.clock.now()
        if not self.ledger.claim_notice(row.object_id, row.model, now, now + self.lease):
            logger.info("notice in other hands", extra={"object_id": row.object_id})
            raise TransientError(f"expected to tell people of {row.object_id}, another worker is at it")
        notice = self._notice(row)
        self.publisher.publish(notice)
        self.mailer.send(notice)
        self.ledger.set_notice(row.object_id, row.model, NoticeState.SENT)
        return True

    def _notice(self, row: LedgerRow) -> Notice:
        return Notice(
            object_id=row.object_id,
            model=row.model,
            hospital=row.hospital or "unknown",
            state=row.state,
            urgent=row.urgent,
            link=f"{self.portal_url}/#/reports/{row.object_id}",
        )
