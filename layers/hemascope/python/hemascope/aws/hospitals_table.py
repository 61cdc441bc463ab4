"""Settings of hospitals in a DynamoDB table with the key ``hospital``."""

from dataclasses import dataclass
from typing import Any

from hemascope.aws.client import map_transient_errors
from hemascope.aws.dynamodb import to_item
from hemascope.domain.hospital import HospitalSettings


@dataclass(frozen=True)
class DynamoHospitalSettings:
    """A :class:`~hemascope.ports.HospitalSettingsRepository`.

    Parameters
    ----------
    standard
        Settings of a hospital that has none of its own.
    """

    dynamodb: Any
    table: str
    standard: HospitalSettings

    def settings_of(self, hospital: str) -> HospitalSettings:
        """Read with strong consistency. A hospital without recipients gets those of the deployment."""
        with map_transient_errors("read a hospital's settings"):
            answer = self.dynamodb.get_item(TableName=self.table, Key=to_item({"hospital": hospital}), ConsistentRead=True)
        if "Item" not in answer:
            return self.standard
        settings = HospitalSettings.model_validate_json(answer["Item"]["settings"]["S"])
        return settings if settings.recipients else settings.model_copy(update={"recipients": self.standard.recipients})

    def change(self, hospital: str, settings: HospitalSettings) -> None:
        """Put one item; the last writer wins."""
        item = to_item({"hospital": hospital, "settings": settings.model_dump_json()})
        with map_transient_errors("store a hospital's settings"):
            self.dynamodb.put_item(TableName=self.table, Item=item)
