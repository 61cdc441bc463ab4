"""The whole service on one machine: MiniStack on loopback, stacks from the committed templates, the real handlers."""

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hemascope.aws.client import client
from hemascope.domain.errors import HemascopeError
from hemascope_cli.local.templates import (
    STAGE,
    LocalFunction,
    Template,
    accepted,
    functions,
    moved,
    of_type,
    read_templates,
    without_tls_only,
)
from hemascope_cli.operations.deployment import LOCAL_REGION, stack_name

REGION = LOCAL_REGION
ACCOUNT = "000000000000"
_ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"  # the bucket that the templates expect
SCREENING = "screen_smear"
WORKERS = "HEMASCOPE_LOCAL_WORKERS"  # variable: how many processes stand behind each function
PATIENCE = "HEMASCOPE_PATIENCE"  # variable: seconds that a step on this machine may take before it counts as hanging
_PATIENCE_SECONDS = 300.0


def patience() -> float:
    """Seconds that a step of the local cloud may take: generous, since a limit only ends what hangs.

    Raises
    ------
    HemascopeError
        Where ``HEMASCOPE_PATIENCE`` is set and is no number above zero.
    """
    text = os.environ.get(PATIENCE, "")
    if not text:
        return _PATIENCE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise HemascopeError(f"expected a number of seconds above 0 in {PATIENCE}, received {text!r}")
    return seconds


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class LocalCloud:
    """A context manager: inside it the service runs; outside nothing of it is left.

    Each function is its real handler in a process of its own, a *worker*, to which the embedded cloud posts events.

    Parameters
    ----------
    root
        The checkout: templates and handlers are read from it.
    artifact
        The model artifact that the screening function loads.
    port
        Of the embedded cloud; a free one where 0.
    environment
        Changes to the functions' variables, for tests.
    enforce_iam
        Every call is checked against the policies of who makes it, and each worker has the role of its function.
    portal
        Where a browser finds the portal's pages; that of the templates where None.
    worker
        Module that runs a handler, given a port and its file.
    workers
        How many processes that module starts for one function, and so how many batches of a queue it takes at once.
    """

    root: Path
    artifact: Path
    port: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    enforce_iam: bool = False
    portal: str | None = None
    worker: str = "hemascope_cli.local.worker"
    workers: int = 1
    outputs: dict[str, str] = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="hemascope-")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.port = self.port or free_port()
        try:
            templates = {name: moved(template, self.portal) for name, template in read_templates(self.root).items()}
            self._functions = {function.folder: function for function in functions(templates)}
            self._ports = {folder: free_port() for folder in self._functions}
            self._start_cloud()
            self._store_code()
            for name, template in templates.items():
                self._create_stack(stack_name(STAGE, name), without_tls_only(template) if self.enforce_iam else template)
            self._create_mail(templates)
            for folder in self._functions:
                self._spawn_worker(folder)
            for folder in self._functions:
                self._wait_for(folder, self._worker_url(folder))
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
        """A boto3 client of this cloud, with the rights of its owner."""
        return client(service, self.endpoint, REGION)

    def mails(self) -> list[dict[str, Any]]:
        """Every mail that SES has sent: ``Source``, ``To``, ``Subject``, ``BodyText``, ``BodyHtml``."""
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/ses/messages", timeout=10) as answer:  # noqa: S310
            return [mail for account in json.load(answer)["messages"].values() for mail in account]

    def role_of(self, folder: str) -> str:
        """ARN of the role of a function."""
        described = self.client("lambda").get_function_configuration(FunctionName=self._functions[folder].name)
        return str(described["Role"])

    def start_worker(self, folder: str = SCREENING) -> None:
        """Start the process that runs a function's handler, and wait until it answers."""
        self._spawn_worker(folder)
        self._wait_for(folder, self._worker_url(folder))

    def kill_worker(self, folder: str = SCREENING) -> None:
        """Kill a worker as a crash would: no goodbye, no clean-up."""
        process = self._processes.pop(folder)
        process.kill()
        process.wait()

    def process_ids(self) -> dict[str, int]:
        """Of the ``cloud`` and of each function's worker, by its folder."""
        return {name: process.pid for name, process in self._processes.items()}

    def log(self, name: str = SCREENING) -> str:
        """What the process ``cloud``, or the worker of a function, has printed."""
        return (Path(self._folder.name) / f"{name}.log").read_text(errors="replace")

    def _worker_url(self, folder: str) -> str:
        return f"http://127.0.0.1:{self._ports[folder]}/"

    def _start_cloud(self) -> None:
        variables = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            # Two listeners of the emulator that ignore BIND_HOST.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "AUTH": str(self.enforce_iam).lower(),
            WORKERS: str(self.workers),
        }
        proxies = {
            f"MINISTACK_LAMBDA_PROXY_{function.name}": self._worker_url(function.folder)
            for function in self._functions.values()
        }
        self._spawn("cloud", [sys.executable, "-m", "hemascope_cli.local.emulator"], variables | proxies)
        self._wait_for("cloud", f"{self.endpoint}/_ministack/health")

    def _store_code(self) -> None:
        """Lay a zip where the templates expect the functions' code. It is never run: the handlers are processes of ours."""
        note = io.BytesIO()
        with zipfile.ZipFile(note, "w") as archive:
            archive.writestr("README", "On one machine, handlers run in processes of their own.\n")
        s3 = self.client("s3")
        s3.create_bucket(Bucket=_ASSETS)
        s3.put_object(Bucket=_ASSETS, Key="0" * 64 + ".zip", Body=note.getvalue())

    def _spawn_worker(self, folder: str) -> None:
        function: LocalFunction = self._functions[folder]
        described = self.client("lambda").get_function_configuration(FunctionName=function.name)
        variables = described["Environment"]["Variables"] | {"HEMASCOPE_ENDPOINT": self.endpoint}
        if folder == SCREENING or "HEMASCOPE_ARTIFACT" in variables:
            variables["HEMASCOPE_ARTIFACT"] = str(self.artifact)
        if self.enforce_iam:
            variables |= self.credentials_of(folder)
        handler = self.root / "lambdas" / folder / "handler.py"
        # Unbuffered: what a handler prints is in the log at once, as on AWS.
        command = [sys.executable, "-u", "-m", self.worker, str(self._ports[folder]), str(handler)]
        self._spawn(folder, command, variables | self.environment)

    def credentials_of(self, folder: str) -> dict[str, str]:
        """What AWS gives to a function: short-lived keys of its role, as environment variables."""
        given = self.client("sts").assume_role(RoleArn=self.role_of(folder), RoleSessionName="worker")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

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

        wait_until(answered, patience(), f"the {name} to answer")

    def _create_stack(self, name: str, template: Template) -> None:
        formation = self.client("cloudformation")
        # As CDK does it: a template in the request itself may have 51,200 bytes at most.
        file = f"{name}.template.json"
        self.client("s3").put_object(Bucket=_ASSETS, Key=file, Body=json.dumps(accepted(template)).encode())
        url = f"{self.endpoint}/{_ASSETS}/{file}"
        formation.create_stack(StackName=name, TemplateURL=url, Capabilities=["CAPABILITY_NAMED_IAM"])

        def created() -> bool:
            (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
            if stack["StackStatus"].endswith(("FAILED", "ROLLBACK_COMPLETE")):
                raise HemascopeError(f"expected the stack {name}, received {stack.get('StackStatusReason', 'no reason')}")
            if stack["StackStatus"] == "CREATE_COMPLETE":
                self.outputs |= {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
                return True
            return False

        wait_until(created, patience(), f"the stack {name}")

    def _create_mail(self, templates: dict[str, Template]) -> None:
        ses = self.client("ses")
        for template in of_type(templates, "AWS::SES::Template"):
            ses.create_template(Template=template["Template"])

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
