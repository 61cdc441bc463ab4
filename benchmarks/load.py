"""Load test of the whole service on this machine: ``python -m benchmarks.load``; ``--uploads 200`` for a short one.

Smears are uploaded to the local cloud as fast as it accepts them, then some more at half the throughput that it reached. A
latency is the time from just before an upload until its terminal state was recorded in the ledger, by one clock. There is one
worker where AWS would start more, so throughput is that of one container, including the emulator's own time.
"""

import argparse
import os
import re
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.cost import ASSUMPTIONS, MEMORIES, SPARE, billed_ms, lambda_usd, measure, other_services_usd
from hemascope.aws.ledger import DynamoLedger
from hemascope.aws.s3 import upload
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.specimen import Specimen
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope_cli.local.accounts import DEMO_HOSPITAL
from hemascope_cli.local.cloud import SCREENING, LocalCloud, wait_until
from hemascope_cli.local.microscopes import DEMO_MICROSCOPE, register_demo_microscope
from hemascope_cli.project import artifact_folder
from infra import prices

ROOT = Path(__file__).resolve().parent.parent
SENDERS = 4
SMEARS = 20  # different ones, sent again and again under other names
_MINUTES = 20  # after the last upload, before the run counts as failed


@dataclass
class Sent:
    """What was uploaded: time of each object id, and its ledger row."""

    moments: dict[str, datetime] = field(default_factory=dict)
    rows: dict[str, LedgerRow] = field(default_factory=dict)

    @property
    def latencies(self) -> list[float]:
        """Seconds from upload to report, of each."""
        return [(row.finished_at - self.moments[key]).total_seconds() for key, row in self.rows.items()]

    @property
    def throughput(self) -> float:
        """Smears a second, from the first upload to the last report."""
        last = max(row.finished_at for row in self.rows.values())
        return len(self.rows) / (last - min(self.moments.values())).total_seconds()


def send(cloud: LocalCloud, run: str, count: int, pace: float | None) -> Sent:
    """Upload at ``pace`` smears a second, or as fast as possible; wait for the terminal state of each."""
    pictures = [encode_jpeg(draw_synthetic_smear(seed, side=224, cells=seed % 12)) for seed in range(SMEARS)]
    bucket, sent, begin = cloud.outputs["UploadsBucket"], Sent(), time.monotonic()
    clients = threading.local()

    def send_smear(number: int) -> None:
        if not hasattr(clients, "s3"):
            clients.s3 = cloud.client("s3")
        if pace:
            time.sleep(max(0.0, begin + number / pace - time.monotonic()))
        specimen = Specimen(
            hospital=DEMO_HOSPITAL,
            patient=f"p{number % 50}",
            slide=run,
            microscope=DEMO_MICROSCOPE,
            field=f"{number}.jpg",
        )
        moment = datetime.now(UTC)
        sent.moments[upload(clients.s3, bucket, specimen, pictures[number % SMEARS]).object_id] = moment

    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(send_smear, range(count)))
    table = DynamoLedger(cloud.client("dynamodb"), cloud.outputs["LedgerTable"])
    model = "/".join(cloud.artifact.parts[-2:])

    def all_done() -> bool:
        missing = [key for key in sent.moments if key not in sent.rows]
        sent.rows |= table.find_all(missing, model)
        time.sleep(0.5)
        return len(sent.rows) == len(sent.moments)

    wait_until(all_done, _MINUTES * 60, f"terminal states of {count} smears")
    return sent


@contextmanager
def memory_watched(cloud: LocalCloud, seconds: float = 1.0) -> Iterator[dict[str, list[float]]]:
    """Resident memory of the cloud and of the screening worker in MB, sampled regularly."""
    seen: dict[str, list[float]] = {name: [] for name in ("cloud", SCREENING)}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(seconds):
            for name, held in seen.items():
                status = Path(f"/proc/{cloud.process_ids()[name]}/status").read_text()
                held.append(int(status.split("VmRSS:")[1].split()[0]) / 1e3)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def deliveries_beyond_the_first(log: str) -> int:
    """Number of smears that were processed, or found processed, by a later delivery of their message."""
    return sum(int(count) > 1 for count in re.findall(r'"receives":\s*(\d+)', log))


def latency_table(runs: dict[str, Sent]) -> list[str]:
    """Lines of Markdown: throughput and percentiles of each run, ratios to the first run's median."""
    lines = ["| uploads | smears | reports / s | p50 s | p95 s | p99 s | p50, ratio |", "| --- " * 7 + "|"]
    first = statistics.median(next(iter(runs.values())).latencies)
    for name, sent in runs.items():
        percent = statistics.quantiles(sent.latencies, n=100)
        cells = [f"{percent[at - 1]:.2f}" for at in (50, 95, 99)]
        lines.append(
            f"| {name} | {len(sent.rows)} | {sent.throughput:.1f} | {' | '.join(cells)} | "
            f"{statistics.median(sent.latencies) / first:.3f} |"
        )
    return lines


def memory_table(seen: dict[str, list[float]], parts: int = 5) -> list[str]:
    """Lines of Markdown: memory at the end of each fifth of the run."""
    heads = [f"{100 * (part + 1) // parts} %" for part in range(parts)]
    lines = [f"| MB of memory | {' | '.join(heads)} | most |", "| --- " * (parts + 2) + "|"]
    for name, held in seen.items():
        ends = [held[max(0, len(held) * (part + 1) // parts - 1)] for part in range(parts)]
        lines.append(f"| {name} | {' | '.join(f'{end:.0f}' for end in ends)} | {max(held):.0f} |")
    return lines


def cost_table() -> list[str]:
    """Lines of Markdown: what 1,000 smears of this size cost, from the handler's own time on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "224.jpg"
        picture.write_bytes(encode_jpeg(draw_synthetic_smear(1, side=224)))
        runs = {processors: measure(picture, processors, 60) for processors in (1, 2)}
    calls = sum(runs[1]["screening_calls"].values())
    others = sum(other_services_usd(runs[1]).values())
    heads = ("memory MB", "billed ms", *(f"{architecture} USD" for architecture in prices.GB_SECOND), "other services USD")
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for memory in (memory for memory in MEMORIES if memory >= SPARE * max(run["megabytes"] for run in runs.values())):
        milliseconds = billed_ms({processors: run["warm"] for processors, run in runs.items()}, calls, memory)
        usd = [f"{lambda_usd(milliseconds, memory, architecture):.4f}" for architecture in prices.GB_SECOND]
        lines.append(f"| {memory} | {milliseconds:.0f} | {' | '.join(usd)} | {others:.4f} |")
    return lines


def main() -> None:
    """Run both, print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=2000)
    parser.add_argument("--artifact", type=Path, default=None)
    options = parser.parse_args()
    artifact = artifact_folder(options.artifact).resolve()
    with LocalCloud(ROOT, artifact) as cloud:
        register_demo_microscope(cloud)
        send(cloud, "warm", 10, None)
        with memory_watched(cloud) as seen:
            burst = send(cloud, "burst", options.uploads, None)
            pace = burst.throughput / 2
            paced = send(cloud, "paced", max(20, options.uploads // 5), pace)
        ends = Counter(row.state for sent in (burst, paced) for row in sent.rows.values())
        again = deliveries_beyond_the_first(cloud.log())
    print(
        f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}, {artifact.parent.name} {artifact.name}; ", end=""
    )
    print(f"terminal states: {', '.join(f'{count} {state}' for state, count in sorted(ends.items()))}; ", end="")
    print(f"messages delivered again: {again}\n")
    print("\n".join(latency_table({"as fast as possible": burst, f"{pace:.1f} a second": paced})), "\n")
    print("\n".join(memory_table(seen)), "\n")
    print("List price of 1,000 smears of 224 x 224:\n")
    print("\n".join(cost_table()))
    print(f"\n{ASSUMPTIONS}")


if __name__ == "__main__":
    main()
