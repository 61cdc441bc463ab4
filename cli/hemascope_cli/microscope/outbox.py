"""What the agent knows of each picture, on disk, so that it goes on where it was after a loss of power."""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hemascope.domain.errors import HemascopeError, TransientError
from hemascope_cli.microscope.folder import Mark

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
CREATE TABLE IF NOT EXISTS marks (name BLOB, size INTEGER, modified_ns INTEGER, PRIMARY KEY (name, size, modified_ns));
"""
_FIELDS = "sha256, name, size, modified_ns, key, state, attempts, object_id, result, reason"


class Step(StrEnum):
    """How far a picture is; each step is on disk before the next begins."""

    SEEN = "seen"  # whole, its digest known; never sent
    SENDING = "sending"  # sent at least once; nobody knows yet whether it arrived
    STORED = "stored"  # in the bucket
    ENDED = "ended"  # nothing will come any more


class Result(StrEnum):
    """What became of a picture: the service's three ends, and two of its own."""

    REPORTED = "reported"
    REJECTED = "rejected"
    FAILED = "failed"  # the service's own fault, which may still become a report: never the end here
    REFUSED = "refused"  # not sent, since nothing could become of it
    GONE = "gone"  # removed from the folder before it was sent


@dataclass(frozen=True)
class Entry:
    """One picture; ``object_id`` is None until the version that S3 gave it is known."""

    sha256: str
    mark: Mark
    key: str
    step: Step
    attempts: int = 0
    object_id: str | None = None
    result: Result | None = None
    reason: str | None = None


class Outbox:
    """A SQLite file of one folder, for one agent at a time.

    A picture is its content: the same bytes come in once, whatever they are called and whatever case they are given later.

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
            for words in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
                self._base.execute(f"PRAGMA {words}")
            self._base.executescript(f"BEGIN EXCLUSIVE; {_TABLES} COMMIT;")
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise HemascopeError("expected to be the only agent on this folder, another one runs") from error
            raise HemascopeError(f"expected an outbox that can be opened, received: {error}") from error
        except OSError as error:
            raise HemascopeError(f"expected a place for the outbox, received: {error.strerror}") from error

    def close(self) -> None:
        """Let the next agent in."""
        self._base.close()

    def knows(self, mark: Mark) -> bool:
        """Tell whether a file was taken in as it is now."""
        with _on_disk():
            asked = (os.fsencode(mark.name), mark.size, mark.modified_ns)
            found = self._base.execute("SELECT 1 FROM marks WHERE name = ? AND size = ? AND modified_ns = ?", asked)
            return found.fetchone() is not None

    def take_in(self, entry: Entry) -> Entry:
        """Note a picture before anything is sent; what is known of its content stands.

        One that was gone is back, one that was refused may have another name; one on its way is where the file is now.
        """
        where = (os.fsencode(entry.mark.name), entry.mark.size, entry.mark.modified_ns)
        with _on_disk(), self._base:
            self._base.execute("BEGIN")
            self._base.execute(
                "INSERT INTO pictures (sha256, name, size, modified_ns, key, state, result, reason) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE "
                "SET name = excluded.name, size = excluded.size, modified_ns = excluded.modified_ns",
                (entry.sha256, *where, entry.key, entry.step, entry.result, entry.reason),
            )
            self._base.execute(
                "UPDATE pictures SET key = iif(result = 'refused', ?, key), state = ?, result = ?, reason = ? "
                "WHERE sha256 = ? AND result IN ('gone', 'refused')",
                (entry.key, entry.step, entry.result, entry.reason, entry.sha256),
            )
            self._base.execute("INSERT OR IGNORE INTO marks VALUES (?, ?, ?)", where)
        return self.entry(entry.sha256)

    def entry(self, sha256: str) -> Entry:
        """What is known of one picture."""
        (found,) = self._select("WHERE sha256 = ?", (sha256,))
        return found

    def unsent(self) -> list[Entry]:
        """Pictures to send, the longest known first; those that may be there already too."""
        return self._select("WHERE state IN ('seen', 'sending') ORDER BY rowid")

    def awaited(self) -> list[Entry]:
        """Pictures in the bucket that have come to no end."""
        return self._select("WHERE state = 'stored' ORDER BY rowid")

    def newest(self, limit: int) -> list[Entry]:
        """The last ones, the newest last."""
        return self._select("ORDER BY rowid DESC LIMIT ?", (limit,))[::-1]

    def counts(self) -> Counter[str]:
        """How many pictures there are of each result, or of each step where there is no result."""
        with _on_disk():
            found = self._base.execute("SELECT coalesce(result, state) AS word, count(*) FROM pictures GROUP BY word")
            return Counter(dict(found.fetchall()))

    def begin(self, sha256: str) -> Entry:
        """Note that a picture is about to be sent."""
        self._change("state = 'sending', attempts = attempts + 1", sha256)
        return self.entry(sha256)

    def store(self, sha256: str, object_id: str | None) -> Entry:
        """Note that it is in the bucket."""
        self._change("state = 'stored', object_id = coalesce(?, object_id)", sha256, object_id)
        return self.entry(sha256)

    def end(self, sha256: str, result: Result, reason: str | None = None) -> Entry:
        """Note what became of it. A failure of the service's own is not the end."""
        step = Step.STORED if result is Result.FAILED else Step.ENDED
        self._change("state = ?, result = ?, reason = ?", sha256, step, result, reason)
        if result is Result.GONE:  # the same file is new when it comes back, as with a drive that was away
            with _on_disk():
                self._base.execute(
                    "DELETE FROM marks WHERE (name, size, modified_ns) IN "
                    "(SELECT name, size, modified_ns FROM pictures WHERE sha256 = ?)",
                    (sha256,),
                )
        return self.entry(sha256)

    def _change(self, what: str, sha256: str, *values: str | None) -> None:
        with _on_disk():
            self._base.execute(f"UPDATE pictures SET {what} WHERE sha256 = ?", (*values, sha256))  # noqa: S608 - words of ours

    def _select(self, where: str, values: tuple[object, ...] = ()) -> list[Entry]:
        with _on_disk():
            found = self._base.execute(f"SELECT {_FIELDS} FROM pictures {where}", values)  # noqa: S608 - words of ours
            return [_entry(row) for row in found]


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise TransientError(f"expected to read and write the outbox, received: {error}") from error


def _entry(row: tuple[str, bytes, int, int, str, str, int, str | None, str | None, str | None]) -> Entry:
    sha256, name, size, modified_ns, key, state, attempts, object_id, result, reason = row
    mark = Mark(os.fsdecode(name), size, modified_ns)
    return Entry(sha256, mark, key, Step(state), attempts, object_id, Result(result) if result else None, reason)
