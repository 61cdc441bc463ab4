"""The worklist's search of the ledger. Clients are passed in."""

from dataclasses import dataclass
from typing import Any

from hemascope.aws.client import map_transient_errors
from hemascope.aws.ledger.reader import BY_HOSPITAL, start_of
from hemascope.aws.ledger.writer import row_from_item
from hemascope.domain.ledger import LedgerRow, RowFilter, RowPage, RowPosition

READ = 1000  # rows that one search reads at most: about half a megabyte
_AT_ONCE = 250


@dataclass(frozen=True)
class DynamoSearch:
    """A :class:`~hemascope.portal.ports.RowSearch` by query of the index by hospital; DynamoDB filters."""

    dynamodb: Any
    table: str

    def search(self, hospital: str, wanted: RowFilter, limit: int, after: RowPosition | None = None) -> RowPage:
        """Query the index until there are enough rows, it ends, or enough were read. ``Limit`` counts rows that are read."""
        kept = _kept(wanted)
        found: list[LedgerRow] = []
        at_once = _AT_ONCE if kept else limit
        start = start_of(hospital, after) if after else None
        for _ in range(READ // _AT_ONCE):
            with map_transient_errors("read the ledger"):
                answer = self.dynamodb.query(**self._query(hospital, kept, at_once), **_from(start))
            found += [row_from_item(item) for item in answer["Items"]]
            start = answer.get("LastEvaluatedKey")
            if len(found) > limit or (len(found) == limit and start):
                last = found[limit - 1].model_dump(include=set(RowPosition.model_fields))
                return RowPage(rows=tuple(found[:limit]), next=RowPosition.model_validate(last))
            if start is None:
                break
        position = {name: start[name]["S"] for name in RowPosition.model_fields} if start else None
        return RowPage(rows=tuple(found), next=RowPosition.model_validate(position) if position else None)

    def _query(self, hospital: str, kept: dict[str, Any], at_once: int) -> dict[str, Any]:
        values = {":hospital": {"S": hospital}} | kept.get("values", {})
        query: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": BY_HOSPITAL,
            "KeyConditionExpression": "hospital = :hospital",
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
            "Limit": at_once,
        }
        if kept:
            query["FilterExpression"] = kept["condition"]
        if kept.get("names"):
            query["ExpressionAttributeNames"] = kept["names"]
        return query


def _from(start: dict[str, Any] | None) -> dict[str, Any]:
    return {"ExclusiveStartKey": start} if start else {}


def _kept(wanted: RowFilter) -> dict[str, Any]:
    """The filter as DynamoDB's expression; nothing where all are wanted."""
    conditions: list[str] = []
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, value in (("state", wanted.state), ("decision", wanted.decision)):
        if value:
            conditions.append(f"#{name} = :{name}")
            names[f"#{name}"] = name
            values[f":{name}"] = {"S": value.value}
    if wanted.urgent:
        conditions.append("urgent = :urgent AND attribute_not_exists(acknowledged_at)")
        values[":urgent"] = {"BOOL": True}
    return {"condition": " AND ".join(conditions), "names": names, "values": values} if conditions else {}
