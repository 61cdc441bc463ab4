"""Grammar of the operators' commands, and the way from their options to a deployment."""

import argparse
import re
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # boto3 is loaded when a command runs, not when the grammar is built
    from hemascope.domain.report import State
    from hemascope.domain.specimen import ObjectVersion, Patient
    from hemascope_cli.operations.deployment import Deployment

_MODEL = re.compile(r"[a-z0-9-]+/\d+\.\d+\.\d+")
# Option -> the output of a stack that it stands for.
_NAMES = {
    "uploads": ("UploadsBucket", "uploads bucket"),
    "reports": ("ReportsBucket", "reports bucket"),
    "ledger": ("LedgerTable", "ledger table"),
    "arrivals": ("ArrivalsQueue", "URL of the arrivals queue"),
    "notifications": ("NotificationsQueue", "URL of the notifications queue"),
    "audit": ("AuditTable", "audit table"),
}
# What can be replayed: the outputs that name a queue and its dead-letter queue.
_REPLAYED = {
    "arrivals": ("ArrivalsQueue", "ArrivalsDeadLetterQueue"),
    "notifications": ("NotificationsQueue", "NotificationsDeadLetterQueue"),
}


def add_operations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``replay``, ``reconcile`` and ``forget``."""
    replay = commands.add_parser("replay", help="move dead letters back to their queue")
    replay.add_argument("which", nargs="?", choices=tuple(_REPLAYED), default="arrivals", help="default: arrivals")
    replay.add_argument("--queue", metavar="URL", help="default: from the stack")
    replay.add_argument("--dead-queue", metavar="URL", help="default: from the stack")
    replay.add_argument("--limit", type=_count, metavar="N", help="move N at most")
    replay.add_argument("--dry-run", action="store_true", help="only count")
    deployment_options(replay)
    replay.set_defaults(run=_replay)

    reconcile = commands.add_parser("reconcile", help="tell which uploaded pictures have come to no end")
    reconcile.add_argument("--model", type=_model, metavar="ID/VERSION", help="default: the newest artifact of the project")
    reconcile.add_argument("--grace", type=_minutes, default=timedelta(minutes=15), metavar="MINUTES", help="default: 15")
    reconcile.add_argument("--requeue", action="store_true", help="send what has no end again, and untold notifications too")
    reconcile.add_argument("--requeue-failed", action="store_true", help="the same, and what failed: see `replay` first")
    reconcile.add_argument("--show-keys", action="store_true", help="print object keys, which hold the patient's id")
    deployment_options(reconcile, "uploads", "ledger", "arrivals", "notifications")
    reconcile.set_defaults(run=_reconcile)

    forget = commands.add_parser("forget", help="delete all that is stored about a patient")
    for name in ("hospital", "patient"):
        forget.add_argument(f"--{name}", required=True, help="pseudonymous id")
    forget.add_argument("--yes", action="store_true", help="don't ask")
    forget.add_argument("--wait", type=_seconds, metavar="SECONDS", help="for running functions; default: 120, their longest")
    deployment_options(forget, "uploads", "reports", "ledger", "audit")
    forget.set_defaults(run=_forget)


def deployment_options(parser: argparse.ArgumentParser, *names: str) -> None:
    """Options that name a deployment, or parts of it."""
    parser.add_argument("--stage", default="dev", help="of the deployment (default: dev)")
    parser.add_argument("--endpoint", help="of an embedded cloud, such as http://127.0.0.1:4566")
    for name in names:
        parser.add_argument(f"--{name}", help=f"{_NAMES[name][1]} (default: from the stack)")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, received {text}")
    return int(text)


def _seconds(text: str) -> timedelta:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, received {text}")
    return timedelta(seconds=int(text))


def _minutes(text: str) -> timedelta:
    return 60 * _seconds(text)


def _model(text: str) -> str:
    if not _MODEL.fullmatch(text):
        raise argparse.ArgumentTypeError(f"expected a name such as all-subtypes/1.0.0, received {text}")
    return text


def deployment_of(options: argparse.Namespace) -> "Deployment":
    """The deployment that the options name."""
    from hemascope_cli.operations.deployment import Deployment

    chosen = {output: getattr(options, name.replace("-", "_"), None) for name, (output, _) in _NAMES.items()}
    return Deployment(options.stage, options.endpoint, {output: name for output, name in chosen.items() if name})


def _replay(options: argparse.Namespace) -> int:
    from hemascope_cli.operations.replay import replay

    deployment, (queue, dead) = deployment_of(options), _REPLAYED[options.which]
    return replay(
        deployment.queue(dead, options.dead_queue),
        deployment.queue(queue, options.queue),
        options.limit,
        dry_run=options.dry_run,
    )


def _reconcile(options: argparse.Namespace) -> int:
    from hemascope.aws.clock import SystemClock
    from hemascope_cli.operations.reconcile import Finding, Reconciliation, reconcile
    from hemascope_cli.project import artifact_folder

    def show(finding: "Finding | State", version: "ObjectVersion") -> None:
        key = f"  {version.key}" if options.show_keys else ""
        print(f"{finding:<12}  {version.object_id}  version {version.version_id}{key}")

    deployment, newest = deployment_of(options), None if options.model else artifact_folder(None)
    again = options.requeue or options.requeue_failed
    return reconcile(
        Reconciliation(
            uploads=deployment.bucket("UploadsBucket"),
            ledger=deployment.ledger(),
            model=f"{newest.parent.name}/{newest.name}" if newest else options.model,
            now=SystemClock().now(),
            grace=options.grace,
            arrivals=deployment.queue("ArrivalsQueue") if again else None,
            notifications=deployment.queue("NotificationsQueue") if again else None,
            requeue_failed=options.requeue_failed,
            show=show,
        )
    )


def _forget(options: argparse.Namespace) -> int:
    from hemascope.aws.clock import SystemClock
    from hemascope_cli.operations.forget import LONGEST_RUN, Forgetting, forget

    pause = LONGEST_RUN if options.wait is None else options.wait

    def wait() -> None:
        print(f"pictures deleted; waiting {pause.seconds} s for functions that may still hold one", flush=True)
        time.sleep(pause.total_seconds())

    def confirm() -> bool:
        return bool(options.yes) or _answer("Delete all of it for good? [y/N] ") in {"y", "yes"}

    deployment = deployment_of(options)
    forgetting = Forgetting(
        patient=_patient(options),
        uploads=deployment.bucket("UploadsBucket"),
        reports=deployment.bucket("ReportsBucket"),
        ledger=deployment.ledger(),
        audit=deployment.audit(),
        clock=SystemClock(),
    )
    return forget(forgetting, wait, confirm)


def _patient(options: argparse.Namespace) -> "Patient":
    from pydantic import ValidationError

    from hemascope.domain.errors import HemascopeError
    from hemascope.domain.specimen import Patient

    try:
        return Patient(hospital=options.hospital, patient=options.patient)
    except ValidationError as error:
        wrong = ", ".join(str(one["loc"][0]) for one in error.errors())
        raise HemascopeError(f"expected ids without '/' and without blanks at their ends, received another {wrong}") from None


def _answer(question: str) -> str:
    """What somebody types; nothing where nobody sits there."""
    print(question, end="", flush=True)
    return sys.stdin.readline().strip().lower()
