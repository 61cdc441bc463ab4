"""A microscope's sign-in: IoT's credentials provider exchanges its certificate for AWS keys that hold for 15 minutes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import urllib3
from botocore.credentials import CredentialProvider, RefreshableCredentials
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.domain.errors import HemascopeError, TransientError

# Seconds before keys expire: when botocore tries to renew them, and when it must. Its defaults start 15 minutes before, which
# is the whole lifetime of these keys, so that it would renew them for each picture.
_RENEW, _MUST_RENEW = 300, 60
_FILES = {"cert_file": "microscope.pem", "key_file": "microscope.key", "ca_certs": "root.pem"}


class DeviceIdentity(BaseModel):
    """Content of ``microscope.json``: the thing's name, and where it gets its keys and puts its pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    thing: str = Field(pattern="^[^:]+:[^:]+$")  # hospital and serial number
    provider: str = Field(min_length=1)  # host of the credentials provider, with a port where it is not 443
    role_alias: str = Field(min_length=1)
    bucket: str = Field(min_length=1)
    region: str = Field(min_length=1)

    @property
    def hospital(self) -> str:
        """The only hospital for which the keys may store pictures."""
        return self.thing.split(":")[0]

    @property
    def microscope(self) -> str:
        """The only microscope under whose name the keys may store pictures: the thing's name."""
        return self.thing


def read_identity(folder: Path) -> DeviceIdentity:
    """Read ``microscope.json`` beside the certificate.

    Raises
    ------
    HemascopeError
        Where a file is missing or has other content.
    """
    missing = [name for name in ("microscope.json", *_FILES.values()) if not (folder / name).is_file()]
    if missing:
        raise HemascopeError(
            f"The certificate's folder {folder} lacks {', '.join(missing)}. Check --identity, and copy them there."
        )
    try:
        return DeviceIdentity.model_validate_json((folder / "microscope.json").read_bytes())
    except (ValidationError, OSError) as error:
        raise HemascopeError(f"microscope.json is not as docs/microscope.md describes it: {_what(error)}") from None


def _what(error: ValidationError | OSError) -> str:
    if isinstance(error, OSError):
        return f"it can't be read ({error.strerror})"
    return "; ".join(f"{'.'.join(map(str, row['loc'])) or 'the file'}: {row['msg']}" for row in error.errors())


def device_session(folder: Path, identity: DeviceIdentity) -> Any:
    """A botocore session whose keys come from the certificate and are renewed before they expire."""
    session = botocore.session.Session()
    providers = session.get_component("credential_provider")
    providers.insert_before("env", _DeviceProvider(folder, identity))
    return session


class _DeviceProvider(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    METHOD = "iot-certificate"

    def __init__(self, folder: Path, identity: DeviceIdentity) -> None:
        super().__init__()
        self._identity = identity
        files: dict[str, Any] = {name: str(folder / file) for name, file in _FILES.items()}
        self._pool = urllib3.PoolManager(retries=False, timeout=10.0, cert_reqs="CERT_REQUIRED", **files)

    def load(self) -> RefreshableCredentials:
        # Expired already: the first request fetches keys, so that the agent can start without a network.
        past = datetime.now(UTC) - timedelta(days=1)
        return RefreshableCredentials(
            "", "", "", past, self._fetch, self.METHOD, advisory_timeout=_RENEW, mandatory_timeout=_MUST_RENEW
        )

    def _fetch(self) -> dict[str, str]:
        url = f"https://{self._identity.provider}/role-aliases/{self._identity.role_alias}/credentials"
        try:
            answer = self._pool.request("GET", url, headers={"x-amzn-iot-thingname": self._identity.thing})
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TransientError(
                "no keys for the certificate, since there was no answer: check this computer's network and clock"
            ) from error
        if answer.status != 200:
            kind = HemascopeError if answer.status in {400, 403, 404} else TransientError
            raise kind(f"no keys for the certificate, status {answer.status}: ask the operator whether it is still valid")
        given = json.loads(answer.data)["credentials"]
        return {
            "access_key": given["accessKeyId"],
            "secret_key": given["secretAccessKey"],
            "token": given["sessionToken"],
            "expiry_time": given["expiration"],
        }
