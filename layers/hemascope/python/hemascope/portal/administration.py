"""Administration of the caller's own hospital: settings, accounts, and the model's card.

Accounts cannot be moved: an account is created for the administrator's own hospital and can only be removed, and nobody
removes their own. So an administrator can neither reach another hospital nor take another role.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import model_validator

from hemascope.domain.account import Account, Role
from hemascope.domain.audit import AuditAction
from hemascope.domain.hospital import HospitalSettings, MailAddress
from hemascope.domain.specimen import Segment
from hemascope.portal.audit import AuditService
from hemascope.portal.identity import Person
from hemascope.portal.problems import BadRequest, Conflict, NotFound
from hemascope.portal.requests import Message, Query
from hemascope.ports import AccountDirectory, HospitalSettingsRepository

PAGE = 50  # accounts


class ModelView(Message):
    """The served model, and what is known of it."""

    name: str  # id/version
    card: str  # Markdown
    metrics: dict[str, Any]  # as in the manifest
    urgent_classes: tuple[str, ...]


class NewAccount(Message):
    """An account to create; the hospital is the administrator's own."""

    email: MailAddress
    role: Role
    patient: Segment | None = None

    @model_validator(mode="after")
    def _patient_of_patients(self) -> "NewAccount":
        if (self.patient is not None) != (self.role is Role.PATIENT):
            raise ValueError("expected the id of a patient for a patient, and for nobody else")
        return self


class AccountQuery(Query):
    """Where the page of accounts begins."""

    cursor: str | None = None  # the user pool's own token


class AccountList(Message):
    """A page of a hospital's accounts; ``cursor`` asks for the next page."""

    users: tuple[Account, ...]
    cursor: str | None


@dataclass(frozen=True)
class AdministrationService:
    """Settings, accounts and model of the caller's hospital."""

    hospitals: HospitalSettingsRepository
    accounts: AccountDirectory
    audit: AuditService
    model: ModelView

    def show_settings(self, person: Person) -> HospitalSettings:
        """Show the settings of the hospital."""
        return self.hospitals.settings_of(person.hospital)

    def change_settings(self, person: Person, settings: HospitalSettings) -> HospitalSettings:
        """Replace the settings of the hospital."""
        self.audit.record(person.hospital, person.account, AuditAction.SETTINGS, None)
        self.hospitals.change(person.hospital, settings)
        return settings

    def show_model(self, person: Person) -> ModelView:
        """Show the served model and its card."""
        del person  # the same for everybody
        return self.model

    def list_accounts(self, person: Person, query: AccountQuery) -> AccountList:
        """List the accounts of the hospital.

        Raises
        ------
        BadRequest
            Where the cursor is not one of a previous page.
        """
        page = self.accounts.page(person.hospital, PAGE, query.cursor)
        if page is None:
            raise BadRequest("Expected a cursor as the last page gave it.")
        return AccountList(users=page.accounts, cursor=page.next)

    def invite(self, person: Person, new: NewAccount) -> Account:
        """Create an account for the administrator's own hospital.

        Raises
        ------
        Conflict
            Where the address has an account already.
        """
        self.audit.record(person.hospital, person.account, AuditAction.USERS, None)
        account = self.accounts.invite(person.hospital, new.email, new.role.value, new.patient)
        if account is None:
            raise Conflict("This address has an account already.")
        return account

    def remove(self, person: Person, username: str) -> None:
        """Remove an account of the administrator's own hospital. Its tokens expire within a quarter of an hour.

        Raises
        ------
        NotFound
            Where the hospital has no such account; names can be guessed, so another hospital's is not found either.
        Conflict
            Where it is the administrator's own.
        """
        account = self.accounts.account_id(person.hospital, username)
        if account is None:
            raise NotFound("There is no such account.")
        if account == person.account:
            raise Conflict("This is your own account. Please ask another administrator.")
        self.audit.record(person.hospital, person.account, AuditAction.USERS, None)
        self.accounts.remove(username)
