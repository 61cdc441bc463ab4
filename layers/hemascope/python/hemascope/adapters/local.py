"""The whole service on one machine: MiniStack on loopback, stacks from the committed templates, the real handler."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from hemascope.adapters.aws import client
from hemascope.contracts.errors import HemascopeError

REGION = "us-east-1"
STACKS = ("ingest", "screening")  # in the order of their dependencies

# What the emulator refuses, and what stands in for it.
REFUSED = {
    "AWS::SES::Template": "created with the SES API from the same resource",
}
_STARTUP_SECONDS = 60.0


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class LocalCloud:
    """A context manager: inside it the service runs; outside nothing of it is left.

    Parameters
    ----------
    root
        The checkout: templates and handlers are read from it.
    artifact
        The model artifact that the screening function loads.
    port
        Of the embedded cloud; a free one where 0.
    environment
        Changes to the function's variables, for tests.
    """

    root: Path
    artifact: Path
    port: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict, init=False)

    def __enter__(self) -> "LocalCloud":
        self._folder = tempfile.TemporaryDirectory(prefix="hemascope-")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.port = self.port or free_port()
        self._worker_port = free_port()
        try:
            templates = [self._template(name) for name in STACKS]
            self._function = _only(templates, "AWS::Lambda::Function")["Properties"]["FunctionName"]
            self._start_cloud()
            for name, template in zip(STACKS, templates, strict=True):
                self._create_stack(name, template)
            self._create_mail(templates)
            self.start_worker()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    @property
    def endpoint(self) -> str:
        """Where boto3 clients find the cloud."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud."""
        return client(service, self.endpoint, REGION)

    def mails(self) -> list[dict[str, Any]]:
        """Every mail that SES has sent: ``Source``, ``To``, ``Subject``, ``BodyText``, ``BodyHtml``."""
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/ses/messages", timeout=10) as answer:  # noqa: S310
            return [mail for account in json.load(answer)["messages"].values() for mail in account]

    def start_worker(self) -> None:
        """Start the process that runs the screening handler."""
        described = self.client("lambda").get_function_configuration(FunctionName=self._function)
        variables = described["Environment"]["Variables"] | {
            "HEMASCOPE_ARTIFACT": str(self.artifact),
            "HEMASCOPE_ENDPOINT": self.endpoint,
        }
        handler = self.root / "lambdas" / "screen_smear" / "handler.py"
        command = [sys.executable, "-m", "hemascope.adapters.local_worker", str(self._worker_port), str(handler)]
        self._spawn("worker", command, variables | self.environment)
        self._wait_for("worker", self._worker_url)

    def kill_worker(self) -> None:
        """Kill the worker as a crash would: no goodbye, no clean-up."""
        process = self._processes.pop("worker")
        process.kill()
        process.wait()

    def log(self, name: str) -> str:
        """What the process ``cloud`` or ``worker`` has printed."""
        return (Path(self._folder.name) / f"{name}.log").read_text(errors="replace")

    @property
    def _worker_url(self) -> str:
        return f"http://127.0.0.1:{self._worker_port}/"

    def _start_cloud(self) -> None:
        variables = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            # Two listeners of the emulator that ignore BIND_HOST.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            f"MINISTACK_LAMBDA_PROXY_{self._function}": self._worker_url,
        }
        self._spawn("cloud", [sys.executable, "-m", "ministack"], variables)
        self._wait_for("cloud", f"{self.endpoint}/_ministack/health")

    def _spawn(self, name: str, command: list[str], variables: dict[str, str]) -> None:
        base = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "HEMASCOPE_"))}
        base |= {"AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        with (Path(self._folder.name) / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                command, env=base | variables, cwd=self._folder.name, stdout=log, stderr=subprocess.STDOUT
            )

    def _wait_for(self, name: str, url: str) -> None:
        def answered() -> bool:
            if self._processes[name].poll() is not None:
                raise HemascopeError(f"expected the {name} to start, it ended: {self.log(name)[-2000:]}")
            try:
                with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
                    return True
            except urllib.error.HTTPError:
                return True
            except OSError:
                return False

        wait_until(answered, _STARTUP_SECONDS, f"the {name} to answer")

    def _template(self, name: str) -> dict[str, Any]:
        path = self.root / "infra" / "templates" / f"{name}.template.json"
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    def _create_stack(self, name: str, template: dict[str, Any]) -> None:
        resources = {key: one for key, one in template["Resources"].items() if one["Type"] not in REFUSED}
        body = json.dumps(template | {"Resources": resources})
        formation = self.client("cloudformation")
        formation.create_stack(StackName=f"hemascope-{name}", TemplateBody=body)

        def created() -> bool:
            (stack,) = formation.describe_stacks(StackName=f"hemascope-{name}")["Stacks"]
            if stack["StackStatus"].endswith(("FAILED", "ROLLBACK_COMPLETE")):
                raise HemascopeError(f"expected the stack {name}, received {stack.get('StackStatusReason', 'no reason')}")
            if stack["StackStatus"] == "CREATE_COMPLETE":
                self.outputs |= {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
                return True
            return False

        wait_until(created, _STARTUP_SECONDS, f"the stack {name}")

    def _create_mail(self, templates: list[dict[str, Any]]) -> None:
        ses = self.client("ses")
        ses.create_template(Template=_only(templates, "AWS::SES::Template")["Properties"]["Template"])
        variables = _only(templates, "AWS::Lambda::Function")["Properties"]["Environment"]["Variables"]
        ses.verify_email_identity(EmailAddress=variables["HEMASCOPE_MAIL_SENDER"])

    def _stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        self._folder.cleanup()


def wait_until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again until it is done.

    Raises
    ------
    HemascopeError
        Where it is not done in time.
    """
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise HemascopeError(f"expected {what} within {seconds:.0f} s")
        time.sleep(0.05)


def _only(templates: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (resource,) = [one for template in templates for one in template["Resources"].values() if one["Type"] == kind]
    return dict(resource)
