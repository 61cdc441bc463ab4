"""Client of the portal's API, for a program that has an account."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3
from pydantic import BaseModel, ValidationError

from hemascope.domain.errors import HemascopeError, TransientError
from hemascope.domain.specimen import Specimen, parse_smear_key, smear_key
from hemascope.domain.upload import SignedPut
from hemascope_cli.microscope.outbox import Result

_Answer = TypeVar("_Answer", bound=BaseModel)
_IDS_PER_REQUEST = 50
_LATER = {408, 429, 500, 502, 503, 504}
_ENDS = {"reported", "rejected", "failed"}


class _Upload(BaseModel):
    bucket: str
    key: str
    put: SignedPut


class _Row(BaseModel):
    object_id: str
    specimen: Specimen | None


class _Rows(BaseModel):
    rows: list[_Row]
    cursor: str | None


class _States(BaseModel):
    states: dict[str, str]
    reasons: dict[str, str | dict[str, str]] = {}


@dataclass(frozen=True)
class PortalClient:
    """Client of one account.

    Parameters
    ----------
    api
        Address of the API, such as ``https://abc.execute-api.eu-central-1.amazonaws.com``.
    token_file
        A file with an identity token. It is read for each request, because a token expires and is renewed by whoever signs in.
    """

    api: str
    token_file: Path
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=3, read=20)), init=False
    )

    def open_upload(self, key: str, sha256: str, size: int) -> _Upload:
        """Request a presigned link that stores exactly these bytes under this key, once.

        Raises
        ------
        TransientError, HemascopeError
        """
        specimen = parse_smear_key(key)
        # The agent has judged the file's own name by the same rules; in the key's, a digest could look like a date.
        wanted = specimen.model_dump(exclude={"hospital"}) | {"sha256": sha256, "size": size, "names_confirmed": True}
        upload = self._ask("POST", "/uploads", _Upload, wanted)
        if upload.key != key:
            raise HemascopeError("the account is of another hospital: sign in with one of this hospital")
        return upload

    def put(self, where: SignedPut, data: bytes) -> tuple[int, Mapping[str, str]]:
        """Send the bytes; return status and headers of the response."""
        answer = self._request("PUT", where.url, body=data, headers=where.headers)
        return answer.status, answer.headers

    def find(self, keys: Collection[str]) -> dict[str, str]:
        """Object ids of those keys that have reached a terminal state: key -> id."""
        found: dict[str, str] = {}
        for slide in sorted({parse_smear_key(key).slide for key in keys}):
            cursor: str | None = ""
            while cursor is not None and not found.keys() >= set(keys):
                asked = {"slide": slide} | ({"cursor": cursor} if cursor else {})
                page = self._ask("GET", f"/reports?{urlencode(asked)}", _Rows)
                listed = {smear_key(row.specimen): row.object_id for row in page.rows if row.specimen}
                found |= {key: object_id for key, object_id in listed.items() if key in keys}
                cursor = page.cursor
        return found

    def ends(self, object_ids: Collection[str]) -> dict[str, tuple[Result, str | None]]:
        """Terminal states, with reasons, of those ids that have one."""
        ids, ends = list(object_ids), {}
        for start in range(0, len(ids), _IDS_PER_REQUEST):
            answer = self._ask("GET", f"/states?{urlencode({'ids': ','.join(ids[start : start + _IDS_PER_REQUEST])})}", _States)
            for object_id, state in answer.states.items():
                if state in _ENDS and object_id in ids:
                    reason = answer.reasons.get(object_id)
                    ends[object_id] = Result(state), ": ".join(reason.values()) if isinstance(reason, dict) else reason
        return ends

    def _ask(self, method: str, path: str, kind: type[_Answer], body: Any = None) -> _Answer:
        answer = self._request(method, self.api.rstrip("/") + path, headers=self._token(), json=body)
        if answer.status == 401:
            raise TransientError("the token has expired: sign in again, and put the new token into the file")
        if answer.status in _LATER:
            raise TransientError(f"the portal does not work at the moment (status {answer.status}); the agent tries again")
        if answer.status >= 400:
            raise HemascopeError(
                f"the portal refuses this (status {answer.status}): the account must be a technician's or clinician's of this "
                "hospital, and the microscope must be registered"
            )
        try:
            return kind.model_validate_json(answer.data)
        except ValidationError:
            raise HemascopeError(
                "the portal's address answers as no portal of this version does: check --portal, or update Hemascope"
            ) from None

    def _token(self) -> dict[str, str]:
        try:
            return {"Authorization": f"Bearer {self.token_file.read_text(encoding='ascii').strip()}"}
        except (OSError, UnicodeError):
            raise TransientError(
                f"there is no identity token in {self.token_file}: sign in, and put the token into this file"
            ) from None

    def _request(self, method: str, url: str, **what: Any) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(method, url, **what)
        except urllib3.exceptions.HTTPError as error:
            raise TransientError(
                "no answer from the service: check this computer's network and the address; the agent tries again"
            ) from error
