"""The ledger as functions write it: conditional puts and updates."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hemascope.aws.client import map_transient_errors
from hemascope.domain.ledger import FORGOTTEN, ClaimStatus, LedgerRow, NotificationStatus
from hemascope.domain.report import State

CHANNEL = "channel_"  # begins the names of the attributes that say what became of a channel


_COMPLETED = "completed"  # sorts behind every moment


@dataclass(frozen=True)
class DynamoLedger:
    """A :class:`~hemascope.ports.Ledger` in a DynamoDB table with the keys ``object_id`` and ``model``."""

    dynamodb: Any
    table: str

    def find(self, object_id: str, model: str) -> LedgerRow | None:
        """Read with strong consistency: a second delivery may follow the first at once."""
        with map_transient_errors("read the ledger"):
            answer = self.dynamodb.get_item(TableName=self.table, Key=row_key(object_id, model), ConsistentRead=True)
        return row_from_item(answer["Item"]) if "Item" in answer else None

    def is_forgotten(self, object_id: str) -> bool:
        """Look for the tombstone, with strong consistency."""
        with map_transient_errors("read the ledger"):
            answer = self.dynamodb.get_item(TableName=self.table, Key=row_key(object_id, FORGOTTEN), ConsistentRead=True)
        return "Item" in answer

    def was_urgent(self, object_id: str) -> bool:
        """Query the few rows of one object version."""
        with map_transient_errors("read the ledger"):
            answer = self.dynamodb.query(
                TableName=self.table,
                KeyConditionExpression="object_id = :id",
                FilterExpression="urgent = :urgent",
                ExpressionAttributeValues={":id": {"S": object_id}, ":urgent": {"BOOL": True}},
                ConsistentRead=True,
            )
        return bool(answer["Count"])

    def finish(self, row: LedgerRow) -> LedgerRow:
        """Conditional put; where an end stands already, that one is read and returned."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(object_id)"}
        if row.state is not State.FAILED:  # a second failure is no other end: people would hear of it again
            condition["ConditionExpression"] += " OR #state = :failed"
            condition["ExpressionAttributeNames"] = {"#state": "state"}
            condition["ExpressionAttributeValues"] = {":failed": {"S": State.FAILED.value}}
        with map_transient_errors("write the ledger"):
            try:
                self.dynamodb.put_item(TableName=self.table, Item=_to_item(row), **condition)
            except self.dynamodb.exceptions.ConditionalCheckFailedException:
                return self.find(row.object_id, row.model) or row
        return row

    def claim_channel(self, object_id: str, model: str, channel: str, now: datetime, until: datetime) -> ClaimStatus:
        """Conditional update of the channel's mark; where it fails, the mark that stands says why."""
        begun = self._mark(
            object_id,
            model,
            channel,
            "SET #mark = :until",
            " AND (attribute_not_exists(#mark) OR #mark < :now)",
            {":until": {"S": _moment(until)}, ":now": {"S": _moment(now)}},
        )
        if begun:
            return ClaimStatus.CLAIMED
        with map_transient_errors("read the ledger"):
            answer = self.dynamodb.get_item(TableName=self.table, Key=row_key(object_id, model), ConsistentRead=True)
        mark = answer.get("Item", {}).get(CHANNEL + channel, {"S": _COMPLETED})["S"]
        return ClaimStatus.COMPLETED if mark == _COMPLETED else ClaimStatus.HELD

    def complete_channel(self, object_id: str, model: str, channel: str, sent: bool) -> None:
        """Mark as told, or take the mark away."""
        if sent:
            self._mark(
                object_id, model, channel, "SET #mark = :told", " AND attribute_exists(#mark)", {":told": {"S": _COMPLETED}}
            )
        else:
            self._mark(object_id, model, channel, "REMOVE #mark", "", {})

    def set_notification(
        self, object_id: str, model: str, notification: NotificationStatus, state: State | None = None
    ) -> bool:
        """Set what became of the notification, where there is a row. A bounce is kept, even if it was recorded first."""
        values = {":notification": {"S": notification.value}, ":bounced": {"S": NotificationStatus.BOUNCED.value}}
        condition = "attribute_exists(object_id) AND notification <> :bounced"
        if state is None:
            return self._update(object_id, model, "SET notification = :notification", condition, values)
        values[":state"] = {"S": state.value}
        return self._update(
            object_id,
            model,
            "SET notification = :notification",
            f"{condition} AND #state = :state",
            values,
            {"#state": "state"},
        )

    def _mark(self, object_id: str, model: str, channel: str, change: str, condition: str, values: dict[str, Any]) -> bool:
        """Change a channel's mark, where there is a row."""
        names = {"#mark": CHANNEL + channel}
        return self._update(object_id, model, change, "attribute_exists(object_id)" + condition, values, names)

    def _update(
        self,
        object_id: str,
        model: str,
        change: str,
        condition: str,
        values: dict[str, Any],
        names: dict[str, str] | None = None,
    ) -> bool:
        expressions: dict[str, Any] = {"UpdateExpression": change, "ConditionExpression": condition}
        expressions |= {"ExpressionAttributeValues": values} if values else {}
        expressions |= {"ExpressionAttributeNames": names} if names else {}
        with map_transient_errors("update the ledger"):
            try:
                self.dynamodb.update_item(TableName=self.table, Key=row_key(object_id, model), **expressions)
            except self.dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True


def row_key(object_id: str, model: str) -> dict[str, Any]:
    """Key of a row."""
    return {"object_id": {"S": object_id}, "model": {"S": model}}


def _moment(moment: datetime) -> str:
    """Sorts as moments do, and before the word that says that a channel was used."""
    return f"{moment.timestamp():017.3f}"


def _to_item(row: LedgerRow) -> dict[str, Any]:
    fields = row.model_dump(mode="json", exclude={"object", "urgent"}, exclude_none=True)
    item: dict[str, Any] = {name: {"S" if isinstance(one, str) else "N": str(one)} for name, one in fields.items()}
    item.update({name: {"S": text} for name, text in row.object.model_dump().items()})
    item["urgent"] = {"BOOL": row.urgent}
    return item


def row_from_item(item: dict[str, Any]) -> LedgerRow:
    """Read a row."""
    fields = {name: next(iter(value.values())) for name, value in item.items() if not name.startswith(CHANNEL)}
    fields["object"] = {name: fields.pop(name) for name in ("bucket", "key", "version_id")}
    return LedgerRow.model_validate(fields)
