"""The portal's pages on loopback: the files of ``web/``, with the response headers that CloudFront adds."""

import json
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from hemascope_cli.local.cloud import LocalCloud
from hemascope_cli.local.ports import check_port
from hemascope_cli.local.templates import Template, of_type

CONFIG = "/config.json"  # addresses of the service; `make publish` writes it on AWS


def config_of(cloud: LocalCloud) -> dict[str, str]:
    """Configuration of the pages, as ``make publish`` makes it from the outputs of the stack."""
    api = (urlsplit(cloud.outputs["PortalApi"]).hostname or "").split(".")[0]
    return {
        "api": f"{cloud.endpoint}/restapis/{api}/$default/_user_request_",
        "sign_in": cloud.endpoint,
        "client": cloud.outputs["PortalClient"],
    }


def site_headers(template: Template, endpoint: str) -> dict[str, str]:
    """The security headers of the portal's template, with the local cloud in place of the origins on AWS.

    Strict-Transport-Security is left out: there is no TLS on loopback.
    """
    (policy,) = of_type({"Portal": template}, "AWS::CloudFront::ResponseHeadersPolicy")
    config = policy["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    headers = {item["Header"]: item["Value"] for item in config["CustomHeadersConfig"]["Items"]}
    return headers | {
        "Content-Security-Policy": _with_origin(security["ContentSecurityPolicy"]["ContentSecurityPolicy"], endpoint),
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
    }


def _with_origin(policy: dict[str, Any], endpoint: str) -> str:
    """A content security policy with every HTTPS origin, which names a resource of the stack, replaced by one endpoint."""
    text = "".join(part if isinstance(part, str) else "..." for part in policy["Fn::Join"][1])
    directives = (directive.split() for directive in text.split(";"))
    return "; ".join(
        " ".join(dict.fromkeys(endpoint if word.startswith("https:") else word for word in words)) for words in directives
    )


class LocalSite:
    """A context manager: inside it the pages are served.

    Parameters
    ----------
    folder
        The files.
    config
        Content of ``/config.json``.
    headers
        Of every answer.
    port
        On loopback; a free one where 0.

    Raises
    ------
    HemascopeError
        Where the port is in use.
    """

    def __init__(self, folder: Path, config: Mapping[str, str], headers: Mapping[str, str], port: int = 0) -> None:
        handler = partial(_Pages, directory=str(folder), config=json.dumps(config).encode(), headers=dict(headers))
        check_port(port, "--pages")
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where a browser finds the pages."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"


class _Pages(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept: a page is a dozen small files
    timeout = 30
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".json": "application/json"}

    def __init__(self, *arguments: Any, config: bytes, headers: dict[str, str], **named: Any) -> None:
        self._config, self._added = config, headers
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        if self.path != CONFIG:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self._config)))
        self.end_headers()
        self.wfile.write(self._config)

    def end_headers(self) -> None:
        for name, value in self._added.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def list_directory(self, path: Any) -> None:
        """List no folder, as S3 doesn't."""
        self.send_error(404)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name in the base class
        """Log nothing."""
