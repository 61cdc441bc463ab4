"""SQLite's errors, as those that the agent tries again after."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from hemascope.domain.errors import TransientError


@contextmanager
def on_disk() -> Iterator[None]:
    """Turn SQLite's errors into one that the agent tries again after."""
    try:
        yield
    except sqlite3.Error as error:
        raise TransientError(
            f"the outbox can't be written ({error}): free some space on its disk, or check whether it is there"
        ) from error
