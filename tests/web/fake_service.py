"""A small service on loopback for the pages: sign-in, API, bucket. It answers what a test lays down and notes what is asked."""

import base64
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

Answer = Any | Callable[[dict[str, str], Any], tuple[int, Any]]


@dataclass
class FakeService:
    """A context manager.

    ``answers`` holds by route, such as ``GET /me``, the JSON of a 200, or a function of query and body that gives a status and
    JSON; text is sent as it is. ``files`` holds pictures by path. ``calls`` are the routes that were asked for, ``sent`` the
    forms that came to the bucket.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: dict[str, Any] = field(default_factory=dict)
    token_seconds: float = 900
    refreshes: bool = True  # whether a refresh token is still good

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"service": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reset(self, answers: dict[str, Answer]) -> None:
        """Forget what was asked, and answer this from now on."""
        self.answers, self.calls, self.bodies = dict(answers), [], {}
        self.token_seconds, self.refreshes = 900, True

    @property
    def config(self) -> dict[str, str]:
        """What stands in config.json."""
        return {"api": f"{self.url}/api", "sign_in": self.url, "client": "client-1"}

    def token(self) -> str:
        """An unsigned token: the pages look at its end and its owner's name alone."""
        claims = {"exp": time.time() + self.token_seconds, "cognito:username": "anna"}
        head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims))
        return f"{head}.{body}.none"


class _Handler(BaseHTTPRequestHandler):
    service: ClassVar[FakeService]
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = dict(parse_qsl(address.query))
        if address.path == "/oauth2/authorize":
            back = urlencode({"code": "code-1", "state": asked["state"]})
            self._send(302, b"", Location=f"{asked['redirect_uri']}?{back}")
        elif address.path == "/logout":
            self._send(302, b"", Location=asked["logout_uri"])
        elif address.path in self.service.files:
            self._send(200, self.service.files[address.path], "image/png")
        else:
            self._api(address.path, asked, None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/oauth2/token":
            self._give_token({name: values[0] for name, values in parse_qs(body.decode()).items()})
        elif self.path == "/bucket":
            self.service.calls.append("POST bucket")
            self._send(204, b"", **{"x-amz-version-id": f"version-{self.service.calls.count('POST bucket')}"})
        else:
            self._api(self.path, {}, json.loads(body) if body else None)

    def do_PUT(self) -> None:
        self.do_POST()

    def do_DELETE(self) -> None:
        self.do_POST()

    def do_OPTIONS(self) -> None:
        self._send(204, b"")

    def _give_token(self, asked: dict[str, str]) -> None:
        self.service.calls.append(f"token {asked['grant_type']}")
        if asked["grant_type"] == "refresh_token" and not self.service.refreshes:
            self._json(400, {"error": "invalid_grant"})
        else:
            assert asked["grant_type"] == "refresh_token" or re.fullmatch(r"[\w-]{43}", asked["code_verifier"])
            self._json(200, {"id_token": self.service.token(), "refresh_token": "refresh-1", "access_token": "x"})

    def _api(self, path: str, asked: dict[str, str], body: Any) -> None:
        route = f"{self.command} {path.removeprefix('/api')}"
        self.service.calls.append(f"{route}?{urlencode(asked)}" if asked else route)
        self.service.bodies[route] = body
        answer = self.service.answers.get(route, (404, {"detail": "There is no report of this id, or not yet."}))
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            answer = (401, {"message": "Unauthorized"})
        status, content = answer(asked, body) if callable(answer) else answer if isinstance(answer, tuple) else (200, answer)
        self._json(status, content)

    def _json(self, status: int, content: Any) -> None:
        body = b"" if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
        self._send(status, body, "application/json")

    def _send(self, status: int, body: bytes, kind: str = "text/plain", **headers: str) -> None:
        self.send_response(status)
        every = {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "*",
            "Access-Control-Allow-Methods": "*",
        }
        every |= {"Access-Control-Allow-Headers": "authorization, content-type", "Content-Type": kind}
        for name, value in (every | headers).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name in the base class
        pass
