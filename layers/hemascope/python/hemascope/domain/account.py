"""Accounts of the people of a hospital, and their roles."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Role(StrEnum):
    """What an account may do; each role is a group of the user pool."""

    TECHNICIAN = "technician"
    CLINICIAN = "clinician"
    PATIENT = "patient"
    ADMIN = "admin"


class Account(BaseModel):
    """A person who may sign in for a hospital. An account whose creation was interrupted has no role, and no rights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: str
    email: str | None
    role: str | None
    patient: str | None
    status: str  # as the user pool names it


class AccountPage(BaseModel):
    """A page of accounts, and the token of the next page; None on the last page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: tuple[Account, ...]
    next: str | None = None
