"""Runs a real Lambda handler in processes that are killed, with services that fail; started by ``benchmarks.faults``.

``python -m benchmarks.faulty_worker PORT HANDLER_FILE``, as :mod:`hemascope_cli.local.worker`. A parent imports the
handler once and forks workers, which take events from one socket; a killed worker is replaced. Environment variables set the
faults: ``FAULTS_SEED``, ``FAULTS_ERRORS`` and ``FAULTS_KILLS`` (shares), ``FAULTS_WORKERS``, ``FAULTS_JOURNAL``,
and ``FAULTS_KILL_BEFORE``, the services before whose requests alone a worker is killed.
"""

import os
import random
import signal
import sys
from dataclasses import dataclass, field
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import boto3
import cv2
from botocore.httpsession import URLLib3Session

from hemascope_cli.local.worker import Handler, endpoint, load_handler
from tests.support.boto_faults import Fault, FaultyNetwork

# Most requests that a message takes, so that kills are spread evenly over them.
_REQUESTS = {"screen_smear": 9, "send_notifications": 5, "mail_events": 1}
# Answers of SNS are not lost here: the request would be repeated, in the window that docs/reliability.md describes.
_ANSWERS_KEPT = {"sns"}


@dataclass
class Fate:
    """Faults of one worker: random errors of services, and in some batches a kill."""

    chance: random.Random
    function: str
    errors: float
    kills: float
    kill_before: tuple[str, ...]
    journal: Path
    _left: float = field(default=float("inf"), init=False)  # requests until this worker is killed
    _after: bool = field(default=False, init=False)
    _behind: str = field(default="nothing", init=False)  # the last request that was answered

    def begin(self, messages: int) -> None:
        """Decide about the next batch."""
        self._left, self._after, self._behind = float("inf"), False, "nothing"
        if self.chance.random() < self.kills:
            steps = messages * len(self.kill_before) if self.kill_before else messages * _REQUESTS.get(self.function, 1)
            self._left = self.chance.randint(1, steps)
            self._after = not self.kill_before and self.chance.random() < 0.5

    def request(self, service: str, operation: str) -> Fault | None:
        """Called before each attempt of a request."""
        if not self.kill_before or service in self.kill_before:
            self._left -= 1
            if self._left == 0 and not self._after:
                self.die(f"before {service}.{operation}")
        if self.chance.random() >= self.errors:
            return None
        fault = self.chance.choice([fault for fault in Fault if not (fault.is_done and service in _ANSWERS_KEPT)])
        self._write(f"error {service}.{operation} {fault}")
        return fault

    def answered(self, service: str, operation: str) -> None:
        """Called when a service has answered."""
        self._behind = f"{service}.{operation}"
        if self._left == 0 and self._after:
            self.die(f"after {service}.{operation}")

    def end(self) -> None:
        """Called when the batch is done but not yet acknowledged: the last moment for a kill."""
        if self._left < float("inf") and not self.kill_before:
            self.die("before the answer")

    def die(self, where: str) -> None:
        """Kill this process, without any cleaning up."""
        self._write(f"kill {where} behind {self._behind}")
        os.kill(os.getpid(), signal.SIGKILL)

    def _write(self, what: str) -> None:
        with self.journal.open("a", encoding="utf-8") as journal:  # one short line each: appended whole
            journal.write(f"{self.function} {what}\n")


def work(server: HTTPServer, handler: Handler, function: str, seed: int) -> None:
    """Serve events in one worker process."""
    cv2.setNumThreads(1)
    variables = os.environ
    fate = Fate(
        random.Random(seed),  # noqa: S311 - nothing secret
        function,
        errors=float(variables["FAULTS_ERRORS"]),
        kills=float(variables["FAULTS_KILLS"]),
        kill_before=tuple(filter(None, variables["FAULTS_KILL_BEFORE"].split(","))),
        journal=Path(variables["FAULTS_JOURNAL"]),
    )
    boto3.setup_default_session()
    FaultyNetwork(fate.request, URLLib3Session().send, fate.answered).attach(boto3.DEFAULT_SESSION.events)

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        fate.begin(len(event.get("Records", [1])))
        answer = handler(event, context)
        fate.end()
        return answer

    server.RequestHandlerClass = endpoint(handle)
    server.serve_forever()


def main(port: int, file: Path) -> None:
    """Listen, fork workers, replace those that die."""
    handler, function = load_handler(file), file.parent.name
    server = HTTPServer(("127.0.0.1", port), endpoint(handler))
    server.socket.listen(64)
    seed, alive = int(os.environ["FAULTS_SEED"]), set[int]()
    signal.signal(signal.SIGTERM, lambda *_: _stop(alive))
    while True:
        while len(alive) < int(os.environ["FAULTS_WORKERS"]):
            seed += 1
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                work(server, handler, function, seed * 1000 + sum(function.encode()))
            alive.add(child)
        dead, _ = os.wait()
        alive.discard(dead)


def _stop(alive: set[int]) -> None:
    for child in alive:
        os.kill(child, signal.SIGKILL)
    sys.exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
