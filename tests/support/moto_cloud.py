"""Buckets, queues and tables of a deployment on moto, in the process of the tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from moto import mock_aws

from hemascope.aws.audit_table import DynamoAudit
from hemascope.aws.client import client
from hemascope.aws.ledger import DynamoLedger
from hemascope.domain.ledger import LedgerRow, NotificationStatus
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion, report_keys
from hemascope_cli.operations.buckets import VersionedBucket
from hemascope_cli.operations.queues import Queue
from tests.support.rows import row
from tests.support.tables import create_table

MODEL = "all-subtypes/1.0.0"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
READ_ONLY = ("get_", "list_", "query", "scan", "batch_get", "receive_", "describe_")


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
    def ledger(self) -> DynamoLedger:
        return DynamoLedger(self.dynamodb, "ledger", pause=lambda seconds: None)

    @property
    def audit(self) -> DynamoAudit:
        return DynamoAudit(self.dynamodb, "audit", pause=lambda seconds: None)

    def queue(self, url: str) -> Queue:
        return Queue(self.sqs, url, pause=lambda seconds: None)

    def put(self, key: str, data: bytes = b"picture") -> ObjectVersion:
        answer = self.s3.put_object(Bucket="uploads", Key=key, Body=data)
        return ObjectVersion(bucket="uploads", key=key, version_id=answer["VersionId"])

    def finish(self, version: ObjectVersion, state: State = State.REPORTED, model: str = MODEL, **changed: Any) -> LedgerRow:
        """A row as the screening service writes it, its notification sent unless changed, with the files that belong to it."""
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
    """A deployment of its own, with the credentials that moto expects."""
    with patch.dict(os.environ, CREDENTIALS), mock_aws():
        s3, sqs, dynamodb = client("s3"), client("sqs"), client("dynamodb")
        for bucket in ("uploads", "reports"):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for table in ("ledger", "audit", "hospitals", "microscopes"):
            create_table(dynamodb, table)
        urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("arrivals", "arrivals-dead-letters", "notifications")]
        yield MotoCloud(s3, sqs, dynamodb, *urls)
