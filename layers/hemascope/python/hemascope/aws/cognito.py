"""Accounts in a Cognito user pool.

Cognito can't list users by a custom attribute, so each hospital's accounts are also a group of the pool. That group serves for
listing only: the role of an account is its role's group, its hospital is ``custom:hospital``, and both are read before an
account is shown or changed.
"""

import hashlib
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from botocore.exceptions import ClientError

from hemascope.aws.client import error_code, map_transient_errors
from hemascope.domain.account import Account, AccountPage, Role

ROLES = frozenset(Role)
_LONGEST_GROUP = 128  # characters of a group's name; an id in full may need more, then its digest stands for it
_READERS = 8  # accounts that are read concurrently
_EXISTS = {"UsernameExistsException", "AliasExistsException"}
_NOT_FOUND = {"UserNotFoundException", "InvalidParameterException"}


def hospital_group(hospital: str) -> str:
    """Name of the group that lists a hospital's accounts; a role's group has no colon.

    Examples
    --------
    >>> hospital_group("st mary")
    'hospital:st%20mary'
    >>> len(hospital_group(255 * "血"))
    73
    """
    name = f"hospital:{quote(hospital, safe='')}"
    if len(name) <= _LONGEST_GROUP:
        return name
    return f"hospital:{hashlib.sha256(hospital.encode()).hexdigest()}"


@dataclass(frozen=True)
class CognitoAccounts:
    """An :class:`~hemascope.ports.AccountDirectory` in a user pool."""

    cognito: Any
    pool: str

    def page(self, hospital: str, limit: int, after: str | None = None) -> AccountPage | None:
        """List the hospital's group and read each account's role. A hospital that has invited nobody has no group."""
        more = {"NextToken": after} if after else {}
        with map_transient_errors("list accounts"):
            try:
                answer = self.cognito.list_users_in_group(
                    UserPoolId=self.pool, GroupName=hospital_group(hospital), Limit=limit, **more
                )
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return AccountPage(accounts=())
                if after and error_code(error) == "InvalidParameterException":
                    return None
                raise
            mine = [user for user in answer["Users"] if _attributes(user).get("custom:hospital") == hospital]
            with ThreadPoolExecutor(_READERS) as readers:
                accounts = tuple(readers.map(self._account, mine))
        return AccountPage(accounts=accounts, next=answer.get("NextToken"))

    def invite(self, hospital: str, email: str, role: str, patient: str | None) -> Account | None:
        """Create the account and add it to its two groups; where that fails, the account is deleted again."""
        attributes = {"email": email, "email_verified": "true", "custom:hospital": hospital}
        attributes |= {"custom:patient": patient} if patient else {}
        pool, username, listing = {"UserPoolId": self.pool}, str(uuid4()), hospital_group(hospital)
        with map_transient_errors("make an account"):
            with _unless({"GroupExistsException"}):
                self.cognito.create_group(**pool, GroupName=listing, Description="Lists a hospital's accounts; gives no rights")
            made = None
            with _unless(_EXISTS):
                made = self.cognito.admin_create_user(
                    **pool,
                    Username=username,
                    TemporaryPassword=_first_password(),
                    UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
                    DesiredDeliveryMediums=["EMAIL"],
                )["User"]
            if made is None:
                return None
            try:
                for group in (listing, role):
                    self.cognito.admin_add_user_to_group(**pool, Username=username, GroupName=group)
            except Exception:
                self.remove(username)
                raise
        return Account(username=username, email=email, role=role, patient=patient, status=made["UserStatus"])

    def account_id(self, hospital: str, username: str) -> str | None:
        """Read the account and compare its hospital."""
        found = None
        with map_transient_errors("read an account"), _unless(_NOT_FOUND):
            found = self.cognito.admin_get_user(UserPoolId=self.pool, Username=username)
        attributes = _attributes(found) if found else {}
        return attributes.get("sub") if attributes.get("custom:hospital") == hospital else None

    def remove(self, username: str) -> None:
        """Delete the account, which revokes its refresh tokens."""
        with map_transient_errors("remove an account"), _unless(_NOT_FOUND):
            self.cognito.admin_delete_user(UserPoolId=self.pool, Username=username)

    def _account(self, user: dict[str, Any]) -> Account:
        attributes, username = _attributes(user), user["Username"]
        groups: list[dict[str, Any]] = []
        with _unless(_NOT_FOUND):  # deleted meanwhile
            groups = self.cognito.admin_list_groups_for_user(UserPoolId=self.pool, Username=username)["Groups"]
        roles = [group["GroupName"] for group in groups if group["GroupName"] in ROLES]
        return Account(
            username=username,
            email=attributes.get("email"),
            role=roles[0] if len(roles) == 1 else None,
            patient=attributes.get("custom:patient"),
            status=user["UserStatus"],
        )


def _first_password() -> str:
    """120 random bits, and one of each kind of character that the pool's policy requires; it is sent in the invitation."""
    return f"{secrets.token_urlsafe(15)}aA7!"


def _attributes(user: dict[str, Any]) -> dict[str, str]:
    return {attribute["Name"]: attribute["Value"] for attribute in user.get("UserAttributes", user.get("Attributes", []))}


@contextmanager
def _unless(codes: set[str]) -> Iterator[None]:
    """Suppress a service's error with one of these codes."""
    try:
        yield
    except ClientError as error:
        if error_code(error) not in codes:
            raise
