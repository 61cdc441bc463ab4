"""``hemascope replay``: moves the messages of a dead-letter queue back to their queue."""

from hemascope_cli.operations.queues import Queue


def replay(dead: Queue, target: Queue, limit: int | None = None, *, dry_run: bool = False) -> int:
    """Move messages and print what was done; return the exit status.

    SQS's own redrive moves all messages and continues if this process ends. It has no limit, and the local cloud does not
    have it; in these cases the messages are moved in batches.
    """
    if dry_run:
        waiting = dead.waiting()
        print(f"would move {waiting if limit is None else min(waiting, limit)}, in the dead-letter queue {waiting}")
        return 0
    moved = dead.redrive(target) if limit is None else None
    if moved is None:
        moved = dead.move(target, limit)
    print(f"moved {moved}, left in the dead-letter queue {dead.waiting()}")
    return 0
