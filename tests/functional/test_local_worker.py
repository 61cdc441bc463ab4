"""The process that runs a handler on the local cloud."""

import http.client
import json
import socket
import subprocess
import sys
from pathlib import Path

from hemascope_cli.local.cloud import free_port
from tests.support.patience import patience, wait_until

CALLERS = 40
HELD = """
import pathlib, time
def handler(event, context):
    while not pathlib.Path(event["go"]).exists():
        time.sleep(0.01)
    return {"number": event["number"]}
"""


def is_up(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def test_many_callers_at_once_wait_for_their_turn(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(HELD)
    port, go = free_port(), tmp_path / "go"
    command = [sys.executable, "-m", "hemascope_cli.local.worker", str(port), str(tmp_path / "handler.py")]
    callers = [http.client.HTTPConnection("127.0.0.1", port, timeout=patience()) for _ in range(CALLERS)]
    with subprocess.Popen(command) as worker:
        try:
            wait_until(lambda: is_up(port), "the worker")

            # The first event is held until all have called: where they could not wait in line, they would never be connected.
            for number, caller in enumerate(callers):
                caller.request("POST", "/", json.dumps({"number": number, "go": str(go)}))
            go.touch()
            answers = [json.load(caller.getresponse()) for caller in callers]

            assert [answer["number"] for answer in answers] == list(range(CALLERS))
        finally:
            worker.terminate()
            for caller in callers:
                caller.close()
