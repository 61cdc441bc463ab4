"""A microscope signs in with its certificate, at a credentials provider that asks for one."""

import datetime
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hemascope.aws.client import client
from hemascope.domain.errors import HemascopeError, TransientError
from hemascope_cli.main import main
from hemascope_cli.microscope.device_identity import device_session, read_identity

Captured = pytest.CaptureFixture[str]
NOW = datetime.datetime.now(datetime.UTC)


class Authority:
    """It signs certificates, its own first."""

    def __init__(self) -> None:
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), "authority"
        self.certificate = self._sign(self.name, self.key, is_authority=True)

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> x509.Certificate:
        subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)]) for common in (name, self.name))
        own = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        usage = x509.KeyUsage(True, False, False, False, False, is_authority, is_authority, False, False)
        return (
            x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=1))
            .not_valid_after(NOW + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
            .add_extension(address, critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(self, name: str, certificate: Path, key: Path) -> None:
        """Write a certificate and its key."""
        private = ec.generate_private_key(ec.SECP256R1())
        certificate.write_bytes(self._sign(name, private, is_authority=False).public_bytes(serialization.Encoding.PEM))
        key.write_bytes(
            private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )

    def write(self, path: Path) -> None:
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))


@dataclass
class Provider:
    """A credentials provider: what it was asked, and what it answers."""

    status: int = 200
    minutes: int = 15
    port: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self) -> bytes:
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=self.minutes)
        number = len(self.asked)
        keys = {"accessKeyId": f"AKID{number}", "secretAccessKey": "secret", "sessionToken": f"token-{number}"}
        return json.dumps({"credentials": keys | {"expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}}).encode()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    authority, provider = Authority(), Provider()
    authority.write(tmp_path / "root.pem")
    authority.issue("microscope", tmp_path / "microscope.pem", tmp_path / "microscope.key")
    authority.issue("provider", tmp_path / "provider.pem", tmp_path / "provider.key")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append((self.path, self.headers["x-amzn-iot-thingname"]))
            content = provider.answer()
            self.send_response(provider.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass  # a client without a certificate of ours

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "provider.pem", tmp_path / "provider.key")
    context.load_verify_locations(tmp_path / "root.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    provider.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def identity(provider: Provider, tmp_path: Path) -> Path:
    said = {
        "thing": "st-mary:0007",
        "provider": f"127.0.0.1:{provider.port}",
        "role_alias": "hemascope-dev-microscope",
        "bucket": "uploads",
        "region": "eu-central-1",
    }
    (tmp_path / "microscope.json").write_text(json.dumps(said))
    return tmp_path


def keys_of(folder: Path) -> Any:
    return device_session(folder, read_identity(folder)).get_credentials()


def test_the_certificate_becomes_keys(identity: Path, provider: Provider) -> None:
    keys = keys_of(identity).get_frozen_credentials()

    assert (keys.access_key, keys.secret_key, keys.token) == ("AKID1", "secret", "token-1")
    assert provider.asked == [("/role-aliases/hemascope-dev-microscope/credentials", "st-mary:0007")]


def test_keys_of_a_quarter_of_an_hour_are_kept_and_others_renewed(identity: Path, provider: Provider) -> None:
    keys = keys_of(identity)
    provider.minutes = 1
    first = keys.get_frozen_credentials().token
    provider.minutes = 15

    second, third = (keys.get_frozen_credentials().token for _ in range(2))

    assert (first, second, third) == ("token-1", "token-2", "token-2")


def test_requests_are_signed_with_these_keys_whatever_the_environment_says(
    identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "else")
    s3 = client("s3", region="eu-central-1", session=device_session(identity, read_identity(identity)))

    link = s3.generate_presigned_url("put_object", Params={"Bucket": "uploads", "Key": "k"})

    assert "X-Amz-Credential=AKID1%2F" in link
    assert "X-Amz-Security-Token=token-1" in link


@pytest.mark.parametrize(("status", "passes"), [(403, False), (404, False), (429, True), (500, True), (503, True)])
def test_a_revoked_certificate_is_a_permanent_error_and_an_outage_is_not(
    identity: Path, provider: Provider, status: int, passes: bool
) -> None:
    provider.status = status

    with pytest.raises(HemascopeError, match=f"no keys for the certificate, status {status}: ask the operator") as refused:
        keys_of(identity).get_frozen_credentials()

    assert isinstance(refused.value, TransientError) is passes


def test_a_certificate_of_another_authority_gets_no_keys(identity: Path, provider: Provider) -> None:
    Authority().issue("microscope", identity / "microscope.pem", identity / "microscope.key")

    with pytest.raises(TransientError, match="no keys for the certificate"):
        keys_of(identity).get_frozen_credentials()

    assert provider.asked == []


def test_a_provider_with_a_certificate_of_another_authority_is_not_asked(identity: Path, provider: Provider) -> None:
    Authority().write(identity / "root.pem")

    with pytest.raises(TransientError, match="no keys for the certificate, since there was no answer"):
        keys_of(identity).get_frozen_credentials()

    assert provider.asked == []


@pytest.mark.parametrize("name", ["microscope.pem", "microscope.key", "root.pem", "microscope.json"])
def test_a_missing_file_is_named(identity: Path, name: str) -> None:
    (identity / name).unlink()

    with pytest.raises(HemascopeError, match=f"lacks {name}. Check --identity"):
        read_identity(identity)


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"thing": "st-mary"}'])
def test_a_file_with_other_content_is_refused(identity: Path, text: str) -> None:
    (identity / "microscope.json").write_text(text)

    with pytest.raises(HemascopeError, match=r"microscope\.json is not as docs/microscope\.md describes it"):
        read_identity(identity)


def test_another_hospital_than_the_certificates_is_refused(identity: Path, capsys: Captured) -> None:
    names = ["--hospital", "st-joseph", "--slide", "c-1", "--outbox", str(identity / "outbox.sqlite")]

    assert main(["microscope", "--watch", str(identity), "--identity", str(identity), *names]) == 1

    assert capsys.readouterr().err == "hemascope: The certificate is of another hospital: give --hospital st-mary.\n"
