"""``hemascope replay``."""

from typing import Annotated, Literal

import typer

from hemascope_cli.commands.options import Endpoint, Stage, deployment_of, positive

Which = Literal["arrivals", "notifications"]
# The outputs of the stacks that name a queue and its dead-letter queue.
_OUTPUTS = {
    "arrivals": ("ArrivalsQueue", "ArrivalsDeadLetterQueue"),
    "microscope-jobs": ("JobsQueue", "JobsDeadLetterQueue"),
    "notifications": ("NotificationsQueue", "NotificationsDeadLetterQueue"),
}


def replay(
    which: Annotated[Which, typer.Argument(help="Whose dead letters.")] = "arrivals",
    queue: Annotated[str | None, typer.Option("--queue", metavar="URL", show_default="from the stack", help="Queue.")] = None,
    dead_queue: Annotated[
        str | None, typer.Option("--dead-queue", metavar="URL", show_default="from the stack", help="Dead-letter queue.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", parser=positive, help="Move at most N messages.", show_default="all")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the messages.")] = False,
    stage: Stage = "dev",
    endpoint: Endpoint = None,
) -> int:
    """Move dead letters back to their queue."""
    from hemascope_cli.operations import replay

    deployment, (queue_output, dead_output) = deployment_of(stage, endpoint), _OUTPUTS[which]
    dead, target = deployment.queue(dead_output, dead_queue), deployment.queue(queue_output, queue)
    return replay.replay(dead, target, limit, dry_run=dry_run)
