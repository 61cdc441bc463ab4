"""The audit trail in DynamoDB: one partition for each hospital, one item for each entry, put once and never changed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from hemascope.aws.client import map_aws_errors, map_transient_errors
from hemascope.aws.dynamodb import Item, expressions, from_item, to_item
from hemascope.aws.retry import attempts
from hemascope.domain.audit import FIRST, AuditAction, AuditEntry
from hemascope.domain.audit_chain import ChainHead, StoredEntry
from hemascope.domain.errors import TransientError

_ATTEMPTS = 12


@dataclass(frozen=True)
class DynamoAudit:
    """An :class:`~hemascope.ports.AuditTrail` in a table with the keys ``hospital`` and ``number``.

    An entry is put on the condition that its number is free. Of two concurrent writers, one has to read the new last entry
    and try again. The last entry that this process knows is remembered, so that most appends are one call.
    """

    dynamodb: Any
    table: str
    pause: Callable[[float], None] = time.sleep
    _heads: dict[str, ChainHead] = field(default_factory=dict, init=False, repr=False, compare=False)

    def append(
        self,
        hospital: str,
        who: str,
        action: AuditAction,
        object_id: str | None,
        at: datetime,
        microscope: str | None = None,
    ) -> AuditEntry:
        """Put an entry behind the last one.

        Raises
        ------
        TransientError
            Where other writers were faster in each attempt.
        """
        head = self._heads.get(hospital) or self._head(hospital)
        for _ in attempts(_ATTEMPTS, first=0.02, longest=0.4, pause=self.pause):
            entry = AuditEntry(
                hospital=hospital,
                number=head.number + 1,
                at=at,
                who=who,
                action=action,
                object_id=object_id,
                microscope=microscope,
                previous=head.digest,
            )
            if self._put(entry):
                self._heads[hospital] = ChainHead(entry.number, entry.digest)
                return entry
            head = self._head(hospital)
        raise TransientError(f"expected to append to the audit trail, others were faster {_ATTEMPTS} times")

    def entries(self, hospital: str, after: int, limit: int) -> tuple[AuditEntry, ...]:
        """Query a range of numbers, with strong consistency."""
        with map_transient_errors("read the audit trail"):
            answer = self.dynamodb.query(**self._query(hospital, after), Limit=limit)
        return tuple(_stored_entry(item).entry for item in answer["Items"])

    def hospitals(self) -> list[str]:
        """Scan for every hospital that has a trail."""
        with map_aws_errors("read the audit trail"):
            pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table, ProjectionExpression="hospital")
            return sorted({item["hospital"]["S"] for page in pages for item in page["Items"]})

    def trail(self, hospital: str) -> Iterator[StoredEntry]:
        """Query all entries of a hospital in order, each with the digest that was stored with it."""
        with map_aws_errors("read the audit trail"):
            for page in self.dynamodb.get_paginator("query").paginate(**self._query(hospital, 0)):
                yield from (_stored_entry(item) for item in page["Items"])

    def _query(self, hospital: str, after: int) -> dict[str, Any]:
        key = Key("hospital").eq(hospital) & Key("number").gt(after)
        return {"TableName": self.table, "ConsistentRead": True, **expressions(key=key)}

    def _head(self, hospital: str) -> ChainHead:
        with map_transient_errors("read the audit trail"):
            answer = self.dynamodb.query(**self._query(hospital, 0), ScanIndexForward=False, Limit=1)
        for item in answer["Items"]:
            entry = _stored_entry(item).entry
            return ChainHead(entry.number, entry.digest)
        return ChainHead(0, FIRST)

    def _put(self, entry: AuditEntry) -> bool:
        """Put the entry where its number is free. A repeated put, after an answer was lost, finds the same entry there."""
        item = to_item(entry.model_dump(mode="json", exclude_none=True) | {"digest": entry.digest})
        with map_transient_errors("append to the audit trail"):
            try:
                self.dynamodb.put_item(TableName=self.table, Item=item, **expressions(condition=Attr("hospital").not_exists()))
            except self.dynamodb.exceptions.ConditionalCheckFailedException:
                key = {name: item[name] for name in ("hospital", "number")}
                found = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
                return bool(found) and _stored_entry(found).entry == entry
        return True


def _stored_entry(item: Item) -> StoredEntry:
    fields = from_item(item)
    digest = fields.pop("digest", "")
    return StoredEntry(AuditEntry.model_validate(fields), digest)
