"""What the commands show on standard error: how far they are, and nothing that libraries print at their start."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

_Item = TypeVar("_Item")
_EVERY = 30.0  # seconds between two lines in a log
_NOTES = (b"INFO:", b"WARNING:")


@contextmanager
def progress(
    items: Sequence[_Item], unit: str, *, every: float = _EVERY, clock: Callable[[], float] = time.monotonic
) -> Iterator[Iterator[_Item]]:
    """Iterate over items while standard error shows how far one is.

    On a terminal that is a bar with the time that is left; it vanishes at the end. In a log it is a line from time to time.

    Parameters
    ----------
    items
        What is worked on. A single one is not worth a bar.
    unit
        What they are called, in the plural.
    every
        Seconds between two lines in a log.
    clock
        Seconds since any fixed moment.
    """
    if sys.stderr.isatty() and len(items) > 1:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        # Lines on the same terminal are printed above the bar; those that go into a file or a pipe are left alone.
        with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
            yield iter(bar.track(items, description=unit))
    else:
        yield _logged(items, unit, every, clock)


def _logged(items: Sequence[_Item], unit: str, every: float, clock: Callable[[], float]) -> Iterator[_Item]:
    last = clock()
    for number, item in enumerate(items):
        if clock() - last >= every:
            print(f"{number} of {len(items)} {unit}", file=sys.stderr, flush=True)
            last = clock()
        yield item


@contextmanager
def without_native_notes() -> Iterator[None]:
    """Keep notes of native libraries off standard error, such as LiteRT's on the delegate that it chose.

    LiteRT writes them to file descriptor 2, under no setting of its Python package. Whatever else arrives there meanwhile is
    written at the end.
    """
    sys.stderr.flush()
    descriptor = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(descriptor, 2)
            os.close(descriptor)
            written.seek(0)
            for line in written:
                if not line.startswith(_NOTES):
                    os.write(2, line)
