"""Accounts in Cognito: the calls as botocore knows them, and what becomes of each refusal."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from hemascope.aws.cognito import ROLES, CognitoAccounts
from hemascope.domain.account import Account, AccountPage
from hemascope.domain.errors import TransientError
from hemascope.portal.identity import Role

POOL = "eu-central-1_Pool"
GROUP = "hospital:st%20mary"
ANN = "ann@st-mary.example"


class Cognito:
    """A user pool that expects these calls, in this order."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self.client = boto3.client("cognito-idp", region_name="eu-central-1", **keys)
        self.stubber = Stubber(self.client)
        self.accounts = CognitoAccounts(self.client, POOL)

    def answers(self, call: str, answer: dict[str, Any], **asked: Any) -> None:
        self.stubber.add_response(call, answer, {"UserPoolId": POOL, **asked})

    def refuses(self, call: str, code: str) -> None:
        self.stubber.add_client_error(call, code)


@pytest.fixture
def cognito() -> Iterator[Cognito]:
    cognito = Cognito()
    with cognito.stubber:
        yield cognito
        cognito.stubber.assert_no_pending_responses()


def user(username: str, hospital: str = "st mary", **attributes: str) -> dict[str, Any]:
    named = {"sub": f"id of {username}", "custom:hospital": hospital} | attributes
    return {
        "Username": username,
        "Attributes": [{"Name": name, "Value": value} for name, value in named.items()],
        "UserCreateDate": datetime(2026, 3, 1, tzinfo=UTC),
        "UserStatus": "CONFIRMED",
    }


def groups(*names: str) -> dict[str, Any]:
    return {"Groups": [{"GroupName": name} for name in names]}


def test_the_groups_that_are_roles_are_the_portals(cognito: Cognito) -> None:
    assert set(Role) == ROLES


def test_a_page_of_a_hospitals_group_has_each_accounts_role(cognito: Cognito) -> None:
    listed = {"Users": [user("u-1", email=ANN)], "NextToken": "more"}
    cognito.answers("list_users_in_group", listed, GroupName=GROUP, Limit=50, NextToken="here")
    cognito.answers("admin_list_groups_for_user", groups(GROUP, "clinician"), Username="u-1")

    page = cognito.accounts.page("st mary", 50, "here")

    account = Account(username="u-1", email=ANN, role="clinician", patient=None, status="CONFIRMED")
    assert page == AccountPage(accounts=(account,), next="more")


@pytest.mark.parametrize("found", [groups(), groups("clinician", "patient")])
def test_an_account_of_no_role_or_of_two_is_listed_without_one(cognito: Cognito, found: dict[str, Any]) -> None:
    cognito.answers("list_users_in_group", {"Users": [user("u-1")]}, GroupName=GROUP, Limit=50)
    cognito.answers("admin_list_groups_for_user", found, Username="u-1")

    page = cognito.accounts.page("st mary", 50)

    assert page is not None
    assert page.accounts[0].role is None


def test_who_stands_in_the_group_and_is_of_another_hospital_is_not_listed(cognito: Cognito) -> None:
    cognito.answers("list_users_in_group", {"Users": [user("u-1", "st-joseph")]}, GroupName=GROUP, Limit=50)

    assert cognito.accounts.page("st mary", 50) == AccountPage(accounts=())


def test_an_account_that_goes_while_it_is_listed_has_no_role(cognito: Cognito) -> None:
    cognito.answers("list_users_in_group", {"Users": [user("u-1")]}, GroupName=GROUP, Limit=50)
    cognito.refuses("admin_list_groups_for_user", "UserNotFoundException")

    page = cognito.accounts.page("st mary", 50)

    assert page is not None
    assert page.accounts[0].role is None


@pytest.mark.parametrize(
    ("code", "after", "page"),
    [
        ("ResourceNotFoundException", None, AccountPage(accounts=())),
        ("InvalidParameterException", "nonsense", None),
    ],
    ids=["nobody invited yet", "another make of cursor"],
)
def test_a_list_that_can_not_be(cognito: Cognito, code: str, after: str | None, page: AccountPage | None) -> None:
    cognito.refuses("list_users_in_group", code)

    assert cognito.accounts.page("st mary", 50, after) == page


def expect_making(cognito: Cognito, *attributes: tuple[str, str]) -> None:
    cognito.answers("create_group", {}, GroupName=GROUP, Description=ANY)
    wanted = (("email", ANN), ("email_verified", "true"), ("custom:hospital", "st mary"), *attributes)
    cognito.answers(
        "admin_create_user",
        {"User": {"Username": "u-1", "UserStatus": "FORCE_CHANGE_PASSWORD"}},
        Username=ANY,
        TemporaryPassword=ANY,
        UserAttributes=[{"Name": name, "Value": value} for name, value in wanted],
        DesiredDeliveryMediums=["EMAIL"],
    )


def test_an_account_is_made_of_its_hospital_and_put_into_two_groups(cognito: Cognito) -> None:
    expect_making(cognito, ("custom:patient", "p-7"))
    for name in (GROUP, "patient"):
        cognito.answers("admin_add_user_to_group", {}, Username=ANY, GroupName=name)

    made = cognito.accounts.invite("st mary", ANN, "patient", "p-7")

    assert made is not None
    assert (made.email, made.role, made.patient, made.status) == (ANN, "patient", "p-7", "FORCE_CHANGE_PASSWORD")


def test_a_hospitals_group_is_made_once(cognito: Cognito) -> None:
    cognito.refuses("create_group", "GroupExistsException")
    cognito.refuses("admin_create_user", "UsernameExistsException")

    assert cognito.accounts.invite("st mary", ANN, "clinician", None) is None


def test_an_account_that_got_no_role_is_taken_away_again(cognito: Cognito) -> None:
    expect_making(cognito)
    cognito.answers("admin_add_user_to_group", {}, Username=ANY, GroupName=GROUP)
    cognito.refuses("admin_add_user_to_group", "TooManyRequestsException")
    cognito.answers("admin_delete_user", {}, Username=ANY)

    with pytest.raises(TransientError, match="make an account"):
        cognito.accounts.invite("st mary", ANN, "clinician", None)


@pytest.mark.parametrize(("hospital", "account"), [("st mary", "id of u-1"), ("st-joseph", None)])
def test_an_account_is_its_hospitals_alone(cognito: Cognito, hospital: str, account: str | None) -> None:
    found = user("u-1")
    attributes = found.pop("Attributes")
    cognito.answers("admin_get_user", found | {"UserAttributes": attributes}, Username="u-1")

    assert cognito.accounts.account_id(hospital, "u-1") == account


@pytest.mark.parametrize("code", ["UserNotFoundException", "InvalidParameterException"])
def test_a_name_that_nobody_has_is_nobodys(cognito: Cognito, code: str) -> None:
    cognito.refuses("admin_get_user", code)

    assert cognito.accounts.account_id("st mary", "nobody") is None


def test_taking_away_what_is_gone_is_done(cognito: Cognito) -> None:
    cognito.refuses("admin_delete_user", "UserNotFoundException")

    cognito.accounts.remove("u-1")

    cognito.stubber.assert_no_pending_responses()  # it was asked, and its refusal was taken for done


@pytest.mark.parametrize(("call", "ask"), [("admin_get_user", "account_id"), ("list_users_in_group", "page")])
def test_too_many_requests_may_pass(cognito: Cognito, call: str, ask: str) -> None:
    cognito.refuses(call, "TooManyRequestsException")

    with pytest.raises(TransientError, match="TooManyRequestsException"):
        getattr(cognito.accounts, ask)("st mary", "u-1" if ask == "account_id" else 50)
