"""What the portal asks of AWS: queries of the ledger, and links that S3 honours. Clients are passed in."""

from dataclasses import dataclass
from typing import Any

from hemascope.aws.client import map_transient_errors
from hemascope.aws.ledger.writer import row_from_item
from hemascope.domain.ledger import FORGOTTEN, LedgerRow, RowPage, RowPosition
from hemascope.domain.specimen import Patient

BY_HOSPITAL, _BY_SLIDE, _BY_PATIENT = "by-hospital", "by-slide", "by-patient"


@dataclass(frozen=True)
class DynamoReader:
    """A :class:`~hemascope.ports.LedgerReader` on the ledger's table and its index by hospital."""

    dynamodb: Any
    table: str

    def rows_of(self, object_id: str) -> tuple[LedgerRow, ...]:
        """Query by the table's partition key, with strong consistency: who was just told of an end will find it."""
        with map_transient_errors("read the ledger"):
            answer = self.dynamodb.query(
                TableName=self.table,
                KeyConditionExpression="object_id = :id",
                ExpressionAttributeValues={":id": {"S": object_id}},
                ConsistentRead=True,
            )
        items = answer["Items"]
        if any(item["model"]["S"] == FORGOTTEN for item in items):
            return ()  # a tombstone stands: nothing more is shown, even where deleting is still under way
        return tuple(row_from_item(item) for item in items)

    def rows_by_slide(self, hospital: str, slide: str, limit: int) -> tuple[LedgerRow, ...]:
        """Query the index page by page: one answer of DynamoDB holds a megabyte at most."""
        rows: list[LedgerRow] = []
        more: dict[str, Any] = {}
        while len(rows) < limit:
            with map_transient_errors("read the ledger"):
                answer = self.dynamodb.query(
                    TableName=self.table,
                    IndexName=_BY_SLIDE,
                    KeyConditionExpression="#slide = :slide AND hospital = :hospital",
                    ExpressionAttributeNames={"#slide": "slide"},
                    ExpressionAttributeValues={":slide": {"S": slide}, ":hospital": {"S": hospital}},
                    Limit=limit - len(rows),
                    **more,
                )
            rows += [row_from_item(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return tuple(rows)

    def rows_by_patient(self, patient: Patient, limit: int) -> tuple[LedgerRow, ...]:
        """Query the index, newest first; a tombstone has no end and is in no index."""
        with map_transient_errors("read the ledger"):
            answer = self.dynamodb.query(
                TableName=self.table,
                IndexName=_BY_PATIENT,
                KeyConditionExpression="patient = :patient",
                ExpressionAttributeValues={":patient": {"S": patient.digest}},
                ScanIndexForward=False,
                Limit=limit,
            )
        return tuple(row_from_item(item) for item in answer["Items"])

    def rows_by_hospital(self, hospital: str, limit: int, after: RowPosition | None = None) -> RowPage:
        """Query the index, newest first. The hospital of a position is always the one asked for."""
        start = {"ExclusiveStartKey": start_of(hospital, after)} if after else {}
        with map_transient_errors("read the ledger"):
            answer = self.dynamodb.query(
                TableName=self.table,
                IndexName=BY_HOSPITAL,
                KeyConditionExpression="hospital = :hospital",
                ExpressionAttributeValues={":hospital": {"S": hospital}},
                ScanIndexForward=False,
                Limit=limit,
                **start,
            )
        last = answer.get("LastEvaluatedKey")
        names = RowPosition.model_fields
        position = RowPosition.model_validate({name: last[name]["S"] for name in names}) if last else None
        return RowPage(rows=tuple(row_from_item(item) for item in answer["Items"]), next=position)


def start_of(hospital: str, after: RowPosition) -> dict[str, Any]:
    """A position as DynamoDB wants it; its hospital is always the one asked for."""
    return {name: {"S": text} for name, text in (after.model_dump(mode="json") | {"hospital": hospital}).items()}
