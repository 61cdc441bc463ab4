"""Reviews and acknowledgements in the ledger's rows."""

from datetime import datetime

from boto3.dynamodb.conditions import Attr

from hemascope.aws.ledger.table import LedgerTable
from hemascope.domain.ledger import LedgerRow


class Reviews(LedgerTable):
    """Conditional updates of the attributes of the review, and of no other."""

    def acknowledge(self, object_id: str, model: str, at: datetime) -> None:
        """Update conditionally: the first acknowledgement stands."""
        condition = Attr("object_id").exists() & Attr("acknowledged_at").not_exists()
        change = {"acknowledged_at": at.isoformat()}
        self._update("record an acknowledgement", object_id, model, condition=condition, assign=change)

    def set_review(self, before: LedgerRow, after: LedgerRow) -> bool:
        """Update conditionally: of two concurrent reviews, the second is refused and has to read the row again."""
        condition = Attr("object_id").exists() & Attr("verdicts").eq(before.verdicts) & Attr("release").eq(before.release.value)
        change = after.model_dump(
            mode="json", include={"verdicts", "released_verdict_number", "release", "released_at"}, exclude_none=True
        )
        return self._update("record a review", before.object_id, before.model, condition=condition, assign=change)
