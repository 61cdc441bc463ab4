"""One measurement of ``benchmarks.cost``, in its own process: the real handler and shipped artifact with in-memory ports.

``python -m benchmarks.smear_work PROCESSORS PICTURE REPEAT`` prints a line when it is ready, and a line of JSON at the end.
"""

import io
import json
import os
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_WARM_UP = 5
SERVICE = "screening_service"  # the handler's function that returns the screening service


@dataclass(frozen=True)
class _Counted:
    """A port that counts its calls by name."""

    port: Any
    calls: Counter[str]

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self.port, name)


def main(processors: int, picture: Path, repeat: int) -> None:
    """Load the handler, print ``ready``, process one picture repeatedly, print the measurements."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:processors])
    output, sys.stdout = sys.stdout, io.StringIO()  # the handler prints its log
    import cv2

    from benchmarks.runtimes.answer import peak_bytes
    from hemascope.domain.specimen import ObjectVersion
    from hemascope.model.artifact import load_artifact
    from hemascope.model.classifier import Classifier
    from hemascope.model.folder import ArtifactFolder
    from hemascope_cli.local.worker import load_handler
    from hemascope_cli.project import artifact_folder
    from tests.support.fakes import World, lambda_context, s3_message, s3_record, sqs_event

    cv2.setNumThreads(processors)
    handler = load_handler(Path(__file__).parent.parent / "lambdas" / "screen_smear" / "handler.py")
    folder = artifact_folder(None)
    world = World(Classifier(load_artifact(folder)), baseline=ArtifactFolder.open(folder).baseline())
    calls = Counter[str]()
    service = world.screening_service()
    ports = {name: _Counted(getattr(service, name), calls) for name in ("pictures", "reports", "ledger", "notifications")}
    registry = _Counted(world.microscopes, calls)
    drift = replace(service.drift, ledger=ports["ledger"], registry=registry)
    replaced = replace(service, **ports, drift=drift, microscopes=replace(service.microscopes, registry=registry))
    handler.__globals__[SERVICE] = lambda: replaced
    print("ready", file=output, flush=True)

    data, times = picture.read_bytes(), list[float]()
    for number in range(_WARM_UP + repeat):
        version = ObjectVersion(bucket="uploads", key=f"smears/st-mary/p/c/scope 1/{number}.jpg", version_id="v1")
        world.pictures.pictures = {version: data}
        world.reports.files.clear()
        calls.clear()
        sys.stdout.seek(0)
        sys.stdout.truncate()
        event = sqs_event(s3_message(s3_record(version.key)))
        begin = time.perf_counter()
        handler(event, lambda_context())
        times.append(1e3 * (time.perf_counter() - begin))
    screening_calls, stored = dict(calls), sum(len(content) for content, _ in world.reports.files.values())

    calls.clear()
    notification = world.notification_service()
    counted = {name: _Counted(getattr(notification, name), calls) for name in ("ledger", "hospitals", "publisher", "mailer")}
    replace(notification, **counted).notify(world.notifications.due[-1])
    measured = {
        "first": times[0],
        "warm": statistics.median(times[_WARM_UP:]),
        "p95": statistics.quantiles(times[_WARM_UP:], n=20)[-1],
        "megabytes": peak_bytes() / 1e6,
        "uploaded": len(data),
        "stored": stored,
        "log_bytes": len(sys.stdout.getvalue()),
        "screening_calls": screening_calls,
        "notification_calls": dict(calls),
    }
    print(json.dumps(measured), file=output, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
