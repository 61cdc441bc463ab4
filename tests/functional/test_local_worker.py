"""The process that runs a handler on the local cloud."""

import json
import subprocess
import sys
import urllib.request
from http.client import HTTPConnection
from pathlib import Path

from hemascope_cli.local.cloud import free_port, wait_until

PATIENCE = 100  # seconds; only a test that hangs takes them
CALLERS = 40
WAITING = """
import pathlib, time
def handler(event, context):
    while not pathlib.Path(event["release"]).exists():
        time.sleep(0.01)
    return {"number": event["number"]}
"""


def is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE):
            return True
    except OSError:
        return False


def test_callers_wait_for_their_turn_while_the_handler_is_busy(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(WAITING)
    port, release = free_port(), tmp_path / "release"
    command = [sys.executable, "-m", "hemascope_cli.local.worker", str(port), str(tmp_path / "handler.py")]
    with subprocess.Popen(command) as worker:
        try:
            wait_until(lambda: is_up(port), PATIENCE, "the worker")
            callers = [HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for _ in range(CALLERS)]

            # Nothing is answered before the last one is connected: where the system dropped callers, it would never be.
            for number, caller in enumerate(callers):
                caller.request("POST", "/", json.dumps({"number": number, "release": str(release)}))
            release.touch()

            answers = [json.load(caller.getresponse()) for caller in callers]
            assert [answer["number"] for answer in answers] == list(range(CALLERS))
        finally:
            worker.terminate()
