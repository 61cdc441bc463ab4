"""What every part of the ledger needs: the table, its rows as items, and the calls that several parts make."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hemascope.aws.client import map_transient_errors
from hemascope.aws.dynamodb import Item, expressions, from_item, to_item
from hemascope.domain.ledger import LedgerRow

CHANNEL = "channel_"  # prefix of the attributes that say which notification channels were claimed or completed


@dataclass(frozen=True)
class LedgerTable:
    """The table; the parts of the ledger are its subclasses."""

    dynamodb: Any
    table: str
    pause: Callable[[float], None] = time.sleep

    def _get(self, object_id: str, model: str) -> Item | None:
        """Read one item with strong consistency: a second delivery may follow the first at once."""
        with map_transient_errors("read the ledger"):
            answer = self.dynamodb.get_item(TableName=self.table, Key=row_key(object_id, model), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def _query(self, **arguments: Any) -> dict[str, Any]:
        with map_transient_errors("read the ledger"):
            answer: dict[str, Any] = self.dynamodb.query(TableName=self.table, **arguments)
        return answer

    def _update(self, action: str, object_id: str, model: str, **expression: Any) -> bool:
        """Update one item conditionally; return False where the condition does not hold.

        Parameters
        ----------
        action
            What the update does, for the message of an error.
        expression
            Arguments of :func:`~hemascope.aws.dynamodb.expressions`.
        """
        with map_transient_errors(action):
            try:
                self.dynamodb.update_item(TableName=self.table, Key=row_key(object_id, model), **expressions(**expression))
            except self.dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True


def row_key(object_id: str, model: str) -> Item:
    """Key of a row, or of a tombstone where the model is :data:`~hemascope.domain.ledger.FORGOTTEN`."""
    return to_item({"object_id": object_id, "model": model})


def row_to_item(row: LedgerRow) -> Item:
    """Item of a row; attributes without a value are left out, and the object version's three parts are attributes."""
    return to_item(row.model_dump(mode="json", exclude={"object"}, exclude_none=True) | row.object.model_dump())


def row_from_item(item: Item) -> LedgerRow:
    """Inverse of :func:`row_to_item`; the marks of the channels are left out."""
    fields = {name: value for name, value in from_item(item).items() if not name.startswith(CHANNEL)}
    fields["object"] = {name: fields.pop(name) for name in ("bucket", "key", "version_id")}
    return LedgerRow.model_validate(fields)
