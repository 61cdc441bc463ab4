"""Who is calling: claims of a verified identity token -> a person with one role in one hospital."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from hemascope.domain.account import Role
from hemascope.domain.specimen import Segment
from hemascope.portal.problems import Forbidden
from hemascope.portal.requests import Message

EVERYBODY = frozenset(Role)
STAFF = frozenset({Role.TECHNICIAN, Role.CLINICIAN, Role.ADMIN})
UPLOADERS = frozenset({Role.TECHNICIAN, Role.CLINICIAN})
REVIEWERS = frozenset({Role.CLINICIAN})
PATIENTS = frozenset({Role.PATIENT})
ADMINS = frozenset({Role.ADMIN})


class Me(Message):
    """The signed-in account."""

    role: Role
    hospital: str
    patient: str | None


class Person(Message):
    """A signed-in account; ``patient`` is set for patients only."""

    account: Annotated[str, Field(min_length=1, max_length=128)]  # its id in the user pool
    role: Role
    hospital: Segment
    patient: Segment | None = None

    @model_validator(mode="after")
    def _patient_of_patients(self) -> "Person":
        if (self.patient is not None) != (self.role is Role.PATIENT):
            raise ValueError("expected the id of a patient for a patient, and for nobody else")
        return self

    def expect(self, roles: frozenset[Role]) -> None:
        """Check that the role is one of these.

        Raises
        ------
        Forbidden
            Where it is another.
        """
        if self.role not in roles:
            raise Forbidden(f"This is not for the role {self.role}.")


def person_of(claims: Mapping[str, str]) -> Person:
    """Read the claims that the API's authorizer verified.

    Anything unclear means no: an account with two roles, without a hospital, or a token of another kind.

    Raises
    ------
    Forbidden
        Saying what the account lacks.
    """
    # The access token passes the authorizer too, but says nothing of a hospital.
    if claims.get("token_use") != "id":
        raise Forbidden("Expected an identity token.")
    groups = claims.get("cognito:groups", "").strip("[]").split()  # the authorizer hands a list as "[one two]"
    roles = [role for role in Role if role in groups]
    if len(roles) != 1:
        raise Forbidden("Expected an account with exactly one role. Please ask your administrator.")
    patient = claims.get("custom:patient") if roles[0] is Role.PATIENT else None
    named = {"account": claims.get("sub"), "hospital": claims.get("custom:hospital"), "patient": patient}
    try:
        return Person.model_validate(named | {"role": roles[0]})
    except ValidationError:
        wanted = "a hospital and a patient" if roles[0] is Role.PATIENT else "a hospital"
        raise Forbidden(f"Expected an account with {wanted}. Please ask your administrator.") from None


def show_account(person: Person) -> Me:
    """Show who is signed in."""
    return Me(role=person.role, hospital=person.hospital, patient=person.patient)
