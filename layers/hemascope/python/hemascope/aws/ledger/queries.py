"""Queries of the ledger: by object, and by its indexes of hospitals, slides and patients."""

from functools import reduce
from operator import and_
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from hemascope.aws.dynamodb import Item, expressions, from_item, to_item
from hemascope.aws.ledger.table import LedgerTable, row_from_item
from hemascope.domain.ledger import FORGOTTEN, LedgerRow, RowFilter, RowPage, RowPosition
from hemascope.domain.specimen import Patient

BY_HOSPITAL, BY_SLIDE, BY_PATIENT, BY_MICROSCOPE = "by-hospital", "by-slide", "by-patient", "by-microscope"
MAXIMUM_READ = 1000  # rows that one search reads at most: about half a megabyte
_PAGE = 250  # rows that one call of a search with a filter reads


class Queries(LedgerTable):
    """Reads of several rows."""

    def rows_of(self, object_id: str) -> tuple[LedgerRow, ...]:
        """Query by the partition key with strong consistency: whoever was just notified of a report will find it."""
        items = self._query(**expressions(key=Key("object_id").eq(object_id)), ConsistentRead=True)["Items"]
        if any(item["model"]["S"] == FORGOTTEN for item in items):
            return ()  # a tombstone stands: nothing is shown any more, even where the deletion is not finished
        return tuple(row_from_item(item) for item in items)

    def rows_by_slide(self, hospital: str, slide: str, limit: int) -> tuple[LedgerRow, ...]:
        """Query the index page by page: one answer of DynamoDB holds a megabyte at most."""
        query = expressions(key=Key("slide").eq(slide) & Key("hospital").eq(hospital))
        rows: list[LedgerRow] = []
        start: Item | None = None
        while len(rows) < limit:
            answer = self._query(IndexName=BY_SLIDE, Limit=limit - len(rows), **query, **_starting_at(start))
            rows += [row_from_item(item) for item in answer["Items"]]
            start = answer.get("LastEvaluatedKey")
            if start is None:
                break
        return tuple(rows)

    def rows_by_patient(self, patient: Patient, limit: int) -> tuple[LedgerRow, ...]:
        """Query the index; a tombstone has no time of finishing and is in no index."""
        return self._newest(BY_PATIENT, limit, Key("patient").eq(patient.digest))

    def rows_by_microscope(self, microscope: str, limit: int) -> tuple[LedgerRow, ...]:
        """Query the index. One answer of DynamoDB holds a megabyte, about two thousand rows."""
        return self._newest(BY_MICROSCOPE, limit, Key("microscope").eq(microscope))

    def rows_by_hospital(self, hospital: str, limit: int, after: RowPosition | None = None) -> RowPage:
        """Search without a filter."""
        return self.search(hospital, RowFilter(), limit, after)

    def search(self, hospital: str, wanted: RowFilter, limit: int, after: RowPosition | None = None) -> RowPage:
        """Query the index until there are enough rows, it ends, or enough were read; DynamoDB filters.

        DynamoDB's ``Limit`` counts the rows that are read, before the filter.
        """
        where = _filter(wanted)
        query = expressions(key=Key("hospital").eq(hospital), where=where)
        query |= {"IndexName": BY_HOSPITAL, "ScanIndexForward": False, "Limit": _PAGE if where else limit}
        start = _key_of(hospital, after) if after else None
        rows: list[LedgerRow] = []
        for _ in range(MAXIMUM_READ // _PAGE):
            answer = self._query(**query, **_starting_at(start))
            rows += [row_from_item(item) for item in answer["Items"]]
            start = answer.get("LastEvaluatedKey")
            if len(rows) > limit or (len(rows) == limit and start):
                last = rows[limit - 1].model_dump(include=set(RowPosition.model_fields))
                return RowPage(rows=tuple(rows[:limit]), next=RowPosition.model_validate(last))
            if start is None:
                break
        return RowPage(rows=tuple(rows), next=_position_of(start) if start else None)

    def _newest(self, index: str, limit: int, key: ConditionBase) -> tuple[LedgerRow, ...]:
        answer = self._query(IndexName=index, ScanIndexForward=False, Limit=limit, **expressions(key=key))
        return tuple(row_from_item(item) for item in answer["Items"])


def _filter(wanted: RowFilter) -> ConditionBase | None:
    conditions = [
        Attr(name).eq(value.value) for name, value in (("state", wanted.state), ("decision", wanted.decision)) if value
    ]
    if wanted.urgent:
        conditions.append(Attr("urgent").eq(True) & Attr("acknowledged_at").not_exists())
    return reduce(and_, conditions) if conditions else None


def _starting_at(key: Item | None) -> dict[str, Any]:
    return {"ExclusiveStartKey": key} if key else {}


def _key_of(hospital: str, position: RowPosition) -> Item:
    """Key of the index at which a page ended. The hospital is always the one that is asked for, never the position's."""
    return to_item(position.model_dump(mode="json") | {"hospital": hospital})


def _position_of(key: Item) -> RowPosition:
    fields = from_item(key)
    return RowPosition.model_validate({name: fields[name] for name in RowPosition.model_fields})
