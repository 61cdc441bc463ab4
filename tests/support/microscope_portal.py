"""A portal over HTTP for the agent's tests: its uploads are answered by the real function, and its store is a dict."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.portal_world import CONTEXT, PortalWorld, account, request

TOKEN = "header.claims.signature"


@dataclass
class HttpPortal:
    """What it has, and what it was asked."""

    function: Any
    portal: PortalWorld
    address: str = ""
    hospital: str = "st-mary"
    objects: dict[str, bytes] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    pages: list[list[dict[str, Any]]] = field(default_factory=list)
    status: int = 0  # of every answer, where it is none of success
    forgets_checksums: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(f"{method} {path}")
        if method == "PUT":
            return self._store(unquote(path).lstrip("/"), headers, body)
        if self.status or headers["Authorization"] != f"Bearer {TOKEN}":
            return self.status or 401, {}, b"{}"
        if method == "POST":
            notified = self.function(request(f"POST {path}", account("technician", self.hospital), body.decode()), CONTEXT)
            return notified["statusCode"], {}, notified["body"].encode()
        named = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        return 200, {}, json.dumps(self._states(named) if path.startswith("/states") else self._rows(named)).encode()

    def _store(self, key: str, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert (headers["if-none-match"], headers["x-amz-checksum-sha256"]) == ("*", checksum)
        if key in self.objects:
            return 412, {}, b""
        self.objects[key] = body
        repeated = {} if self.forgets_checksums else {"x-amz-checksum-sha256": checksum}
        return 200, {"x-amz-version-id": f"v{len(self.objects)}"} | repeated, b""

    def _states(self, named: dict[str, str]) -> dict[str, Any]:
        ids = named["ids"].split(",")
        assert len(ids) <= 50
        return {"states": {object_id: self.states.get(object_id, "waiting") for object_id in ids}, "reasons": self.reasons}

    def _rows(self, named: dict[str, str]) -> dict[str, Any]:
        assert named["slide"] == "c-1"
        page = int(named.get("cursor", "0"))
        return {"rows": self.pages[page], "cursor": str(page + 1) if page + 1 < len(self.pages) else None}


@contextmanager
def served(portal: HttpPortal) -> Iterator[HttpPortal]:
    """Serve it on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, content = portal.answer(self.command, self.path, self.headers, body)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    portal.address = portal.portal.links.store = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield portal
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
