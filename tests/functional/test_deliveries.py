"""What the embedded cloud does with a queue's messages while a function's process works on them, is busy, or is not there.

The process is a server of the test, which holds an event in its hands until the test lets go: nothing depends on speed.
"""

import io
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import boto3
import pytest

from hemascope_cli.local.cloud import REGION, free_port
from hemascope_cli.local.deliveries import batches_at_once
from tests.support.patience import patience, wait_until

pytestmark = pytest.mark.local_cloud

NAMES = ("first", "second")
BATCH = 4
RECEIVES = 2  # deliveries before a message is dead


@dataclass
class Process:
    """What stands behind a function: takes events, and answers each when the test lets it."""

    port: int
    calls: list[dict[str, Any]] = field(default_factory=list)
    deadlines: list[int] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)
    status: int = 200

    def __enter__(self) -> Self:
        process = self

        class Endpoint(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                process.calls.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                process.deadlines.append(int(self.headers["X-Amzn-Lambda-Deadline-Ms"]))
                process.go.wait(patience())
                self.send_response(process.status)
                self.end_headers()
                self.wfile.write(b'{"batchItemFailures": []}')

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Endpoint)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for call in self.calls for record in call["Records"]]


@dataclass(frozen=True)
class Emulator:
    """An embedded cloud with two functions, each behind a queue with a dead-letter queue."""

    sqs: Any
    ports: dict[str, int]

    def url(self, name: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def send(self, name: str, count: int) -> None:
        for number in range(count):
            self.sqs.send_message(QueueUrl=self.url(name), MessageBody=f"message {number}")

    def messages(self, name: str) -> tuple[int, int]:
        """How many are visible, and how many are in somebody's hands."""
        asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        notified = self.sqs.get_queue_attributes(QueueUrl=self.url(name), AttributeNames=asked)["Attributes"]
        return int(notified[asked[0]]), int(notified[asked[1]])

    def received_by_others(self, name: str) -> list[Any]:
        received: list[Any] = self.sqs.receive_message(QueueUrl=self.url(name), MaxNumberOfMessages=10).get("Messages", [])
        return received


def code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", "")
    return packed.getvalue()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Messages are visible again at once, where nothing holds them: a visibility timeout of zero seconds."""
    tmp_path = tmp_path_factory.mktemp("emulator")
    port, ports = free_port(), {name: free_port() for name in NAMES}
    variables = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    variables |= {f"MINISTACK_LAMBDA_PROXY_{name}": f"http://127.0.0.1:{listening}/" for name, listening in ports.items()}
    command = [sys.executable, "-m", "hemascope_cli.local.emulator"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | variables, cwd=tmp_path, stdout=log, stderr=log)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{endpoint}/_ministack/health"), "the emulator")
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        sqs, functions = (boto3.client(name, endpoint_url=endpoint, region_name=REGION, **keys) for name in ("sqs", "lambda"))
        for name in NAMES:
            arns = {}
            for queue in (f"{name}-dead-letters", name):
                url = sqs.create_queue(QueueName=queue, Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
                arns[queue] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            redrive = {"deadLetterTargetArn": arns[f"{name}-dead-letters"], "maxReceiveCount": RECEIVES}
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(redrive)})
            functions.create_function(
                FunctionName=name,
                Runtime="python3.12",
                Role="arn:aws:iam::000000000000:role/any",
                Handler="handler.handler",
                Code={"ZipFile": code()},
                Timeout=1,
            )
            functions.create_event_source_mapping(
                FunctionName=name,
                EventSourceArn=arns[name],
                BatchSize=BATCH,
                ScalingConfig={"MaximumConcurrency": 10},
                FunctionResponseTypes=["ReportBatchItemFailures"],
            )
        yield Emulator(sqs, ports)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def emulator(started: Emulator) -> Emulator:
    """The same with empty queues."""
    for name in NAMES:
        for queue in (name, f"{name}-dead-letters"):
            started.sqs.purge_queue(QueueUrl=started.url(queue))
    return started


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=patience()):
            return True
    except OSError:
        return False


def test_a_message_that_is_worked_on_is_delivered_to_nobody_else_however_long_it_takes(emulator: Emulator) -> None:
    with Process(emulator.ports["first"]) as process:
        emulator.send("first", 1)
        wait_until(lambda: bool(process.calls), "the event")

        received = emulator.received_by_others("first")

        process.go.set()
        wait_until(lambda: emulator.messages("first") == (0, 0), "an empty queue")
        assert received == []
        assert [record["attributes"]["ApproximateReceiveCount"] for record in process.records] == ["1"]
        assert emulator.messages("first-dead-letters") == (0, 0)


def test_messages_wait_in_their_queue_and_not_before_a_busy_process(emulator: Emulator) -> None:
    with Process(emulator.ports["first"]) as process, Process(emulator.ports["second"]) as other:
        other.go.set()
        emulator.send("first", 3 * BATCH)
        wait_until(lambda: bool(process.calls), "the event")
        emulator.send("second", 1)
        wait_until(lambda: bool(other.calls), "the other function's event: the emulator has looked at its queues again")

        calls, waiting = len(process.calls), sum(emulator.messages("first"))

        process.go.set()
        wait_until(lambda: emulator.messages("first") == (0, 0), "an empty queue")
        assert (calls, waiting) == (1, 3 * BATCH)
        assert [record["attributes"]["ApproximateReceiveCount"] for record in process.records] == ["1"] * 3 * BATCH
        assert emulator.messages("first-dead-letters") == (0, 0)


def test_a_process_that_has_not_started_costs_no_message_a_delivery(emulator: Emulator) -> None:
    emulator.send("first", 1)
    for _ in range(RECEIVES + 1):
        with Process(emulator.ports["second"]) as other:
            other.go.set()
            emulator.send("second", 1)
            wait_until(lambda: emulator.messages("second") == (0, 0), "the other function's event")  # the queues were looked at

    with Process(emulator.ports["first"]) as process:
        process.go.set()
        wait_until(lambda: emulator.messages("first") == (0, 0), "an empty queue")

        assert [record["attributes"]["ApproximateReceiveCount"] for record in process.records] == ["1"]
        assert emulator.messages("first-dead-letters") == (0, 0)


def test_a_message_that_fails_each_time_is_delivered_as_often_as_its_queue_says_and_dies(emulator: Emulator) -> None:
    with Process(emulator.ports["first"], status=500) as process:
        process.go.set()
        emulator.send("first", 1)

        wait_until(lambda: emulator.messages("first-dead-letters") == (1, 0), "a dead letter")

        receives = [record["attributes"]["ApproximateReceiveCount"] for record in process.records]
        assert receives == [str(number + 1) for number in range(RECEIVES)]


def test_a_call_is_not_given_up_while_its_process_works_on_it(emulator: Emulator) -> None:
    with Process(emulator.ports["first"]) as process:
        process.go.set()
        emulator.send("first", 1)

        wait_until(lambda: bool(process.deadlines), "the event")

        # The function's timeout of a second is what the emulator would wait for.
        assert process.deadlines[0] / 1000 > time.time() + 3600


@pytest.mark.parametrize(
    ("known", "running", "listening", "url", "batches"),
    [(10, 0, True, "process", 1), (10, 1, True, "process", 1), (10, 0, False, "process", 0), (5, 0, False, None, 5)],
)
def test_as_many_batches_are_in_hand_as_there_are_processes(
    known: int, running: int, listening: bool, url: str | None, batches: int
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/" if url else None

    if listening:
        with Process(port):
            assert batches_at_once(known, running, address) == batches
    else:
        assert batches_at_once(known, running, address) == batches


def test_several_processes_take_a_batch_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMASCOPE_LOCAL_WORKERS", "3")

    assert batches_at_once(10, 1, "http://127.0.0.1:1/") == 3
    assert batches_at_once(2, 1, "http://127.0.0.1:1/") == 2
