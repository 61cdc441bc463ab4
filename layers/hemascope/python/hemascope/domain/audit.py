"""Audit trail: who viewed, released or changed what, and when.

Each hospital has a trail of its own, in which each entry contains the digest of the one before it.
"""

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hemascope.domain.report import Digest

FIRST = "0" * 64  # stands for the digest of the previous entry in the first one
SERVICE = "service"  # the actor of what no person did


class AuditAction(StrEnum):
    """What was done."""

    VIEWED = "viewed"
    VERDICT = "verdict"
    RELEASED = "released"
    AMENDED = "amended"
    ACKNOWLEDGED = "acknowledged"
    SETTINGS = "settings"
    USERS = "users"
    MICROSCOPES = "microscopes"
    EXPORTED = "exported"
    FORGOTTEN = "forgotten"


class AuditEntry(BaseModel):
    """One entry of an audit trail. It holds ids of accounts, smears and microscopes, never a name or text about a patient."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital: str
    number: Annotated[int, Field(ge=1)]
    at: datetime
    who: str  # the account's id in the user pool, or SERVICE
    action: AuditAction
    object_id: str | None = None
    microscope: str | None = None  # its digest
    previous: Digest  # digest of the previous entry, or FIRST

    @property
    def canonical(self) -> bytes:
        """The bytes that the digest covers: the entry's JSON in a canonical form.

        The names of the fields are sorted, there are no blanks, the text is UTF-8, and a field that has its default value is
        left out. So a field that is added later, with a default, leaves the digests of all earlier entries unchanged. The
        default of a field must never change for the same reason.
        """
        fields = self.model_dump(mode="json", exclude_defaults=True)
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, 64 hex digits."""
        return hashlib.sha256(self.canonical).hexdigest()
