"""The ports on AWS. The only module that knows boto3."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from hemascope.contracts.errors import HemascopeError, MissingObject, NothingDone, TransientError
from hemascope.contracts.file_size import check_size
from hemascope.contracts.report import State
from hemascope.contracts.specimen import ObjectVersion, Specimen, smear_key
from hemascope.ports import FORGOTTEN, LedgerRow, NoticeState, Telling

MARK = "told_"  # begins the names of the attributes that say what became of a channel
_TOLD = "told"  # sorts behind every moment
_CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key")
_MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
_OURS = {"AccessDenied", "AccessDeniedException", "ValidationException", "NoSuchBucket", "ResourceNotFoundException"}


def client(
    service: str,
    endpoint: str | None = None,
    region: str | None = None,
    session: Any = None,
    attempts: int = 4,
) -> Any:
    """A boto3 client that retries with backoff and never waits longer than the function may run.

    ``endpoint`` leads to a cloud of one's own; where the environment names no credentials, they are those words that such
    a cloud expects. ``session`` is botocore's, where credentials don't come from the environment.
    What must not happen twice (a mail) gets one attempt: whether a call that broke off was answered, only its caller may judge.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=3,
        read_timeout=20,
        # Links name the region's own host, which the portal's Content-Security-Policy knows, and are signed as KMS wants it.
        s3=None if endpoint else {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
        signature_version="s3v4" if service == "s3" else None,
    )
    words = {} if endpoint is None or "AWS_ACCESS_KEY_ID" in os.environ else dict.fromkeys(_CREDENTIALS, "test")
    maker = boto3.Session(botocore_session=session) if session else boto3
    return maker.client(service, config=config, region_name=region, endpoint_url=endpoint, **words)


@contextmanager
def transient(action: str) -> Iterator[None]:
    """Turn what may pass into a TransientError. What is our own fault (permissions, names) stays what it is."""
    try:
        yield
    except ClientError as error:
        if _code(error) in _OURS:
            raise
        # Below 500 the service says no (too many requests, mostly); above, it may have done what was asked for.
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        kind = NothingDone if status < 500 else TransientError
        raise kind(f"expected to {action}, received {_code(error)}") from error
    except BotoCoreError as error:
        raise TransientError(f"expected to {action}, received {type(error).__name__}") from error


@contextmanager
def in_one_line(action: str) -> Iterator[None]:
    """Turn every error of a service into one of ours: an operator wants a line that says what failed, no traceback."""
    try:
        with transient(action):
            yield
    except ClientError as error:
        raise HemascopeError(f"expected to {action}, received {_code(error)}") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


@dataclass(frozen=True)
class S3Store:
    """An :class:`~hemascope.ports.ObjectStore` in S3; ``bucket`` is where reports go."""

    s3: Any
    bucket: str = ""

    def read(self, version: ObjectVersion, limit: int) -> bytes:
        """Download an object version whose size is allowed."""
        which = {} if version.version_id == "null" else {"VersionId": version.version_id}
        with transient("read a picture"):
            try:
                answer = self.s3.get_object(Bucket=version.bucket, Key=version.key, **which)
            except ClientError as error:
                if _code(error) in _MISSING:
                    raise MissingObject(f"expected the object version {version.object_id}, it is gone") from error
                raise
            with answer["Body"] as body:
                check_size(min(answer["ContentLength"], limit + 1))
                return bytes(body.read())

    def write_once(self, key: str, content: bytes, content_type: str) -> bool:
        """Put with ``IfNoneMatch``: an existing report is never overwritten."""
        with transient("store a report"):
            try:
                self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType=content_type, IfNoneMatch="*")
            except ClientError as error:
                if _code(error) in _TAKEN:
                    return False
                raise
        return True


def upload(s3: Any, bucket: str, specimen: Specimen, data: bytes) -> ObjectVersion:
    """Put a picture into the uploads bucket; return the version that the event will name."""
    key = smear_key(specimen)
    with transient("upload a picture"):
        answer = s3.put_object(Bucket=bucket, Key=key, Body=data)
    return ObjectVersion(bucket=bucket, key=key, version_id=answer.get("VersionId", "null"))


@dataclass(frozen=True)
class DynamoLedger:
    """A :class:`~hemascope.ports.Ledger` in a DynamoDB table with the keys ``object_id`` and ``model``."""

    dynamodb: Any
    table: str

    def find(self, object_id: str, model: str) -> LedgerRow | None:
        """Read with strong consistency: a second delivery may follow the first at once."""
        with transient("read the ledger"):
            answer = self.dynamodb.get_item(TableName=self.table, Key=row_key(object_id, model), ConsistentRead=True)
        return row_from_item(answer["Item"]) if "Item" in answer else None

    def is_forgotten(self, object_id: str) -> bool:
        """Look for the tombstone, with strong consistency."""
        with transient("read the ledger"):
            answer = self.dynamodb.get_item(TableName=self.table, Key=row_key(object_id, FORGOTTEN), ConsistentRead=True)
        return "Item" in answer

    def was_urgent(self, object_id: str) -> bool:
        """Query the few rows of one object version."""
        with transient("read the ledger"):
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
        with transient("write the ledger"):
            try:
                self.dynamodb.put_item(TableName=self.table, Item=_to_item(row), **condition)
            except self.dynamodb.exceptions.ConditionalCheckFailedException:
                return self.find(row.object_id, row.model) or row
        return row

    def begin_telling(self, object_id: str, model: str, channel: str, now: datetime, until: datetime) -> Telling:
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
            return Telling.BEGUN
        with transient("read the ledger"):
            answer = self.dynamodb.get_item(TableName=self.table, Key=row_key(object_id, model), ConsistentRead=True)
        mark = answer.get("Item", {}).get(MARK + channel, {"S": _TOLD})["S"]
        return Telling.TOLD if mark == _TOLD else Telling.HELD

    def end_telling(self, object_id: str, model: str, channel: str, told: bool) -> None:
        """Mark as told, or take the mark away."""
        if told:
            self._mark(object_id, model, channel, "SET #mark = :told", " AND attribute_exists(#mark)", {":told": {"S": _TOLD}})
        else:
            self._mark(object_id, model, channel, "REMOVE #mark", "", {})

    def set_notice(self, object_id: str, model: str, notice: NoticeState, state: State | None = None) -> bool:
        """Set what became of the notice, where there is a row. A bounce stands, also if it overtook the record of sending."""
        values = {":notice": {"S": notice.value}, ":bounced": {"S": NoticeState.BOUNCED.value}}
        condition = "attribute_exists(object_id) AND notice <> :bounced"
        if state is None:
            return self._update(object_id, model, "SET notice = :notice", condition, values)
        values[":state"] = {"S": state.value}
        return self._update(
            object_id, model, "SET notice = :notice", f"{condition} AND #state = :state", values, {"#state": "state"}
        )

    def _mark(self, object_id: str, model: str, channel: str, change: str, condition: str, values: dict[str, Any]) -> bool:
        """Change a channel's mark, where there is a row."""
        names = {"#mark": MARK + channel}
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
        with transient("update the ledger"):
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
    fields = {name: next(iter(value.values())) for name, value in item.items() if not name.startswith(MARK)}
    fields["object"] = {name: fields.pop(name) for name in ("bucket", "key", "version_id")}
    return LedgerRow.model_validate(fields)


class SystemClock:
    """A :class:`~hemascope.ports.Clock` of this machine."""

    def now(self) -> datetime:
        """Current time in UTC."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """A monotonic timer."""
        return time.perf_counter()
