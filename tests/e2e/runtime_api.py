"""A server of the Lambda Runtime API, its four routes, and an image's entry point that talks to it."""

import json
import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from hemascope_cli.local.cloud import LocalCloud
from tests.e2e.dockerfile import Image
from tests.support.patience import patience

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hemascope-dev-screen-smear"
_PREFIX = "/2018-06-01/runtime/"


@dataclass
class RuntimeApi:
    """A context manager: inside it events can be put, and answers of the function awaited."""

    events: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)
    answers: "queue.Queue[tuple[str, Any]]" = field(default_factory=queue.Queue)
    asked: threading.Event = field(default_factory=threading.Event)  # the function has started and wants its first event

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._endpoint())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a killed client resets its connection
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def ask(self, event: dict[str, Any]) -> Any:
        """Hand over an event; return the function's answer."""
        self.events.put(event)
        kind, answer = self.answers.get(timeout=patience())
        assert kind == "response", f"expected an answer, received {kind}: {answer}"
        return answer

    def _endpoint(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Endpoint(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                assert self.path == f"{_PREFIX}invocation/next"
                api.asked.set()
                event = api.events.get()
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                    "Lambda-Runtime-Deadline-Ms": "4102444800000",
                    "Lambda-Runtime-Invoked-Function-Arn": ARN,
                    "Content-Type": "application/json",
                }
                self._send(200, json.dumps(event).encode(), headers)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                api.answers.put((self.path.rsplit("/", 1)[-1], json.loads(body)))
                self._send(202, b"{}", {})

            def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """Say nothing."""

        return Endpoint


@dataclass
class Started:
    """A process of the image, and the runtime API that it talks to."""

    api: RuntimeApi
    process: "subprocess.Popen[bytes]"
    start: float

    def seconds(self) -> float:
        """Since the process was started."""
        return time.monotonic() - self.start


@dataclass
class EntryPoint:
    """The command of an image, connected to a runtime API of ours and to the embedded cloud."""

    image: Image
    cloud: LocalCloud

    def environment(self) -> dict[str, str]:
        """The function's own variables, and nothing of ours."""
        listed = self.cloud.client("lambda").list_functions()["Functions"]
        (function,) = [function for function in listed if function["FunctionName"].endswith("-screen-smear")]
        variables: dict[str, str] = function["Environment"]["Variables"]
        return variables | {
            "HEMASCOPE_ENDPOINT": self.cloud.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_NAME": function["FunctionName"],
            "POWERTOOLS_TRACE_DISABLED": "1",
            **self.image.environment(),
        }

    @contextmanager
    def started(self) -> Iterator[Started]:
        """Start it as Lambda does; kill it at the end."""
        environment = self.environment()
        with RuntimeApi() as api:
            start = time.monotonic()
            process = subprocess.Popen(
                [str(self.image.root / "bin" / "python"), "-m", "awslambdaric", *self.image.command],
                cwd=self.image.task_root,
                env=environment | {"AWS_LAMBDA_RUNTIME_API": api.address},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                yield Started(api, process, start)
            finally:
                process.kill()
                process.wait()
                api.events.put({})  # lets the waiting request of the killed client end
