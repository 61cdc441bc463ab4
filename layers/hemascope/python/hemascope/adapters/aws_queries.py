"""What the portal asks of AWS: queries of the ledger, and links that S3 honours. Clients are passed in."""

import base64
from dataclasses import dataclass
from typing import Any

from hemascope.adapters.aws import row_from_item, transient
from hemascope.contracts.specimen import Patient
from hemascope.ports import FORGOTTEN, LedgerRow, RowPage, RowPosition, SignedPut, UploadForm

BY_HOSPITAL, _BY_CASE, _BY_PATIENT = "by-hospital", "by-case", "by-patient"


@dataclass(frozen=True)
class DynamoReader:
    """A :class:`~hemascope.ports.LedgerReader` on the ledger's table and its index by hospital."""

    dynamodb: Any
    table: str

    def rows_of(self, object_id: str) -> tuple[LedgerRow, ...]:
        """Query by the table's partition key, with strong consistency: who was just told of an end will find it."""
        with transient("read the ledger"):
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

    def rows_by_case(self, hospital: str, case: str, limit: int) -> tuple[LedgerRow, ...]:
        """Query the index page by page: one answer of DynamoDB holds a megabyte at most."""
        rows: list[LedgerRow] = []
        more: dict[str, Any] = {}
        while len(rows) < limit:
            with transient("read the ledger"):
                answer = self.dynamodb.query(
                    TableName=self.table,
                    IndexName=_BY_CASE,
                    KeyConditionExpression="#case = :case AND hospital = :hospital",
                    ExpressionAttributeNames={"#case": "case"},
                    ExpressionAttributeValues={":case": {"S": case}, ":hospital": {"S": hospital}},
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
        with transient("read the ledger"):
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
        with transient("read the ledger"):
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


@dataclass(frozen=True)
class S3Links:
    """A :class:`~hemascope.ports.LinkMaker` of presigned forms and links; nothing is sent to S3 to make one.

    A link has the rights of the function's role for one object and ends after ``seconds``.
    """

    s3: Any
    uploads: str
    reports: str
    seconds: int

    def upload_form(self, key: str, maximum_bytes: int) -> UploadForm:
        """Sign a form that S3 takes for this key, within these sizes, and for nothing else."""
        form = self.s3.generate_presigned_post(
            self.uploads, key, Conditions=[["content-length-range", 1, maximum_bytes]], ExpiresIn=self.seconds
        )
        return UploadForm.model_validate(form)

    def upload_put(self, key: str, sha256: str, size: int) -> SignedPut:
        """Sign a PUT together with size, checksum and condition, so that it fits nothing else."""
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        wanted = {"ContentLength": size, "ChecksumSHA256": checksum, "IfNoneMatch": "*"}
        url = self.s3.generate_presigned_url(
            "put_object", Params={"Bucket": self.uploads, "Key": key} | wanted, ExpiresIn=self.seconds
        )
        headers = {"content-length": str(size), "x-amz-checksum-sha256": checksum, "if-none-match": "*"}
        return SignedPut(url=url, headers=headers)

    def link(self, key: str) -> str:
        """Sign a GET."""
        return str(
            self.s3.generate_presigned_url("get_object", Params={"Bucket": self.reports, "Key": key}, ExpiresIn=self.seconds)
        )
