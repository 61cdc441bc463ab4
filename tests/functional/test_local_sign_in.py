"""Tokens of the local cloud's sign-in pages: a renewed one says who its user is, as the first one does."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from hemascope.aws.client import client
from hemascope_cli.local.cloud import REGION
from tests.support.emulator import emulator
from tests.support.http import request

pytestmark = pytest.mark.local_cloud

PAGE = "https://portal.hospital.example/"
PASSWORD = "Correct-Horse-7-Battery"
VERIFIER = "a" * 64
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class SignIn:
    """A user pool with one user, and its sign-in page."""

    endpoint: str
    users: Any
    pool: str
    application: str

    def enter(self) -> dict[str, str]:
        """Tokens for a password: authorization code with PKCE."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
        asked = {"client_id": self.application, "redirect_uri": PAGE, "response_type": "code", "scope": "openid profile"}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        sent = self._post("/login", asked | {"username": "clinician", "password": PASSWORD})
        code = parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
        return self.exchange(grant_type="authorization_code", code=code, code_verifier=VERIFIER, redirect_uri=PAGE)

    def exchange(self, **fields: str) -> dict[str, str]:
        """Ask for tokens as the portal's pages do."""
        answer = self._post("/oauth2/token", fields | {"client_id": self.application})
        assert answer.status == 200, answer.data
        tokens: dict[str, str] = json.loads(answer.data)
        return tokens

    def _post(self, path: str, fields: dict[str, str]) -> Any:
        return request("POST", f"{self.endpoint}{path}", body=urlencode(fields), headers=FORM, redirect=False)


@pytest.fixture
def sign_in() -> Iterator[SignIn]:
    with emulator() as endpoint:
        users = client("cognito-idp", endpoint, REGION)
        pool = users.create_user_pool(
            PoolName="people", Schema=[{"Name": "hospital", "AttributeDataType": "String", "Mutable": True}]
        )["UserPool"]["Id"]
        application = users.create_user_pool_client(
            UserPoolId=pool,
            ClientName="portal",
            AllowedOAuthFlows=["code"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=["openid", "profile"],
            CallbackURLs=[PAGE],
            SupportedIdentityProviders=["COGNITO"],
        )["UserPoolClient"]["ClientId"]
        users.create_group(UserPoolId=pool, GroupName="clinician")
        users.admin_create_user(
            UserPoolId=pool,
            Username="clinician",
            MessageAction="SUPPRESS",
            TemporaryPassword=PASSWORD,
            UserAttributes=[{"Name": "custom:hospital", "Value": "st-mary"}],
        )
        users.admin_set_user_password(UserPoolId=pool, Username="clinician", Password=PASSWORD, Permanent=True)
        users.admin_add_user_to_group(UserPoolId=pool, Username="clinician", GroupName="clinician")
        yield SignIn(endpoint, users, pool, application)


def identity(token: str) -> dict[str, Any]:
    """What the API reads of a token."""
    part = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return {name: claims.get(name) for name in ("cognito:groups", "cognito:username", "custom:hospital", "sub")}


def test_a_renewed_token_says_what_the_first_one_said(sign_in: SignIn) -> None:
    first = sign_in.enter()

    renewed = sign_in.exchange(grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert identity(first["id_token"])["cognito:groups"] == ["clinician"]
    assert identity(first["id_token"])["custom:hospital"] == "st-mary"
    assert identity(renewed["id_token"]) == identity(first["id_token"])


def test_a_renewed_token_follows_a_change_of_groups(sign_in: SignIn) -> None:
    first = sign_in.enter()
    sign_in.users.admin_remove_user_from_group(UserPoolId=sign_in.pool, Username="clinician", GroupName="clinician")

    renewed = sign_in.exchange(grant_type="refresh_token", refresh_token=first["refresh_token"])

    assert identity(renewed["id_token"])["cognito:groups"] is None
