"""Uploads of the microscope agent with an unreliable network and power supply: each picture must arrive intact, exactly once.

``python -m benchmarks.microscope`` runs the agent in its own process against the embedded cloud's S3, through a proxy that cuts
connections every few seconds, also after S3 has stored an object and before it has answered. The process is killed ten times.
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.cutting_proxy import CuttingProxy
from hemascope.aws.client import client
from hemascope.domain.errors import HemascopeError
from hemascope_cli.local.cloud import REGION, free_port, wait_until
from hemascope_cli.microscope.simulate import simulate

BUCKET, PREFIX = "uploads", "smears/st-mary/p-7/c-1/"


@dataclass(frozen=True)
class Trial:
    """Result: digests of the files and, for each object version, its key and the digest of its content."""

    files: frozenset[str]
    versions: tuple[tuple[str, str], ...]
    kills: int
    cuts: Counter[str]
    exit_status: int
    already_there: int
    seconds: float

    @property
    def arrived_once(self) -> bool:
        """Whether each file is one object with one version and equal content."""
        keys, contents = [key for key, _ in self.versions], [content for _, content in self.versions]
        return len(set(keys)) == len(keys) and sorted(contents) == sorted(self.files) and self.exit_status == 0


@contextmanager
def embedded_s3() -> Iterator[tuple[int, Any]]:
    """An S3 with one bucket that keeps versions: its port on loopback and a client that goes there directly."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "HEMASCOPE_"))}
    environment |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    command = [sys.executable, "-m", "hemascope_cli.local.emulator"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        s3 = client("s3", f"http://127.0.0.1:{port}", REGION, attempts=1)
        wait_until(lambda: _makes_bucket(s3), 60, "the embedded S3")
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield port, s3
    finally:
        process.kill()
        process.wait()


def _makes_bucket(s3: Any) -> bool:
    try:
        s3.create_bucket(Bucket=BUCKET)
    except (BotoCoreError, ClientError):  # it does not listen or answer yet
        return False
    return True


def start_slide(folder: Path, outbox: Path) -> None:
    """Start the slide to which the pictures belong, while no agent runs; it stays started until it is stopped."""
    names = ["--hospital", "st-mary", "--patient", "p-7", "--slide", "c-1"]
    where = ["--watch", str(folder), "--outbox", str(outbox)]
    subprocess.run(
        [sys.executable, "-m", "hemascope_cli", "microscope", "start", *where, *names], check=True, capture_output=True
    )


def agent_command(folder: Path, outbox: Path, port: int, *more: str) -> list[str]:
    """Command line of the agent, with short pauses."""
    names = ["--hospital", "st-mary", "--bucket", BUCKET]
    where = ["--watch", str(folder), "--outbox", str(outbox), "--endpoint", f"http://127.0.0.1:{port}"]
    quick = ["--settle", "0.2", "--poll", "0.1", "--longest-pause", "0.5"]
    return [sys.executable, "-m", "hemascope_cli", "microscope", *where, *names, *quick, *more]


def stored(s3: Any) -> list[dict[str, str]]:
    """All versions in the bucket."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET)
    return [version for page in pages for version in page.get("Versions", [])]


def run_trial(
    pictures: int, kills: int, every: float, *, up: float = 2.0, down: float = 0.5, cut: float = 0.1, seed: int = 1
) -> Trial:
    """Write pictures while the network drops and the agent is killed; then let it finish.

    Parameters
    ----------
    every
        Seconds from one picture to the next.
    up, down
        Of the network, in seconds.
    cut
        Share of answers that are lost; of pieces of requests, half of it are cut.
    """
    started, chance = time.monotonic(), random.Random(seed)  # noqa: S311 - of a trial
    with (
        tempfile.TemporaryDirectory() as place,
        embedded_s3() as (port, s3),
        CuttingProxy(port, seed, up, down, cut, cut / 2) as proxy,
    ):
        folder, outbox = Path(place) / "pictures", Path(place) / "outbox.sqlite"
        folder.mkdir()
        start_slide(folder, outbox)
        drawing = Thread(target=simulate, args=(folder, pictures, every, Event(), 192), daemon=True)
        drawing.start()
        log = (Path(place) / "log").open("wb")
        with log:
            for number in range(kills):
                process = subprocess.Popen(agent_command(folder, outbox, proxy.port), stdout=log, stderr=log)
                enough = (number + 1) * pictures // (kills + 1)
                wait_until(lambda enough=enough: len(stored(s3)) >= enough, 300, f"{enough} objects")  # type: ignore[misc]
                time.sleep(chance.uniform(0, 0.3))
                process.kill()
                if process.wait() != -9:
                    raise HemascopeError(f"expected an agent that runs until it is killed: {_tail(Path(place))}")
            drawing.join()
            end = subprocess.run(
                agent_command(folder, outbox, proxy.port, "--once"), stdout=log, stderr=log, timeout=600, check=False
            )
        return Trial(
            files=frozenset(hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("*.jpg")),
            versions=tuple((version["Key"], _digest(s3, version)) for version in stored(s3)),
            kills=kills,
            cuts=proxy.cuts,
            exit_status=end.returncode,
            already_there=_already_there(outbox),
            seconds=time.monotonic() - started,
        )


def _tail(place: Path) -> str:
    return (place / "log").read_text(errors="replace")[-2000:]


def _digest(s3: Any, version: dict[str, str]) -> str:
    answer = s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    return hashlib.sha256(answer["Body"].read()).hexdigest()


def _already_there(outbox: Path) -> int:
    """How often S3 said that a picture is there already: an answer was lost, or the process killed before it was noted."""
    import sqlite3

    base = sqlite3.connect(outbox)
    try:
        (count,) = base.execute("SELECT count(*) FROM pictures WHERE object_id IS NULL").fetchone()
    finally:
        base.close()
    return int(count)


def main() -> int:
    """Run at full size and print the result; return 1 if a picture was lost, duplicated or damaged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--every", type=float, default=0.1, help="seconds from one picture to the next")
    options = parser.parse_args()
    trial = run_trial(options.pictures, options.kills, options.every)
    contents = Counter(content for _, content in trial.versions)
    rows = {
        "pictures written": len(trial.files),
        "objects": len({key for key, _ in trial.versions}),
        "versions": len(trial.versions),
        "lost": len(trial.files - contents.keys()),
        "double": sum(contents.values()) - len(contents),
        "checksums that differ": len(contents.keys() - trial.files),
        "agent killed": trial.kills,
        **{f"cut: {name}": count for name, count in sorted(trial.cuts.items())},
        "already there at a second attempt": trial.already_there,
        "seconds": round(trial.seconds),
    }
    print("".join(f"{name:<36}{value:>8}\n" for name, value in rows.items()), end="")
    print("each arrived once, intact" if trial.arrived_once else "NOT each arrived once and intact")
    return 0 if trial.arrived_once else 1


if __name__ == "__main__":
    sys.exit(main())
