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
        raise TransientError(f"expected to read and write the outbox, received: {error}") from error
