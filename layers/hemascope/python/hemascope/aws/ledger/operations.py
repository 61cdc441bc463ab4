"""The ledger as operators' commands use it: many rows at once, and the tombstones of forgotten patients.

Every error of AWS becomes one of ours here, since an operator wants one line that says what failed.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from hemascope.aws.client import map_aws_errors
from hemascope.aws.dynamodb import Item, expressions, from_item
from hemascope.aws.ledger.table import LedgerTable, row_from_item, row_key
from hemascope.aws.retry import attempts
from hemascope.domain.errors import TransientError
from hemascope.domain.ledger import AGAIN, FORGOTTEN, LedgerRow, PatientTrace, StoredCounts
from hemascope.domain.report import Release
from hemascope.domain.specimen import Patient

_BATCH = 100  # the most that DynamoDB reads in one batch
_ATTEMPTS = 10


class Operations(LedgerTable):
    """Batches, scans, and the deletion of rows."""

    def find_all(self, object_ids: Sequence[str], model: str) -> dict[str, LedgerRow]:
        """Read in batches of a hundred, with strong consistency."""
        rows: dict[str, LedgerRow] = {}
        for start in range(0, len(object_ids), _BATCH):
            keys = [row_key(object_id, model) for object_id in object_ids[start : start + _BATCH]]
            for item in self._get_batch(keys):
                row = row_from_item(item)
                rows[row.object_id] = row
        return rows

    def pages_finished_before(self, model: str, before: datetime) -> Iterator[list[LedgerRow]]:
        """Scan the table."""
        # Without its time zone the bound sorts before all moments of its own second, with or without a fraction.
        bound = before.strftime("%Y-%m-%dT%H:%M:%S")
        of_model = Attr("model").eq(model) | Attr("model").begins_with(f"{model}{AGAIN}")
        for page in self._scan(of_model & Attr("finished_at").lt(bound)):
            yield [row_from_item(item) for item in page]

    def released_ids(self) -> set[str]:
        """Scan the table."""
        is_released = Attr("release").is_in([Release.FINAL.value, Release.AMENDED.value])
        return {item["object_id"]["S"] for page in self._scan(is_released) for item in page}

    def traces_of(self, patient: Patient) -> Iterator[PatientTrace]:
        """Scan the table: a row of a failed smear names its patient only in the key, which no index holds."""
        for page in self._scan(Attr("key").begins_with(patient.search_prefix) | Attr("patient").eq(patient.digest)):
            for found in map(from_item, page):
                if found.get("patient") == patient.digest or patient.owns(found["key"]):
                    is_tombstone, completed = found["model"] == FORGOTTEN, "completed_at" in found
                    yield PatientTrace(object_id=found["object_id"], is_tombstone=is_tombstone, completed=completed)

    def write_tombstone(self, object_id: str, patient: Patient, found: StoredCounts, now: datetime) -> None:
        """Update the tombstone's item, which creates it where there is none."""
        once = {"forgotten_at": now.isoformat(), "found_files": found.files, "found_rows": found.rows}
        with map_aws_errors("write a tombstone"):
            self._update(
                "write a tombstone",
                object_id,
                FORGOTTEN,
                assign={"patient": patient.digest},
                assign_once=once,
                remove=["completed_at"],
            )

    def complete_tombstone(self, object_id: str, now: datetime) -> None:
        """Update the tombstone's item."""
        with map_aws_errors("write a tombstone"):
            self._update("write a tombstone", object_id, FORGOTTEN, assign={"completed_at": now.isoformat()})

    def delete_rows(self, object_id: str) -> int:
        """Query the object's items and delete all but the tombstone."""
        query = expressions(key=Key("object_id").eq(object_id))
        with map_aws_errors("delete ledger rows"):
            pages = self.dynamodb.get_paginator("query").paginate(TableName=self.table, ConsistentRead=True, **query)
            models = [item["model"]["S"] for page in pages for item in page["Items"] if item["model"]["S"] != FORGOTTEN]
            for model in models:
                self.dynamodb.delete_item(TableName=self.table, Key=row_key(object_id, model))
        return len(models)

    def _get_batch(self, keys: list[Item]) -> Iterator[Item]:
        """Read the rows of some keys; repeat the request for keys that DynamoDB left unprocessed."""
        request = {self.table: {"Keys": keys, "ConsistentRead": True}}
        for _ in attempts(_ATTEMPTS, first=0.05, longest=5, jitter=False, pause=self.pause):
            with map_aws_errors("read the ledger"):
                answer = self.dynamodb.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(self.table, [])
            request = answer.get("UnprocessedKeys", {})
            if not request:
                return
        raise TransientError(f"expected DynamoDB to read {len(keys)} rows, some were left out {_ATTEMPTS} times")

    def _scan(self, where: ConditionBase) -> Iterator[list[Item]]:
        with map_aws_errors("read the ledger"):
            pages = self.dynamodb.get_paginator("scan").paginate(
                TableName=self.table, ConsistentRead=True, **expressions(where=where)
            )
            for page in pages:
                yield page["Items"]
