"""Buckets, queues and ledger of a deployment in process, for the tests of the operators' commands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto import mock_aws

from hemascope.aws.audit_table import DynamoAudit
from hemascope.aws.client import client
from hemascope.aws.ledger.writer import DynamoLedger
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion, report_keys
from hemascope_cli.operations.buckets import VersionedBucket
from hemascope_cli.operations.ledger_table import LedgerTable
from hemascope_cli.operations.queues import Queue
from tests.support.rows import row

MODEL = "all-subtypes/1.0.0"
_TABLES = {"ledger": (("object_id", "S"), ("model", "S")), "audit": (("hospital", "S"), ("number", "N"))}
_USES = ("HASH", "RANGE")
READ_ONLY = ("get_", "list_", "query", "scan", "batch_get", "receive_", "describe_")


class Wired:
    """A client around whose calls something happens; what it does not wrap goes straight through."""

    def __init__(self, inner: Any, around: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._inner, self._around = inner, around

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)
        if not callable(call) or name in {"exceptions", "get_paginator"}:
            return call
        return lambda **arguments: self._around(name, lambda: call(**arguments))


@dataclass
class MotoCloud:
    """Everything that a deployment keeps."""

    s3: Any
    sqs: Any
    dynamodb: Any
    arrivals: str
    dead: str
    notifications: str

    def names(self, *which: str) -> list[str]:
        known = {name: name for name in ("uploads", "reports", "ledger", "audit")}
        known |= {"arrivals": self.arrivals, "notifications": self.notifications}
        return [word for name in which for word in (f"--{name}", known[name])]

    @property
    def uploads(self) -> VersionedBucket:
        return VersionedBucket(self.s3, "uploads")

    @property
    def reports(self) -> VersionedBucket:
        return VersionedBucket(self.s3, "reports")

    @property
    def table(self) -> LedgerTable:
        return LedgerTable(self.dynamodb, "ledger", pause=lambda seconds: None)

    @property
    def ledger(self) -> DynamoLedger:
        return DynamoLedger(self.dynamodb, "ledger")

    @property
    def audit(self) -> DynamoAudit:
        return DynamoAudit(self.dynamodb, "audit", pause=lambda seconds: None)

    def queue(self, url: str) -> Queue:
        return Queue(self.sqs, url, pause=lambda seconds: None)

    def put(self, key: str, data: bytes = b"picture") -> ObjectVersion:
        answer = self.s3.put_object(Bucket="uploads", Key=key, Body=data)
        return ObjectVersion(bucket="uploads", key=key, version_id=answer["VersionId"])

    def finish(self, version: ObjectVersion, state: State = State.REPORTED, model: str = MODEL, **changed: Any) -> LedgerRow:
        """A row as the station writes it, told of unless said otherwise, with the files that belong to it."""
        fields = {"object": version, "object_id": version.object_id, "model": model, "notification": NotificationStatus.SENT}
        finished = self.ledger.finish(row(state, **(fields | changed)))
        if state is not State.FAILED:
            for key in report_keys(version.object_id, model).model_dump().values():
                self.s3.put_object(Bucket="reports", Key=key, Body=b"about a patient")
        return finished

    def bodies(self, url: str) -> list[str]:
        """Take every message out of a queue."""
        found: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def items(self) -> list[dict[str, Any]]:
        return list(self.dynamodb.scan(TableName="ledger")["Items"])

    def keys(self, bucket: str) -> list[str]:
        """Keys of all versions and markers in a bucket."""
        listed = self.s3.list_object_versions(Bucket=bucket)
        return sorted(version["Key"] for version in listed.get("Versions", []) + listed.get("DeleteMarkers", []))


@contextmanager
def moto_cloud() -> Iterator[MotoCloud]:
    with mock_aws():
        s3, sqs, dynamodb = client("s3"), client("sqs"), client("dynamodb")
        for bucket in ("uploads", "reports"):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for table, keys in _TABLES.items():
            dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": one, "KeyType": use} for (one, _), use in zip(keys, _USES, strict=True)],
                AttributeDefinitions=[{"AttributeName": one, "AttributeType": kind} for one, kind in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("arrivals", "arrivals-dead-letters", "notifications")]
        yield MotoCloud(s3, sqs, dynamodb, *urls)
