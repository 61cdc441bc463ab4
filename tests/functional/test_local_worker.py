"""The process that runs a handler on the local cloud."""

import json
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hemascope_cli.local.cloud import free_port, wait_until

SLOW = "import time\ndef handler(event, context):\n    time.sleep(0.02)\n    return {'number': event['number']}\n"


def ask(port: int, number: int) -> dict[str, int]:
    body = json.dumps({"number": number}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", data=body, timeout=10) as answer:
        return json.load(answer)


def is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1):
            return True
    except OSError:
        return False


def test_many_callers_at_once_wait_for_their_turn(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(SLOW)
    port = free_port()
    command = [sys.executable, "-m", "hemascope_cli.local.worker", str(port), str(tmp_path / "handler.py")]
    with subprocess.Popen(command) as worker, ThreadPoolExecutor(40) as callers:
        try:
            wait_until(lambda: is_up(port), 30, "the worker")
            begin = time.monotonic()

            answers = list(callers.map(lambda number: ask(port, number), range(40)))

            assert [answer["number"] for answer in answers] == list(range(40))
            # 0.8 s of work, one after the other; a caller that is dropped would come again after 1, 3, 7 s.
            assert time.monotonic() - begin < 2.5
        finally:
            worker.terminate()
