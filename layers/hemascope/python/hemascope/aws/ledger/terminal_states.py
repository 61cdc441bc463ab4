"""Terminal states: how each object version ended under each model, and whether it was forgotten."""

from boto3.dynamodb.conditions import Attr, Key

from hemascope.aws.client import map_transient_errors
from hemascope.aws.dynamodb import expressions
from hemascope.aws.ledger.table import LedgerTable, row_from_item, row_to_item
from hemascope.domain.ledger import FORGOTTEN, LedgerRow, NotificationStatus
from hemascope.domain.report import State


class TerminalStates(LedgerTable):
    """Conditional puts of rows, and updates of their notification status."""

    def find(self, object_id: str, model: str) -> LedgerRow | None:
        """Read one row with strong consistency."""
        item = self._get(object_id, model)
        return row_from_item(item) if item else None

    def is_forgotten(self, object_id: str) -> bool:
        """Look for the tombstone with strong consistency."""
        return self._get(object_id, FORGOTTEN) is not None

    def was_urgent(self, object_id: str) -> bool:
        """Query the few rows of one object version with strong consistency."""
        query = expressions(key=Key("object_id").eq(object_id), where=Attr("urgent").eq(True))
        return bool(self._query(**query, ConsistentRead=True)["Count"])

    def finish(self, row: LedgerRow) -> LedgerRow:
        """Put the row conditionally; where another row stands, read and return that one."""
        condition = Attr("object_id").not_exists()
        if row.state is not State.FAILED:  # a second failure does not replace the first, of which people were notified
            condition |= Attr("state").eq(State.FAILED.value)
        with map_transient_errors("write the ledger"):
            try:
                self.dynamodb.put_item(TableName=self.table, Item=row_to_item(row), **expressions(condition=condition))
            except self.dynamodb.exceptions.ConditionalCheckFailedException:
                return self.find(row.object_id, row.model) or row
        return row

    def supersede(self, object_id: str, model: str) -> None:
        """Update conditionally: a row may have become urgent or reviewed since it was read."""
        condition = Attr("object_id").exists() & Attr("urgent").eq(False) & Attr("verdicts").eq(0)
        self._update("update the ledger", object_id, model, condition=condition, assign={"superseded": True})

    def set_notification(
        self, object_id: str, model: str, notification: NotificationStatus, state: State | None = None
    ) -> bool:
        """Update the status where there is a row, and none that outranks it."""
        condition = Attr("object_id").exists()
        for standing in sorted(notification.outranked_by):
            condition &= Attr("notification").ne(standing.value)
        if state is not None:
            condition &= Attr("state").eq(state.value)
        change = {"notification": notification.value}
        return self._update("update the ledger", object_id, model, condition=condition, assign=change)
