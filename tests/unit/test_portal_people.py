"""Claims -> a person; anything unclear is nobody."""

import pytest

from hemascope.portal.identity import Person, Role, person_of
from hemascope.portal.problems import Forbidden
from tests.support.portal_world import account


@pytest.mark.parametrize("role", ["technician", "clinician", "admin"])
def test_staff_have_a_role_and_a_hospital(role: str) -> None:
    assert person_of(account(role)) == Person(account="8f0c", role=Role(role), hospital="st-mary")


def test_a_patient_has_an_id_too() -> None:
    assert person_of(account("patient", patient="p-7")) == Person(
        account="8f0c", role=Role.PATIENT, hospital="st-mary", patient="p-7"
    )


def test_a_patients_id_on_an_account_of_staff_gives_nothing() -> None:
    assert person_of(account("clinician", patient="p-7")).patient is None


@pytest.mark.parametrize(
    ("claims", "lacks"),
    [
        ({}, "identity token"),
        (account("clinician") | {"token_use": "access"}, "identity token"),
        (account(""), "exactly one role"),
        (account("surgeon"), "exactly one role"),
        (account("admin clinician"), "exactly one role"),
        (account("admin,clinician"), "exactly one role"),
        (account("clinician", None), "with a hospital"),
        (account("clinician", " "), "with a hospital"),
        (account("clinician", "st-mary/p-8"), "with a hospital"),
        (account("patient"), "with a hospital and a patient"),
        (account("patient", patient=""), "with a hospital and a patient"),
        (account("patient", None, "p-7"), "with a hospital and a patient"),
    ],
)
def test_an_account_that_lacks_something_is_told_what(claims: dict[str, str], lacks: str) -> None:
    with pytest.raises(Forbidden, match=lacks):
        person_of(claims)


def test_groups_that_are_no_roles_change_nothing() -> None:
    assert person_of(account("clinician night-shift eu-central-1_a_Google")).role is Role.CLINICIAN
