"""The local cloud's emulator alone, without stacks and workers, for tests of one adapter."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from hemascope_cli.local.cloud import LocalCloud, free_port, wait_until

_LONG = 120  # seconds: only a limit against hanging


@contextmanager
def emulator() -> Iterator[str]:
    """Start it; yield its endpoint; stop it."""
    port = free_port()
    # The last two are listeners that ignore BIND_HOST.
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "hemascope_cli.local.emulator"],
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, "expected the emulator to start, it ended"
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=_LONG):
                return True
        except OSError:
            return False

    try:
        wait_until(answers, _LONG, "the emulator to answer")
        yield endpoint
    finally:
        process.terminate()
        process.wait(_LONG)


def allow_batches(cloud: LocalCloud) -> None:
    """The emulator has an action of its own for batches of messages; on AWS ``sqs:SendMessage`` allows them, too."""
    allowed = {"Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": "*"}
    cloud.client("iam").put_role_policy(
        RoleName=cloud.role_of("microscope_jobs").rsplit("/", 1)[1],
        PolicyName="emulated",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
