"""State of each picture on disk, so that the agent continues where it was after a loss of power."""

import os
import sqlite3
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hemascope.domain.errors import HemascopeError
from hemascope.domain.specimen import specimen_of
from hemascope_cli.microscope.bindings import BINDINGS, Bindings
from hemascope_cli.microscope.disk import on_disk
from hemascope_cli.microscope.folder import FileStamp
from hemascope_cli.microscope.slide_id import SlideId

_VERSION = 2  # of the tables; 1 had no bindings
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
    reason TEXT,
    patient TEXT NOT NULL DEFAULT '',
    slide TEXT NOT NULL DEFAULT ''
);
"""
_FIELDS = "sha256, name, size, modified_ns, key, state, attempts, object_id, result, reason, patient, slide"
_PLACE = "Give another --outbox, on a local disk on which this account may write."
_QUARANTINED = "its slide was stopped before it was sent; start the slide again to send it"


class Step(StrEnum):
    """How far a picture has come; each step is on disk before the next begins."""

    SEEN = "seen"  # complete, its digest known; never sent
    SENDING = "sending"  # sent at least once; unknown whether it arrived
    STORED = "stored"  # in the bucket
    ENDED = "ended"  # has its result


class Result(StrEnum):
    """Result of a picture: the three terminal states of the service, and those of the agent."""

    REPORTED = "reported"
    REJECTED = "rejected"
    FAILED = "failed"  # the service's fault; it may still become a report, so the agent keeps asking
    REFUSED = "refused"  # not sent, because the service could only reject it
    GONE = "gone"  # removed from the folder before it was sent
    HELD = "held"  # not sent, because its name looks like a person's and nobody has said that it is none
    QUARANTINED = "quarantined"  # not sent, because its slide was stopped before


class AgentRuns(HemascopeError):
    """Another agent works with this outbox."""


@dataclass(frozen=True)
class Entry:
    """One picture of a slide; ``object_id`` is None until the version that S3 gave it is known."""

    sha256: str
    stamp: FileStamp
    slide: SlideId
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
    AgentRuns
        Where another agent has it open.
    HemascopeError
        Where it can't be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._base = sqlite3.connect(path, timeout=0.5, isolation_level=None)
            # The lock is the operating system's, so it ends with the process, however that ends.
            # What was started must survive a loss of power, so each transaction waits for the disk.
            for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
                self._base.execute(f"PRAGMA {setting}")
            self._create()
            self.bindings = Bindings(self._base)
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise AgentRuns("Another agent works on this folder. Stop it first.") from error
            raise HemascopeError(f"The outbox {path} can't be opened ({error}). {_PLACE}") from error
        except OSError as error:
            raise HemascopeError(f"The outbox {path} can't be written ({error.strerror}). {_PLACE}") from error

    def close(self) -> None:
        """Close the file, and release its lock."""
        self._base.close()

    def _create(self) -> None:
        """Create the tables; those of version 1 get the slides that their keys name."""
        self._base.execute("BEGIN EXCLUSIVE")
        try:
            (version,) = self._base.execute("PRAGMA user_version").fetchone()
            tables = {name for (name,) in self._base.execute("SELECT name FROM sqlite_master")}
            if version > _VERSION:
                raise HemascopeError(f"The outbox is of a newer version, {version} instead of {_VERSION}. Update Hemascope.")
            for statement in filter(str.strip, (_TABLES + BINDINGS).split(";")):
                self._base.execute(statement)
            if version < _VERSION and "stamps" in tables:
                self._add_slides()
            self._base.execute(f"PRAGMA user_version = {_VERSION}")
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def _add_slides(self) -> None:
        for part in ("patient", "slide"):
            self._base.execute(f"ALTER TABLE pictures ADD COLUMN {part} TEXT NOT NULL DEFAULT ''")
        for sha256, key in self._base.execute("SELECT sha256, key FROM pictures").fetchall():
            if specimen := specimen_of(key):
                self._base.execute(
                    "UPDATE pictures SET patient = ?, slide = ? WHERE sha256 = ?", (specimen.patient, specimen.slide, sha256)
                )
        # A refused picture has no key, so whose it is, is unknown: it is not sent under a better name.
        self._base.execute(
            "INSERT OR IGNORE INTO files (name, size, modified_ns, patient, slide, sha256, hold) "
            "SELECT name, size, modified_ns, nullif(patient, ''), nullif(slide, ''), sha256, iif(key = '', 'no slide', NULL) "
            "FROM pictures"
        )
        self._base.execute("DROP TABLE stamps")

    def register(self, entry: Entry) -> Entry:
        """Register a picture before anything is sent; what is known of its content is kept.

        A picture that was gone is sent again, one that was refused or held is judged by its new name, and one that waits is
        read from its new file. Its slide never changes.
        """
        where = (os.fsencode(entry.stamp.name), entry.stamp.size, entry.stamp.modified_ns)
        with on_disk(), self._base:
            self._base.execute("BEGIN")
            self._base.execute(
                "INSERT INTO pictures (sha256, name, size, modified_ns, key, state, result, reason, patient, slide) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE "
                "SET name = excluded.name, size = excluded.size, modified_ns = excluded.modified_ns",
                (entry.sha256, *where, entry.key, entry.step, entry.result, entry.reason, *entry.slide),
            )
            self._base.execute(
                "UPDATE pictures SET key = iif(result IN ('refused', 'held'), ?, key), state = ?, result = ?, reason = ? "
                "WHERE sha256 = ? AND result IN ('gone', 'refused', 'held') AND patient = ? AND slide = ?",
                (entry.key, entry.step, entry.result, entry.reason, entry.sha256, *entry.slide),
            )
            written = self.bindings.register(entry.stamp, entry.sha256)
        self.bindings.keep(written)
        return self.entry(entry.sha256)

    def find(self, sha256: str) -> Entry | None:
        """The entry of a picture; None where it is not registered."""
        return next(iter(self._select("WHERE sha256 = ?", (sha256,))), None)

    def quarantine(self, slide: SlideId) -> None:
        """Send nothing more of a slide until it is started again."""
        with on_disk():
            self._base.execute(
                "UPDATE pictures SET state = 'ended', result = 'quarantined', reason = ? "
                "WHERE state IN ('seen', 'sending') AND instr(name, X'2F') = 0 AND patient = ? AND slide = ?",
                (_QUARANTINED, *slide),
            )

    def release_quarantined(self, slide: SlideId) -> None:
        """Let the pictures of a slide be sent that were quarantined."""
        with on_disk():
            self._base.execute(
                "UPDATE pictures SET state = iif(attempts > 0, 'sending', 'seen'), result = NULL, reason = NULL "
                "WHERE result = 'quarantined' AND patient = ? AND slide = ?",
                slide,
            )

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

    def withheld(self) -> list[Entry]:
        """Pictures that are not sent until somebody does something."""
        return self._select("WHERE result IN ('held', 'refused', 'quarantined') ORDER BY rowid")

    def newest(self, limit: int) -> list[Entry]:
        """The newest entries, the newest last."""
        return self._select("ORDER BY rowid DESC LIMIT ?", (limit,))[::-1]

    def counts(self) -> Counter[str]:
        """Number of pictures by result, or by step where there is no result."""
        with on_disk():
            found = self._base.execute("SELECT coalesce(result, state) AS word, count(*) FROM pictures GROUP BY word")
            return Counter(dict(found.fetchall()))

    def release_held(self) -> None:
        """Let the pictures be sent that were held for their names."""
        with on_disk():
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
            entry = self.entry(sha256)
            with on_disk():
                self.bindings.unregister(entry.stamp)
        return self.entry(sha256)

    def _change(self, what: str, sha256: str, *values: str | None) -> None:
        with on_disk():
            self._base.execute(f"UPDATE pictures SET {what} WHERE sha256 = ?", (*values, sha256))  # noqa: S608 - our own SQL

    def _select(self, where: str, values: tuple[object, ...] = ()) -> list[Entry]:
        with on_disk():
            found = self._base.execute(f"SELECT {_FIELDS} FROM pictures {where}", values)  # noqa: S608 - our own SQL
            return [_entry(row) for row in found]


def _entry(row: tuple[str, bytes, int, int, str, str, int, str | None, str | None, str | None, str, str]) -> Entry:
    sha256, name, size, modified_ns, key, state, attempts, object_id, result, reason, *slide = row
    stamp = FileStamp(os.fsdecode(name), size, modified_ns)
    ended = Result(result) if result else None
    return Entry(sha256, stamp, SlideId(*slide), key, Step(state), attempts, object_id, ended, reason)
