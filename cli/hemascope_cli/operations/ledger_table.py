"""The ledger as operators see it: many rows at once, and the tombstones of forgotten patients."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hemascope.aws.client import map_aws_errors
from hemascope.aws.ledger.writer import row_from_item, row_key
from hemascope.domain.errors import TransientError
from hemascope.domain.ledger import FORGOTTEN, LedgerRow
from hemascope.domain.report import Release
from hemascope.domain.specimen import Patient

_BATCH = 100  # the most that DynamoDB looks up in one call
_ATTEMPTS = 10


@dataclass(frozen=True)
class Trace:
    """A row about a patient, or the tombstone of an object of theirs; ``done`` where that was forgotten to the end."""

    object_id: str
    is_tombstone: bool = False
    done: bool = False


@dataclass(frozen=True)
class Found:
    """What there was about one object when it was to be forgotten."""

    files: int = 0
    rows: int = 0


@dataclass(frozen=True)
class LedgerTable:
    """The ledger beyond what the station's port needs."""

    dynamodb: Any
    table: str
    pause: Callable[[float], None] = time.sleep

    def find_all(self, object_ids: Sequence[str], model: str) -> dict[str, LedgerRow]:
        """Rows of these objects under one model, by object id; a hundred a call, consistent."""
        rows: dict[str, LedgerRow] = {}
        for start in range(0, len(object_ids), _BATCH):
            keys = [row_key(object_id, model) for object_id in object_ids[start : start + _BATCH]]
            for item in self._get(keys):
                row = row_from_item(item)
                rows[row.object_id] = row
        return rows

    def pages(self, model: str, before: datetime) -> Iterator[list[LedgerRow]]:
        """Every row under a model that was finished before a moment, page by page."""
        # Without its time zone the bound sorts before all moments of its own second, with or without a fraction.
        bound = before.strftime("%Y-%m-%dT%H:%M:%S")
        names = {"#model": "model", "#finished": "finished_at"}
        values = {":model": {"S": model}, ":bound": {"S": bound}}
        for page in self._scan("#model = :model AND #finished < :bound", names, values):
            yield [row_from_item(item) for item in page]

    def released(self) -> set[str]:
        """Object ids of every row that a reviewer has released, as final or amended. The whole table is read."""
        condition = "#release = :final OR #release = :amended"
        values = {":final": {"S": Release.FINAL.value}, ":amended": {"S": Release.AMENDED.value}}
        return {item["object_id"]["S"] for page in self._scan(condition, {"#release": "release"}, values) for item in page}

    def traces(self, patient: Patient) -> Iterator[Trace]:
        """All that the ledger holds about a patient.

        The whole table is read: a row names its patient only in the key, which no index holds.
        """
        condition, names = "begins_with(#key, :prefix) OR patient = :digest", {"#key": "key"}
        for page in self._scan(condition, names, {":prefix": {"S": patient.prefix}, ":digest": {"S": patient.digest}}):
            for item in page:
                yield Trace(item["object_id"]["S"], item["model"]["S"] == FORGOTTEN, "completed_at" in item)

    def write_tombstone(self, object_id: str, patient: Patient, found: Found, now: datetime) -> None:
        """Write a tombstone: from now on nothing new is written about this object. What the first call found stands."""
        change = (
            "SET patient = :digest, forgotten_at = if_not_exists(forgotten_at, :now), "
            "found_files = if_not_exists(found_files, :files), found_rows = if_not_exists(found_rows, :rows) "
            "REMOVE completed_at"
        )
        values = {":digest": {"S": patient.digest}, ":now": {"S": now.isoformat()}}
        values |= {":files": {"N": str(found.files)}, ":rows": {"N": str(found.rows)}}
        self._update_tombstone(object_id, change, values)

    def delete_rows(self, object_id: str) -> int:
        """Delete the rows of an object under every model; its tombstone stays."""
        with map_aws_errors("delete ledger rows"):
            pages = self.dynamodb.get_paginator("query").paginate(
                TableName=self.table,
                KeyConditionExpression="object_id = :id",
                ExpressionAttributeValues={":id": {"S": object_id}},
                ConsistentRead=True,
            )
            models = [item["model"]["S"] for page in pages for item in page["Items"] if item["model"]["S"] != FORGOTTEN]
            for model in models:
                self.dynamodb.delete_item(TableName=self.table, Key=row_key(object_id, model))
        return len(models)

    def complete(self, object_id: str, now: datetime) -> None:
        """Record on the tombstone that nothing is left."""
        self._update_tombstone(object_id, "SET completed_at = :now", {":now": {"S": now.isoformat()}})

    def _update_tombstone(self, object_id: str, change: str, values: dict[str, Any]) -> None:
        with map_aws_errors("write a tombstone"):
            self.dynamodb.update_item(
                TableName=self.table,
                Key=row_key(object_id, FORGOTTEN),
                UpdateExpression=change,
                ExpressionAttributeValues=values,
            )

    def _get(self, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Ask again for what DynamoDB left out, each time after a longer pause."""
        asked = {self.table: {"Keys": keys, "ConsistentRead": True}}
        for attempt in range(_ATTEMPTS):
            with map_aws_errors("read the ledger"):
                answer = self.dynamodb.batch_get_item(RequestItems=asked)
            yield from answer["Responses"].get(self.table, [])
            asked = answer.get("UnprocessedKeys", {})
            if not asked:
                return
            self.pause(min(0.05 * 2**attempt, 5))
        raise TransientError(f"expected DynamoDB to read {len(keys)} rows, some were left out {_ATTEMPTS} times")

    def _scan(self, condition: str, names: dict[str, str], values: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        with map_aws_errors("read the ledger"):
            pages = self.dynamodb.get_paginator("scan").paginate(
                TableName=self.table,
                FilterExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
            )
            for page in pages:
                yield page["Items"]
