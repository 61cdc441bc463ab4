"""The registry of microscopes in a DynamoDB table with the keys ``hospital`` and ``name``."""

from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from hemascope.aws.client import map_transient_errors
from hemascope.aws.dynamodb import Item, expressions, to_item
from hemascope.domain.microscope import Microscope


@dataclass(frozen=True)
class DynamoMicroscopes:
    """A :class:`~hemascope.ports.MicroscopeRegistry`: one item for each microscope."""

    dynamodb: Any
    table: str

    def find(self, hospital: str, name: str) -> Microscope | None:
        """Read with strong consistency: a suspension counts for the next picture."""
        with map_transient_errors("read a microscope"):
            key = to_item({"hospital": hospital, "name": name})
            answer = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return _microscope(answer["Item"]) if "Item" in answer else None

    def of_hospital(self, hospital: str) -> tuple[Microscope, ...]:
        """Query the hospital's partition page by page: one answer of DynamoDB holds a megabyte at most."""
        query = {"TableName": self.table, "ConsistentRead": True, **expressions(key=Key("hospital").eq(hospital))}
        found: list[Microscope] = []
        while True:
            with map_transient_errors("read a hospital's microscopes"):
                answer = self.dynamodb.query(**query)
            found += map(_microscope, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return tuple(found)
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def store(self, microscope: Microscope) -> bool:
        """Put the item conditionally. A repeated put, after an answer was lost, finds the same item there."""
        before = microscope.version - 1
        condition = Attr("version").eq(before) if before else Attr("hospital").not_exists()
        names = {"hospital": microscope.hospital, "name": microscope.name, "version": microscope.version}
        item = to_item(names | {"microscope": microscope.model_dump_json()})
        with map_transient_errors("store a microscope"):
            try:
                self.dynamodb.put_item(TableName=self.table, Item=item, **expressions(condition=condition))
            except self.dynamodb.exceptions.ConditionalCheckFailedException:
                return self.find(microscope.hospital, microscope.name) == microscope
        return True


def _microscope(item: Item) -> Microscope:
    return Microscope.model_validate_json(item["microscope"]["S"])
