"""Accounts of the people of a hospital."""

from pydantic import BaseModel, ConfigDict


class Account(BaseModel):
    """Somebody who may sign in for a hospital. An account whose making was cut off has no role, and may nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: str
    email: str | None
    role: str | None
    patient: str | None
    status: str  # in the user pool's own words


class AccountPage(BaseModel):
    """Some accounts of many, and what asks for the next; None behind the last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: tuple[Account, ...]
    next: str | None = None
