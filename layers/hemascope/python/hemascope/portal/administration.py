"""What a hospital's administrator looks after: settings, people, and the model's card. All of the own hospital alone.

Nobody can be moved: an account is made for the administrator's own hospital and can only be taken away again, and nobody takes
away their own. So an administrator can neither reach another hospital nor become something else.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hemascope.domain.account import Account
from hemascope.domain.audit import AuditAction
from hemascope.domain.hospital import HospitalSettings, MailAddress
from hemascope.domain.specimen import Segment
from hemascope.portal.audit import Trail
from hemascope.portal.identity import ADMINS, STAFF, Person, Role
from hemascope.portal.problems import BadRequest, Conflict, NotFound
from hemascope.portal.requests import read_body
from hemascope.portal.statistics import Figures, count
from hemascope.ports import AccountDirectory, Clock, HospitalSettingsRepository, Ledger

PAGE = 50  # accounts
_NEW = "email, role (technician, clinician, patient or admin) and, for a patient alone, patient"
_SETTINGS = "a hospital's settings as docs/contracts/hospital.schema.json has them"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelView(_Model):
    """Which model answers, and what is known of it."""

    name: str  # id/version
    card: str  # Markdown
    metrics: dict[str, Any]  # as in the manifest
    urgent_classes: tuple[str, ...]


class NewAccount(_Model):
    """Body of an invitation; the hospital is the administrator's own."""

    email: MailAddress
    role: Role
    patient: Segment | None = None

    @model_validator(mode="after")
    def _patient_of_patients(self) -> "NewAccount":
        if (self.patient is not None) != (self.role is Role.PATIENT):
            raise ValueError("expected the id of a patient for a patient, and for nobody else")
        return self


class AccountList(_Model):
    """A page of a hospital's accounts; ``cursor`` asks for the next one."""

    users: tuple[Account, ...]
    cursor: str | None


class _Days(_Model):
    days: int = Field(default=7, ge=1, le=90)


@dataclass(frozen=True)
class Administration:
    """Settings, people and figures of the caller's hospital."""

    hospitals: HospitalSettingsRepository
    accounts: AccountDirectory
    ledger: Ledger
    trail: Trail
    clock: Clock
    model: ModelView
    usd_per_second: float  # of the screening function

    def settings(self, person: Person) -> HospitalSettings:
        """Show the settings to staff."""
        person.expect(STAFF)
        return self.hospitals.settings_of(person.hospital)

    def change_settings(self, person: Person, body: str) -> HospitalSettings:
        """Put these in the place of the settings.

        Raises
        ------
        Forbidden, BadRequest
        """
        person.expect(ADMINS)
        settings = read_body(HospitalSettings, body, _SETTINGS)
        self.trail.note(person.hospital, person.account, AuditAction.SETTINGS, None)
        self.hospitals.change(person.hospital, settings)
        return settings

    def show_model(self, person: Person) -> ModelView:
        """Show staff which model answers."""
        person.expect(STAFF)
        return self.model

    def figures(self, person: Person, days: str | None) -> Figures:
        """Count what became of the hospital's smears lately.

        Raises
        ------
        Forbidden, BadRequest
        """
        person.expect(ADMINS)
        try:
            wanted = _Days.model_validate({"days": days} if days else {}).days
        except ValidationError:
            raise BadRequest("Expected a number of days from 1 to 90: ?days=.") from None
        return count(self.ledger, person.hospital, self.clock.now(), wanted, self.usd_per_second)

    def list_accounts(self, person: Person, cursor: str | None) -> AccountList:
        """List who may sign in for the hospital.

        Raises
        ------
        Forbidden, BadRequest
        """
        person.expect(ADMINS)
        page = self.accounts.page(person.hospital, PAGE, cursor or None)
        if page is None:
            raise BadRequest("Expected a cursor as the last page gave it.")
        return AccountList(users=page.accounts, cursor=page.next)

    def invite(self, person: Person, body: str) -> Account:
        """Make an account for the administrator's own hospital.

        Raises
        ------
        Forbidden, BadRequest
        Conflict
            Where the address has an account already.
        """
        person.expect(ADMINS)
        new = read_body(NewAccount, body, _NEW)
        self.trail.note(person.hospital, person.account, AuditAction.USERS, None)
        account = self.accounts.invite(person.hospital, new.email, new.role.value, new.patient)
        if account is None:
            raise Conflict("This address has an account already.")
        return account

    def remove(self, person: Person, username: str) -> None:
        """Take an account of the own hospital away. Its tokens end within a quarter of an hour.

        Raises
        ------
        Forbidden
        NotFound
            Where the hospital has no such account; names can be guessed, so another hospital's is not found either.
        Conflict
            Where it is the administrator's own.
        """
        person.expect(ADMINS)
        account = self.accounts.account_id(person.hospital, username)
        if account is None:
            raise NotFound("There is no such account.")
        if account == person.account:
            raise Conflict("This is your own account. Please ask another administrator.")
        self.trail.note(person.hospital, person.account, AuditAction.USERS, None)
        self.accounts.remove(username)
