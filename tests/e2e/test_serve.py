"""``hemascope serve`` as a process: what it starts, writes and leaves behind."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hemascope.aws.client import client
from hemascope_cli.local.cloud import REGION
from tests.support.patience import patience, wait_until

pytestmark = pytest.mark.local_cloud


@dataclass(frozen=True)
class Served:
    """A running ``hemascope serve``, and what it printed at its start."""

    process: subprocess.Popen[str]
    text: str

    @property
    def endpoint(self) -> str:
        found = re.search(r"AWS_ENDPOINT_URL=(\S+)", self.text)
        assert found
        return found[1]

    @property
    def pages(self) -> str:
        found = re.search(r"^  (http://\S+)$", self.text, re.MULTILINE)
        assert found
        return found[1]


@contextmanager
def serving(mails: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "hemascope_cli", "serve", "--port", "0", "--pages", "0", "--mails", str(mails)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Served(process, _read_start(process))
        finally:
            process.terminate()


def _read_start(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    lines = []
    for line in process.stdout:  # ends where the process does
        lines.append(line)
        if line.startswith("Ctrl-C"):
            return "".join(lines)
    assert process.stderr
    pytest.fail(f"it ended: {''.join(lines)}{process.stderr.read()}")


def children_of(parent: int) -> set[int]:
    """Ids of all processes below a process."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(int(number) for number in line.split()) for line in table.splitlines()]
    found, frontier = set[int](), {parent}
    while frontier:
        frontier = {child for child, above in pairs if above in frontier} - found
        found |= frontier
    return found


def running(processes: set[int]) -> set[int]:
    table = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True).stdout
    return processes & {int(line) for line in table.splitlines()}


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_with_all_its_processes(tmp_path: Path, name: str) -> None:
    with serving(tmp_path / "mails") as served:
        children = children_of(served.process.pid)

        served.process.send_signal(getattr(signal, name))
        out, err = served.process.communicate(timeout=patience())

    assert len(children) > 2
    assert running(children) == set()
    assert (served.process.returncode, err) == (0, "")
    assert "nothing is left running" in out


def test_a_second_one_is_refused_in_a_sentence_and_mails_can_be_opened(tmp_path: Path) -> None:
    with serving(tmp_path / "mails") as served:
        for option, port in (("--port", served.endpoint.rsplit(":", 1)[1]), ("--pages", served.pages.rsplit(":", 1)[1])):
            other = "--pages" if option == "--port" else "--port"
            again = subprocess.run(
                [sys.executable, "-m", "hemascope_cli", "serve", option, port, other, "0", "--mails", str(tmp_path)],
                capture_output=True,
                text=True,
                check=False,
                timeout=patience(),
            )
            assert again.returncode == 1
            assert again.stderr.startswith(f"hemascope: port {port} of 127.0.0.1 can't be used (Address already in use): ")
            assert again.stderr.endswith(f"or choose another port with {option}\n")
            assert len(again.stderr.splitlines()) == 1

        ses = client("ses", served.endpoint, REGION)
        ses.verify_email_identity(EmailAddress="service@hospital.example")
        ses.send_email(
            Source="service@hospital.example",
            Destination={"ToAddresses": ["clinician@hospital.example"]},
            Message={"Subject": {"Data": "A report"}, "Body": {"Text": {"Data": "text"}, "Html": {"Data": "<p>page</p>"}}},
        )
        wait_until(lambda: len(list((tmp_path / "mails").iterdir())) == 2, "a mail")

        assert served.process.poll() is None
    assert f"Mails are written to {tmp_path / 'mails'}/" in served.text
    (page,) = (tmp_path / "mails").glob("*.html")
    assert page.read_text() == "<p>page</p>"
    (message,) = (tmp_path / "mails").glob("*.eml")
    assert b"Subject: A report" in message.read_bytes()
