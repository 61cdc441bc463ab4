"""The audit trail in DynamoDB: one partition a hospital, one item an entry, put once and never changed."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hemascope.aws.client import map_aws_errors, map_transient_errors
from hemascope.domain.audit import FIRST, AuditAction, AuditEntry
from hemascope.domain.audit_chain import Kept
from hemascope.domain.errors import TransientError

_ATTEMPTS = 12
_LONGEST_PAUSE = 0.4  # seconds


@dataclass(frozen=True)
class DynamoAudit:
    """An :class:`~hemascope.ports.AuditTrail` in a table with the keys ``hospital`` and ``number``.

    An entry is put on the condition that its number is free, so of two writers at once one has to look for the new last
    entry and try again. The last entry that this process knows is remembered: mostly an append is one call.
    """

    dynamodb: Any
    table: str
    pause: Callable[[float], None] = time.sleep
    _heads: dict[str, tuple[int, str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def append(self, hospital: str, who: str, action: AuditAction, object_id: str | None, at: datetime) -> AuditEntry:
        """Put an entry behind the last one.

        Raises
        ------
        TransientError
            Where others were faster each time.
        """
        number, digest = self._heads.get(hospital) or self._head(hospital)
        for attempt in range(_ATTEMPTS):
            entry = AuditEntry(
                hospital=hospital,
                number=number + 1,
                at=at,
                who=who,
                action=action,
                object_id=object_id,
                previous=digest,
            )
            if self._put(entry):
                self._heads[hospital] = (entry.number, entry.digest)
                return entry
            number, digest = self._head(hospital)
            self.pause(random.uniform(0, min(0.02 * 2**attempt, _LONGEST_PAUSE)))  # noqa: S311 - spreads writers, keeps no secret
        raise TransientError(f"expected to append to the audit trail, others were faster {_ATTEMPTS} times")

    def entries(self, hospital: str, after: int, limit: int) -> tuple[AuditEntry, ...]:
        """Query a range of numbers, with strong consistency."""
        with map_transient_errors("read the audit trail"):
            answer = self.dynamodb.query(**self._asked(hospital, after), Limit=limit)
        return tuple(_kept(item).entry for item in answer["Items"])

    def hospitals(self) -> list[str]:
        """Every hospital that has a trail."""
        with map_aws_errors("read the audit trail"):
            pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table, ProjectionExpression="hospital")
            return sorted({item["hospital"]["S"] for page in pages for item in page["Items"]})

    def trail(self, hospital: str) -> Iterator[Kept]:
        """A hospital's entries in order, each with the digest that was stored beside it."""
        with map_aws_errors("read the audit trail"):
            for page in self.dynamodb.get_paginator("query").paginate(**self._asked(hospital, 0)):
                yield from (_kept(item) for item in page["Items"])

    def _asked(self, hospital: str, after: int) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "KeyConditionExpression": "hospital = :hospital AND #number > :after",
            "ExpressionAttributeNames": {"#number": "number"},
            "ExpressionAttributeValues": {":hospital": {"S": hospital}, ":after": {"N": str(after)}},
            "ConsistentRead": True,
        }

    def _head(self, hospital: str) -> tuple[int, str]:
        with map_transient_errors("read the audit trail"):
            answer = self.dynamodb.query(**self._asked(hospital, 0), ScanIndexForward=False, Limit=1)
        for item in answer["Items"]:
            entry = _kept(item).entry
            return entry.number, entry.digest
        return 0, FIRST

    def _put(self, entry: AuditEntry) -> bool:
        """Put it where its number is free; an answer that got lost on the way is no reason to put it twice."""
        item = {"hospital": {"S": entry.hospital}, "number": {"N": str(entry.number)}, "digest": {"S": entry.digest}}
        fields = entry.model_dump(mode="json", exclude={"hospital", "number"}, exclude_none=True)
        with map_transient_errors("append to the audit trail"):
            try:
                self.dynamodb.put_item(
                    TableName=self.table,
                    Item=item | {name: {"S": text} for name, text in fields.items()},
                    ConditionExpression="attribute_not_exists(hospital)",
                )
            except self.dynamodb.exceptions.ConditionalCheckFailedException:
                key = {name: item[name] for name in ("hospital", "number")}
                found = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
                return bool(found) and _kept(found).entry == entry
        return True


def _kept(item: dict[str, Any]) -> Kept:
    fields = {name: next(iter(value.values())) for name, value in item.items()}
    digest = fields.pop("digest", "")
    return Kept(AuditEntry.model_validate(fields), digest)
