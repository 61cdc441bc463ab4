"""What the portal alone needs of the outside world, beside ``ports``."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from hemascope.contracts.report import Decision, State
from hemascope.ports import LedgerRow, RowPage, RowPosition


class RowFilter(BaseModel):
    """What rows of a hospital are asked for; None: whatever it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: State | None = None
    decision: Decision | None = None
    urgent: bool = False  # urgent ones alone that nobody has acknowledged

    def takes(self, row: LedgerRow) -> bool:
        """Tell whether a row is asked for."""
        return (
            self.state in {None, row.state}
            and self.decision in {None, row.decision}
            and not (self.urgent and (not row.urgent or row.acknowledged_at))
        )


class RowSearch(Protocol):
    """The ledger as a worklist asks it."""

    def search(self, hospital: str, wanted: RowFilter, limit: int, after: RowPosition | None = None) -> RowPage:
        """A hospital's rows that are asked for, newest first, at most ``limit``.

        A search reads a fixed number of rows at most. Where few of them match, the page holds few, or none, and still says
        where the next one begins.
        """


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


class AccountBook(Protocol):
    """Who may sign in; each account is one hospital's for ever."""

    def page(self, hospital: str, limit: int, after: str | None = None) -> AccountPage | None:
        """A hospital's accounts, at most ``limit``; None where ``after`` is no page's."""

    def invite(self, hospital: str, email: str, role: str, patient: str | None) -> Account | None:
        """Make an account and have its owner told; None where the address has one already, in whichever hospital."""

    def account_id(self, hospital: str, username: str) -> str | None:
        """The id that stands in its owner's tokens; None where the hospital has no such account."""

    def remove(self, username: str) -> None:
        """Take an account away; one that is gone stays gone."""
