"""A browser's part: accounts as an administrator makes them, sign-in with code and PKCE, calls with the token."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3

from hemascope_cli.local.accounts import make_account
from hemascope_cli.local.cloud import LocalCloud
from tests.support.http import request

PAGE = "https://portal.hospital.example/"  # where Cognito sends people back to
PASSWORD = "Correct-Horse-7-Battery"


@dataclass(frozen=True)
class PortalClient:
    """The portal as its users reach it."""

    cloud: LocalCloud

    def invite(self, name: str, group: str, hospital: str, patient: str | None = None) -> None:
        """Make an account whose owner has chosen a password already."""
        make_account(self.cloud, name, group, hospital, patient, PASSWORD)

    def sign_in(self, name: str, password: str = PASSWORD) -> dict[str, str]:
        """Authorization code with PKCE; the tokens, or an AssertionError where the sign-in page lets nobody in."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "client_id": self.cloud.outputs["PortalClient"],
            "redirect_uri": PAGE,
            "response_type": "code",
            "scope": "openid profile",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        shown = request("GET", f"{self.cloud.endpoint}/oauth2/authorize", fields=asked, redirect=False)
        assert shown.status == 200, shown.data
        form = asked | {"username": name, "password": password}
        sent = self._post("/login", form)
        assert sent.status == 302, "no way back to the page"
        code = parse_qs(urlsplit(sent.headers["Location"]).query)["code"][0]
        wanted = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        given = self._post("/oauth2/token", wanted | {name: asked[name] for name in ("client_id", "redirect_uri")})
        assert given.status == 200, given.data
        return json.loads(given.data)

    def _post(self, path: str, fields: dict[str, str]) -> urllib3.BaseHTTPResponse:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return request("POST", f"{self.cloud.endpoint}{path}", body=urlencode(fields), headers=form, redirect=False)

    def ask(self, route: str, token: str | None, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Call the API as the site does: a route such as ``GET /me``."""
        answer = self.fetch(route, token, body)
        return answer.status, json.loads(answer.data or b"null")

    def fetch(self, route: str, token: str | None, body: dict[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
        """The same, whatever comes back."""
        method, path = route.split(" ", 1)
        api = urlsplit(self.cloud.outputs["PortalApi"]).hostname.split(".")[0]
        return request(
            method,
            f"{self.cloud.endpoint}/restapis/{api}/$default/_user_request_{path}",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            json=body,
        )

    def send(self, upload: dict[str, Any], data: bytes, **changed: str) -> urllib3.BaseHTTPResponse:
        """Send a picture with the form that the portal gave."""
        fields = upload["form"]["fields"] | changed | {"file": ("picture.jpg", data, "image/jpeg")}
        return request("POST", upload["form"]["url"], fields=fields)
