"""Cost of 1,000 smears: ``python -m benchmarks.cost``, from the handler's time and memory on this machine.

``benchmarks.smear_work`` measures with one and with two processors. What can't be measured here is listed under
``ASSUMPTIONS``, which are printed with the tables.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2

from benchmarks.screening import image_variables
from hemascope.domain.drift_chart import ROWS
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.runtime.metrics import Metric
from infra import prices

ROOT = Path(__file__).resolve().parent.parent
PICTURES = {"224 x 224": (224, 224), "2592 x 1944": (2592, 1944)}
MEMORIES = (512, 1024, 1769, 3538)
# Lambda gives processors in proportion to memory; https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
PROCESSOR_MB = 1769
WAIT_MS = 20.0  # for the answer of AWS to one call
DELIVERY_MB = 256
KMS_REQUESTS = 10  # for a single smear no data key is cached
PLATFORM_LOG_BYTES = 400  # logged by Lambda itself for each call
SQS_AROUND = 5  # S3 sends; each of two queues is read and cleared
POLLS_MONTH = 5 * 3 * 60 * 24 * 30  # five pollers for each queue, each with long polls of twenty seconds
INDEXES = 4  # of the ledger; each is written with the row
ROW_KB = 0.85  # of a field that its microscope's chart counts
SPARE = 1.5  # times the peak: pictures may be larger than those measured
ASSUMPTIONS = f"""\
Assumptions: a processor of Lambda is as fast as one of this machine, on both architectures; below {PROCESSOR_MB} MB the time
grows in inverse proportion to memory; AWS answers a call within {WAIT_MS:.0f} ms; each batch has one message; no data key is
cached; a start slows down like other work, and Lambda has cached the image. Memory below {SPARE} times the peak is left out.
Prices: list prices, {prices.REGION}, {prices.AS_OF}, without free tier. The portal is not included."""

_CALLS = {
    "read": prices.S3_READ,
    "write_once": prices.S3_WRITE,
    "find": prices.DYNAMODB_READ,
    "is_forgotten": prices.DYNAMODB_READ,
    "rows_by_microscope": ROWS * ROW_KB / 4 / 2 * prices.DYNAMODB_READ,  # of an index, eventually consistent
    "finish": (1 + INDEXES) * prices.DYNAMODB_WRITE,
    "settings_of": prices.DYNAMODB_READ,
    "claim_channel": (1 + INDEXES) * prices.DYNAMODB_WRITE,
    "complete_channel": (1 + INDEXES) * prices.DYNAMODB_WRITE,
    "set_notification": (1 + INDEXES) * prices.DYNAMODB_WRITE,
    "put": prices.SQS_REQUEST,
    "publish": prices.SNS_PUBLISH,
    "send": prices.SES_MAIL,
}


def billed_ms(work: Mapping[int, float], calls: int, memory_mb: int) -> float:
    """Milliseconds that Lambda bills for work of ``work[processors]`` milliseconds on this machine that waits for ``calls``."""
    processors = 2 if memory_mb >= 2 * PROCESSOR_MB else 1
    return work[processors] * max(1.0, PROCESSOR_MB / memory_mb) + calls * WAIT_MS


def lambda_usd(milliseconds: float, memory_mb: int, architecture: str) -> float:
    """Price of 1,000 calls."""
    return 1000 * (milliseconds / 1e3 * memory_mb / 1024 * prices.GB_SECOND[architecture] + prices.LAMBDA_CALL)


def other_services_usd(measured: Mapping[str, Any]) -> dict[str, float]:
    """Price of 1,000 smears outside of the screening function, by service."""
    usd: Counter[str] = Counter()
    usd["S3, upload"] += prices.S3_WRITE
    usd["SQS"] += SQS_AROUND * prices.SQS_REQUEST
    names = {"read": "S3, reports", "write_once": "S3, reports", "put": "SQS", "publish": "SNS", "send": "SES"}
    for calls in (measured["screening_calls"], measured["notification_calls"]):
        for call, number in calls.items():
            usd[names.get(call, "DynamoDB")] += number * _CALLS[call]
    usd["KMS"] += KMS_REQUESTS * prices.KMS_REQUEST
    usd["logs"] += (2 * measured["log_bytes"] + 2 * PLATFORM_LOG_BYTES) / 1e9 * prices.LOG_GB
    usd["traces"] += 2 * prices.XRAY_TRACE
    each = {service: 1000 * price for service, price in usd.items()}
    waiting = billed_ms({1: 0.0}, sum(measured["notification_calls"].values()), DELIVERY_MB)
    return each | {"notification function": lambda_usd(waiting, DELIVERY_MB, "x86_64")}


def standing_usd(templates: Path) -> dict[str, float]:
    """Price of a month without a smear, counted in the committed templates."""
    resources = [
        resource for file in templates.glob("*.json") for resource in json.loads(file.read_text())["Resources"].values()
    ]
    kinds = Counter(resource["Type"].removeprefix("AWS::") for resource in resources)
    alarms = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::CloudWatch::Alarm"]
    alarm_metrics = sum(sum("MetricStat" in part for part in alarm.get("Metrics", ())) or 1 for alarm in alarms)
    return {
        f"{kinds['KMS::Key']} keys": kinds["KMS::Key"] * prices.KMS_KEY_MONTH,
        f"{len(alarms)} alarms on {alarm_metrics} metrics, {kinds['CloudWatch::CompositeAlarm']} on alarms": alarm_metrics
        * prices.ALARM_METRIC_MONTH
        + kinds["CloudWatch::CompositeAlarm"] * prices.COMPOSITE_ALARM_MONTH,
        f"{len(Metric)} custom metrics": len(Metric) * prices.METRIC_MONTH,
        f"{kinds['CloudWatch::Dashboard']} dashboard": kinds["CloudWatch::Dashboard"] * prices.DASHBOARD_MONTH,
        f"{kinds['Lambda::EventSourceMapping']} queues, polled all the time": kinds["Lambda::EventSourceMapping"]
        * POLLS_MONTH
        * prices.SQS_REQUEST,
    }


def measure(picture: Path, processors: int, repeat: int) -> dict[str, Any]:
    """Measure in another process; ``start`` is the time until it could take a smear."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.smear_work", str(processors), str(picture), str(repeat)]
    environment = os.environ | image_variables()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n", "expected the handler to load"
        start = 1e3 * (time.perf_counter() - begin)
        return {**json.loads(child.stdout.read()), "start": start}


def main() -> None:
    """Measure and print the tables, in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=100)
    options = parser.parse_args()
    found: dict[str, dict[int, dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, size in PICTURES.items():
            path = Path(folder) / f"{size[0]}.jpg"
            path.write_bytes(encode_jpeg(cv2.resize(draw_synthetic_smear(1, side=min(size), cells=9), size)))
            measure(path, 1, 2)  # fills the file caches, so that measured starts are alike
            found[name] = {processors: measure(path, processors, options.repeat) for processors in (1, 2)}
    _print_measured(found, options.repeat)
    _print_screening(found)
    _print_others(found)
    print(f"\n{ASSUMPTIONS}")


def _print_measured(found: dict[str, dict[int, dict[str, Any]]], repeat: int) -> None:
    print(f"Measured, {repeat} warm calls each; ratio to one processor:\n")
    print("| picture | processors | start ms | first ms | warm ms | p95 ms | ratio | peak MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, runs in found.items():
        for processors, run in runs.items():
            times = " | ".join(f"{run[key]:.0f}" for key in ("start", "first", "warm", "p95"))
            print(f"| {name} | {processors} | {times} | {run['warm'] / runs[1]['warm']:.2f} | {run['megabytes']:.0f} |")


def _print_screening(found: dict[str, dict[int, dict[str, Any]]]) -> None:
    print("\nScreening function, USD for 1,000 smears; cold: with a cold start for every smear:\n")
    print("| picture | memory MB | billed ms | x86_64 | arm64 | cold ms | x86_64, cold | arm64, cold |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, runs in found.items():
        calls = sum(runs[1]["screening_calls"].values())
        warm = {processors: run["warm"] for processors, run in runs.items()}
        cold = {processors: run["start"] + run["first"] for processors, run in runs.items()}
        peak = max(run["megabytes"] for run in runs.values())
        for memory in (memory for memory in MEMORIES if memory >= SPARE * peak):
            cells = []
            for work in (warm, cold):
                milliseconds = billed_ms(work, calls, memory)
                usd = [f"{lambda_usd(milliseconds, memory, architecture):.4f}" for architecture in prices.GB_SECOND]
                cells += [f"{milliseconds:.0f}", *usd]
            print(f"| {name} | {memory} | {' | '.join(cells)} |")


def _print_others(found: dict[str, dict[int, dict[str, Any]]]) -> None:
    others = other_services_usd(next(iter(found.values()))[1])
    print("\nOther services, USD for 1,000 smears:\n\n| service | USD |\n| --- | --- |")
    for service, usd in (*others.items(), ("total", sum(others.values()))):
        print(f"| {service} | {usd:.4f} |")
    print("\nStorage of 1,000 smears and their reports for a month:\n\n| picture | MB a smear | USD |\n| --- | --- | --- |")
    for name, runs in found.items():
        size = runs[1]["uploaded"] + runs[1]["stored"]
        print(f"| {name} | {size / 1e6:.2f} | {1000 * size / 1e9 * prices.S3_GB_MONTH:.4f} |")
    standing = standing_usd(ROOT / "infra" / "templates")
    print("\nFixed cost, USD a month:\n\n| what | USD |\n| --- | --- |")
    for what, usd in (*standing.items(), ("total", sum(standing.values()))):
        print(f"| {what} | {usd:.2f} |")


if __name__ == "__main__":
    main()
