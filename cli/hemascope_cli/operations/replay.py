"""``hemascope replay``: brings dead letters back to the queue they fell out of."""

from hemascope_cli.operations.queues import Queue


def replay(dead: Queue, target: Queue, limit: int | None = None, *, dry_run: bool = False) -> int:
    """Move messages and say what was done; return the exit status.

    SQS's own redrive moves all of them and goes on where this process dies; it takes no limit, and the embedded cloud
    has none. Then they are moved one by one.
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
