"""State of each picture on disk, so that the agent continues where it was after a loss of power."""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hemascope.domain.errors import HemascopeError, TransientError
from hemascope_cli.microscope.folder import FileStamp

_TABLES = """
CREATE TABLE IF NOT EXISTS pictures (
    sha256 TEXT PRIMARY KEY,
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    object_id TEXT,
    result TEXT,
    reason TEXT
);
CREATE TABLE IF NOT EXISTS stamps (name BLOB, size INTEGER, modified_ns INTEGER, PRIMARY KEY (name, size, modified_ns));
"""
_FIELDS = "sha256, name, size, modified_ns, key, state, attempts, object_id, result, reason"


class Step(StrEnum):
    """How far a picture has come; each step is on disk before the next begins."""

    SEEN = "seen"  # complete, its digest known; never sent
    SENDING = "sending"  # sent at least once; unknown whether it arrived
    STORED = "stored"  # in the bucket
    ENDED = "ended"  # has its result


class Result(StrEnum):
    """Result of a picture: the three terminal states of the service, and three of the agent."""

    REPORTED = "reported"
    REJECTED = "rejected"
    FAILED = "failed"  # the service's fault; it may still become a report, so the agent keeps asking
    REFUSED = "refused"  # not sent, because the service could only reject it
    GONE = "gone"  # removed from the folder before it was sent
    HELD = "held"  # not sent, because its name looks like a person's and nobody has said that it is none


@dataclass(frozen=True)
class Entry:
    """One picture; ``object_id`` is None until the version that S3 gave it is known."""

    sha256: str
    stamp: FileStamp
    key: str
    step: Step
    attempts: int = 0
    object_id: str | None = None
    result: Result | None = None
    reason: str | None = None


class Outbox:
    """A SQLite file of one folder, for one agent at a time.

    A picture is identified by its content: the same bytes are registered once, under whatever name or slide they appear later.

    Raises
    ------
    HemascopeError
        Where another agent has it open, or it can't be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._base = sqlite3.connect(path, timeout=0.5, isolation_level=None)
            # The lock is the operating system's, so it ends with the process, however that ends.
            for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
                self._base.execute(f"PRAGMA {setting}")
            self._base.executescript(f"BEGIN EXCLUSIVE; {_TABLES} COMMIT;")
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise HemascopeError("expected to be the only agent on this folder, another one runs") from error
            raise HemascopeError(f"expected an outbox that can be opened, received: {error}") from error
        except OSError as error:
            raise HemascopeError(f"expected a place for the outbox, received: {error.strerror}") from error

    def close(self) -> None:
        """Close the file, and release its lock."""
        self._base.close()

    def knows(self, stamp: FileStamp) -> bool:
        """Whether a file is registered as it is now."""
        with _on_disk():
            asked = (os.fsencode(stamp.name), stamp.size, stamp.modified_ns)
            found = self._base.execute("SELECT 1 FROM stamps WHERE name = ? AND size = ? AND modified_ns = ?", asked)
            return found.fetchone() is not None

    def register(self, entry: Entry) -> Entry:
        """Register a picture before anything is sent; what is known of its content is kept.

        A picture that was gone is sent again, one that was refused or held is judged by its new name, and one that waits is
        read from its new file.
        """
        where = (os.fsencode(entry.stamp.name), entry.stamp.size, entry.stamp.modified_ns)
        with _on_disk(), self._base:
            self._base.execute("BEGIN")
            self._base.execute(
                "INSERT INTO pictures (sha256, name, size, modified_ns, key, state, result, reason) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE "
                "SET name = excluded.name, size = excluded.size, modified_ns = excluded.modified_ns",
                (entry.sha256, *where, entry.key, entry.step, entry.result, entry.reason),
            )
            self._base.execute(
                "UPDATE pictures SET key = iif(result IN ('refused', 'held'), ?, key), state = ?, result = ?, reason = ? "
                "WHERE sha256 = ? AND result IN ('gone', 'refused', 'held')",
                (entry.key, entry.step, entry.result, entry.reason, entry.sha256),
            )
            self._base.execute("INSERT OR IGNORE INTO stamps VALUES (?, ?, ?)", where)
        return self.entry(entry.sha256)

    def entry(self, sha256: str) -> Entry:
        """The entry of a picture."""
        (found,) = self._select("WHERE sha256 = ?", (sha256,))
        return found

    def unsent(self) -> list[Entry]:
        """Pictures to send, the oldest first, with those that may have arrived already."""
        return self._select("WHERE state IN ('seen', 'sending') ORDER BY rowid")

    def awaited(self) -> list[Entry]:
        """Pictures in the bucket without a terminal state."""
        return self._select("WHERE state = 'stored' ORDER BY rowid")

    def newest(self, limit: int) -> list[Entry]:
        """The newest entries, the newest last."""
        return self._select("ORDER BY rowid DESC LIMIT ?", (limit,))[::-1]

    def counts(self) -> Counter[str]:
        """Number of pictures by result, or by step where there is no result."""
        with _on_disk():
            found = self._base.execute("SELECT coalesce(result, state) AS word, count(*) FROM pictures GROUP BY word")
            return Counter(dict(found.fetchall()))

    def release_held(self) -> None:
        """Let the pictures be sent that were held for their names."""
        with _on_disk():
            self._base.execute("UPDATE pictures SET state = 'seen', result = NULL, reason = NULL WHERE result = 'held'")

    def begin(self, sha256: str) -> Entry:
        """Record that a picture is about to be sent."""
        self._change("state = 'sending', attempts = attempts + 1", sha256)
        return self.entry(sha256)

    def store(self, sha256: str, object_id: str | None) -> Entry:
        """Record that a picture is in the bucket."""
        self._change("state = 'stored', object_id = coalesce(?, object_id)", sha256, object_id)
        return self.entry(sha256)

    def end(self, sha256: str, result: Result, reason: str | None = None) -> Entry:
        """Record the result. A picture that failed stays in the list of those that are asked for."""
        step = Step.STORED if result is Result.FAILED else Step.ENDED
        self._change("state = ?, result = ?, reason = ?", sha256, step, result, reason)
        if result is Result.GONE:  # the same file counts as new when it returns, as with a drive that was away
            with _on_disk():
                self._base.execute(
                    "DELETE FROM stamps WHERE (name, size, modified_ns) IN "
                    "(SELECT name, size, modified_ns FROM pictures WHERE sha256 = ?)",
                    (sha256,),
                )
        return self.entry(sha256)

    def _change(self, what: str, sha256: str, *values: str | None) -> None:
        with _on_disk():
            self._base.execute(f"UPDATE pictures SET {what} WHERE sha256 = ?", (*values, sha256))  # noqa: S608 - our own SQL

    def _select(self, where: str, values: tuple[object, ...] = ()) -> list[Entry]:
        with _on_disk():
            found = self._base.execute(f"SELECT {_FIELDS} FROM pictures {where}", values)  # noqa: S608 - our own SQL
            return [_entry(row) for row in found]


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise TransientError(f"expected to read and write the outbox, received: {error}") from error


def _entry(row: tuple[str, bytes, int, int, str, str, int, str | None, str | None, str | None]) -> Entry:
    sha256, name, size, modified_ns, key, state, attempts, object_id, result, reason = row
    stamp = FileStamp(os.fsdecode(name), size, modified_ns)
    return Entry(sha256, stamp, key, Step(state), attempts, object_id, Result(result) if result else None, reason)
