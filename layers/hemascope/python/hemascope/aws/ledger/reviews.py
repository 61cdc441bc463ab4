"""The review of an answer in the ledger's row. Clients are passed in."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hemascope.aws.client import map_transient_errors
from hemascope.aws.ledger.writer import row_key
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import Release


@dataclass(frozen=True)
class DynamoReviews:
    """A :class:`~hemascope.ports.ReviewLedger` on the ledger's table; it touches the review's attributes and no other."""

    dynamodb: Any
    table: str

    def acknowledge(self, object_id: str, model: str, at: datetime) -> None:
        """Conditional update: the first one stands."""
        with (
            map_transient_errors("record an acknowledgement"),
            suppress(self.dynamodb.exceptions.ConditionalCheckFailedException),
        ):
            self.dynamodb.update_item(
                TableName=self.table,
                Key=row_key(object_id, model),
                UpdateExpression="SET acknowledged_at = :at",
                ConditionExpression="attribute_exists(object_id) AND attribute_not_exists(acknowledged_at)",
                ExpressionAttributeValues={":at": {"S": at.isoformat()}},
            )

    def set_review(self, before: LedgerRow, after: LedgerRow) -> bool:
        """Conditional update: of two who review at once, the second finds that the row has changed and looks again."""
        unreviewed = "attribute_not_exists(verdicts) OR " if before.verdicts == 0 else ""
        unreleased = "attribute_not_exists(#release) OR " if before.release is Release.PRELIMINARY else ""
        values = {
            ":before": {"N": str(before.verdicts)},
            ":was": {"S": before.release.value},
            ":verdicts": {"N": str(after.verdicts)},
            ":released_verdict_number": {"N": str(after.released_verdict_number)},
            ":release": {"S": after.release.value},
        }
        change = "SET verdicts = :verdicts, released_verdict_number = :released_verdict_number, #release = :release"
        if after.released_at:
            change += ", released_at = :at"
            values[":at"] = {"S": after.released_at.isoformat()}
        with map_transient_errors("record a review"):
            try:
                self.dynamodb.update_item(
                    TableName=self.table,
                    Key=row_key(before.object_id, before.model),
                    UpdateExpression=change,
                    ConditionExpression=(
                        f"attribute_exists(object_id) AND ({unreviewed}verdicts = :before) AND ({unreleased}#release = :was)"
                    ),
                    ExpressionAttributeNames={"#release": "release"},
                    ExpressionAttributeValues=values,
                )
            except self.dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True
