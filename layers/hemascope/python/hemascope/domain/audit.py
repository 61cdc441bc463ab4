"""Who saw, released or changed what, and when: entries of one hospital's audit trail, each bound to the one before."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hemascope.domain.report import Digest

FIRST = "0" * 64  # what the first entry of a trail names as the one before
SERVICE = "service"  # who did it, where no person did


class AuditAction(StrEnum):
    """What was done."""

    VIEWED = "viewed"
    VERDICT = "verdict"
    RELEASED = "released"
    AMENDED = "amended"
    ACKNOWLEDGED = "acknowledged"
    SETTINGS = "settings"
    USERS = "users"
    EXPORTED = "exported"
    FORGOTTEN = "forgotten"


class AuditEntry(BaseModel):
    """One entry. No name and no patient's text: accounts and smears by their ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital: str
    number: Annotated[int, Field(ge=1)]
    at: datetime
    who: str  # the account's id in the user pool, or SERVICE
    action: AuditAction
    object_id: str | None = None
    previous: Digest  # digest of the entry before, or FIRST

    @property
    def digest(self) -> str:
        """SHA-256 of the entry's JSON, its fields in the order above, no blanks, UTF-8."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
