"""``hemascope reconcile``."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from hemascope_cli.commands.options import Endpoint, LedgerTable, Stage, UploadsBucket, deployment_of, whole

if TYPE_CHECKING:
    from hemascope.domain.report import State
    from hemascope.domain.specimen import ObjectVersion
    from hemascope_cli.operations.reconcile import Finding

_MODEL = re.compile(r"[a-z0-9-]+/\d+\.\d+\.\d+")
_FROM_STACK = "from the stack"


def model_name(text: str) -> str:
    """The name of a model: id and version.

    Raises
    ------
    BadParameter
    """
    if not _MODEL.fullmatch(text):
        raise typer.BadParameter(f"expected a name such as all-subtypes/1.0.0, received {text}")
    return text


def reconcile(
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="ID/VERSION", parser=model_name, help="Model.", show_default="the project's newest"),
    ] = None,
    grace: Annotated[
        int, typer.Option("--grace", metavar="MINUTES", parser=whole, help="Pictures younger than this may be on their way.")
    ] = 15,
    requeue: Annotated[
        bool, typer.Option("--requeue", help="Send again what has no terminal state, and notifications that are due.")
    ] = False,
    requeue_failed: Annotated[
        bool, typer.Option("--requeue-failed", help="As --requeue, and what failed; try 'hemascope replay' first.")
    ] = False,
    show_keys: Annotated[bool, typer.Option("--show-keys", help="Print object keys, which hold the patient's id.")] = False,
    stage: Stage = "dev",
    endpoint: Endpoint = None,
    uploads: UploadsBucket = None,
    ledger: LedgerTable = None,
    arrivals: Annotated[
        str | None, typer.Option("--arrivals", metavar="URL", help="Arrivals queue.", show_default=_FROM_STACK)
    ] = None,
    notifications: Annotated[
        str | None, typer.Option("--notifications", metavar="URL", help="Notifications queue.", show_default=_FROM_STACK)
    ] = None,
) -> int:
    """List the uploaded pictures that have reached no terminal state."""
    from hemascope.aws.clock import SystemClock
    from hemascope_cli.operations.reconcile import Reconciliation, reconcile
    from hemascope_cli.project import artifact_folder

    def show(finding: "Finding | State", version: "ObjectVersion") -> None:
        key = f"  {version.key}" if show_keys else ""
        print(f"{finding:<12}  {version.object_id}  version {version.version_id}{key}")

    deployment = deployment_of(
        stage,
        endpoint,
        UploadsBucket=uploads,
        LedgerTable=ledger,
        ArrivalsQueue=arrivals,
        NotificationsQueue=notifications,
    )
    newest = None if model else artifact_folder(None)
    requeue = requeue or requeue_failed
    return reconcile(
        Reconciliation(
            uploads=deployment.bucket("UploadsBucket"),
            ledger=deployment.ledger(),
            model=f"{newest.parent.name}/{newest.name}" if newest else str(model),
            now=SystemClock().now(),
            grace=timedelta(minutes=grace),
            arrivals=deployment.queue("ArrivalsQueue") if requeue else None,
            notifications=deployment.queue("NotificationsQueue") if requeue else None,
            requeue_failed=requeue_failed,
            show=show,
        )
    )
