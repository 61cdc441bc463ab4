"""Runs a real Lambda handler behind HTTP: the embedded cloud posts each event, as AWS hands it to the container.

``python -m hemascope_cli.local.worker PORT HANDLER_FILE``. One event at a time, like one container.
"""

import importlib.util
import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def load_handler(file: Path) -> Handler:
    """Import a handler module from its file and return its ``handler``."""
    spec = importlib.util.spec_from_file_location("handler", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"expected a Python file, received {file}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler


class Waiting(HTTPServer):
    """A server before which many may wait: beyond five, the system would drop callers, who then try again for seconds."""

    request_queue_size = 64


def endpoint(handler: Handler) -> type[BaseHTTPRequestHandler]:
    """What answers one HTTP request with the handler."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, {"ready": True})

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            context = SimpleNamespace(
                function_name=self.headers.get("X-Amzn-Lambda-Function-Name", ""),
                invoked_function_arn=self.headers.get("X-Amzn-Lambda-Function-Arn", ""),
                function_version=self.headers.get("X-Amzn-Lambda-Function-Version", "$LATEST"),
                aws_request_id=self.headers.get("X-Amzn-Lambda-Request-Id", ""),
                memory_limit_in_mb=0,
            )
            try:
                self._answer(200, handler(event, context))
            except Exception as error:  # what Lambda itself would report
                self._answer(500, {"errorType": type(error).__name__})

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name in the base class
            """Say nothing: the handler logs what is worth it."""

    return Endpoint


def serve(port: int, handler: Handler) -> None:
    """Answer events on loopback until killed."""
    Waiting(("127.0.0.1", port), endpoint(handler)).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), load_handler(Path(sys.argv[2])))
