"""``hemascope forget``."""

import sys
import time
from datetime import timedelta
from typing import Annotated

import typer

from hemascope_cli.commands.options import (
    AuditTable,
    Endpoint,
    Hospital,
    LedgerTable,
    Patient,
    ReportsBucket,
    Stage,
    UploadsBucket,
    deployment_of,
    whole,
)


def forget(
    hospital: Hospital,
    patient: Patient,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
    wait: Annotated[
        int | None,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            parser=whole,
            help="How long functions that are running may still hold a picture.",
            show_default="120, their timeout",
        ),
    ] = None,
    stage: Stage = "dev",
    endpoint: Endpoint = None,
    uploads: UploadsBucket = None,
    reports: ReportsBucket = None,
    ledger: LedgerTable = None,
    audit: AuditTable = None,
) -> int:
    """Delete everything that is stored about a patient."""
    from hemascope.aws.clock import SystemClock
    from hemascope_cli.identifiers import patient_of
    from hemascope_cli.operations.forget import LONGEST_RUN, Forgetting, forget

    pause = LONGEST_RUN if wait is None else timedelta(seconds=wait)

    def wait_for_functions() -> None:
        print(f"pictures deleted; waiting {pause.seconds} s for functions that may still hold one", flush=True)
        time.sleep(pause.total_seconds())

    def confirm() -> bool:
        return yes or _answer("Delete all of it for good? [y/N] ") in {"y", "yes"}

    deployment = deployment_of(
        stage, endpoint, UploadsBucket=uploads, ReportsBucket=reports, LedgerTable=ledger, AuditTable=audit
    )
    forgetting = Forgetting(
        patient=patient_of(hospital, patient),
        uploads=deployment.bucket("UploadsBucket"),
        reports=deployment.bucket("ReportsBucket"),
        ledger=deployment.ledger(),
        audit=deployment.audit(),
        clock=SystemClock(),
    )
    return forget(forgetting, wait_for_functions, confirm)


def _answer(question: str) -> str:
    """What the user types; empty where standard input is at its end."""
    print(question, end="", flush=True)
    return sys.stdin.readline().strip().lower()
