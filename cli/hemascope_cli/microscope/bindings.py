"""Whose each file is: decided when a listing first shows it, on disk before anything else happens, and never changed.

A file in a slide's folder belongs to that slide. A file directly in the watched folder belongs to the slide that is started
when it is first seen, or to none. Whatever makes that doubtful later (another time, content or name) holds the file back: it is
listed, and never sent for another slide (docs/adr/0033).
"""

import os
import sqlite3
from collections.abc import Collection
from dataclasses import replace

from hemascope_cli.microscope.binding import ABSENT, PRESENT, RELEASED, Binding, Hold, Origins, Session
from hemascope_cli.microscope.disk import on_disk
from hemascope_cli.microscope.folder import FileStamp, Seen
from hemascope_cli.microscope.slide_id import SlideId

FUTURE_SECONDS = 120  # a file that is dated later than this shows that its clock can't be compared with the start's
_NANO = 10**9
BINDINGS = """
CREATE TABLE IF NOT EXISTS files (
    name BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL DEFAULT 0,
    patient TEXT,
    slide TEXT,
    session INTEGER NOT NULL DEFAULT 0,
    presence INTEGER NOT NULL DEFAULT 1,
    sha256 TEXT,
    hold TEXT,
    listed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS sessions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    patient TEXT NOT NULL,
    slide TEXT NOT NULL,
    started_ns INTEGER NOT NULL,
    ahead_ns INTEGER NOT NULL,
    stopped INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS owner (one INTEGER PRIMARY KEY CHECK (one = 1), folder BLOB NOT NULL, hospital TEXT NOT NULL);
"""
_FIELDS = "name, size, modified_ns, inode, patient, slide, session, presence, sha256, hold, listed"


class Bindings:
    """Part of an outbox: the files of its folder and the slide that is started."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base
        rows = base.execute(f"SELECT {_FIELDS} FROM files")  # noqa: S608 - our own SQL
        self._files = {binding.stamp.name: binding for binding in map(_binding, rows)}
        found = base.execute(
            "SELECT number, patient, slide, started_ns, ahead_ns FROM sessions WHERE NOT stopped ORDER BY number DESC LIMIT 1"
        ).fetchone()
        self.session = Session(found[0], SlideId(*found[1:3]), *found[3:]) if found else None
        self.owner = self._owner()
        self._is_stopping = False
        self.confirm_new = False  # whether the files may be sent that a new outbox finds in slides' folders

    def _owner(self) -> tuple[str, str] | None:
        found = self._base.execute("SELECT folder, hospital FROM owner").fetchone()
        return (os.fsdecode(found[0]), found[1]) if found else None

    def own(self, folder: str, hospital: str) -> None:
        """Note whose this outbox is."""
        with on_disk():
            self._base.execute("INSERT INTO owner VALUES (1, ?, ?)", (os.fsencode(folder), hospital))
        self.owner = (folder, hospital)

    def knows(self, stamp: FileStamp) -> bool:
        """Whether a file is registered, or listed, as it is now."""
        binding = self._files.get(stamp.name)
        return binding is not None and binding.stamp == stamp and (binding.sha256 is not None or binding.listed)

    def of(self, name: str) -> Binding:
        """The binding of a file that was seen."""
        return self._files[name]

    def bind(self, seen: Collection[Seen], *, first: bool = False) -> None:
        """Bind every file that a listing shows for the first time, and compare the others.

        Parameters
        ----------
        first
            Whether this is the first listing of a new outbox.

        Raises
        ------
        TransientError
            Where it could not be written; then nothing is bound.
        """
        if self._is_stopping:
            self.stop()
        names = {file.stamp.name for file in seen}
        changes = {
            name: replace(old, presence=ABSENT)
            for name, old in self._files.items()
            if old.presence == PRESENT and name not in names
        }
        origins = Origins(self._files, names)
        for file in seen:
            old = self._files.get(file.stamp.name)
            # Another file under the name may have the size and time of the one before it, until its content is known.
            is_same = old is not None and old.stamp == file.stamp
            may_differ = old is None or (old.inode != file.inode and not old.sha256 and not old.hold)
            origin = origins.find(file, self._place(file)) if may_differ or not is_same else None
            if old is not None and is_same and not (origin and self._is_foreign(origin, file)):
                if (old.presence, old.inode) != (PRESENT, file.inode):
                    changes[file.stamp.name] = replace(old, presence=PRESENT, inode=file.inode)
            elif old is None or old.presence == RELEASED or (origin and self._is_foreign(origin, file)):
                changes[file.stamp.name] = self._first_sight(file, origin, first=first)
            else:
                changes[file.stamp.name] = self._changed(old, file)
        self._save(changes)

    def _place(self, file: Seen) -> tuple[SlideId | None, int]:
        """Slide and session to which a file belongs that was never seen before."""
        if file.home is not None or self.session is None:
            return file.home, 0
        return self.session.slide, self.session.number

    def _is_foreign(self, origin: Binding, file: Seen) -> bool:
        if origin.slide is None:  # a person may say whose it is, unless a slide was started when it changed
            return origin.hold is Hold.CHANGED and file.home is not None
        return (origin.slide, origin.session) != self._place(file)

    def _first_sight(self, file: Seen, origin: Binding | None, *, first: bool) -> Binding:
        stamp, inode, home = file
        slide, number = self._place(file)
        new = Binding(stamp, inode, slide, number)
        if origin is not None and self._is_foreign(origin, file):
            hold = Hold.RENAMED if home is None else Hold.MOVED
            return replace(new, slide=origin.slide, session=origin.session, hold=hold)
        if origin is not None and home is None and (origin.slide is None or origin.hold):
            return replace(new, slide=origin.slide, session=origin.session, hold=origin.hold or Hold.NO_SLIDE)
        if slide is None:
            return replace(new, hold=Hold.NO_SLIDE)
        if home is not None and first and not self.confirm_new:
            return replace(new, hold=Hold.NEW_OUTBOX)
        return self._unless_old(new)

    def _unless_old(self, new: Binding) -> Binding:
        """Hold back what is older than its slide's start, for good: a program may touch it later."""
        is_old = self.session and new.session == self.session.number and new.stamp.modified_ns < self.session.started_ns
        return replace(new, hold=Hold.BEFORE_START) if is_old and not new.hold else new

    def _changed(self, old: Binding, file: Seen) -> Binding:
        new = replace(old, stamp=file.stamp, inode=file.inode, presence=PRESENT, sha256=None, listed=False)
        if file.home is not None:
            return new
        if old.slide is None:
            return replace(new, hold=Hold.CHANGED) if self.session else new
        if self.session and old.session == self.session.number:
            return self._unless_old(new)
        return replace(new, hold=Hold.CHANGED)

    def hold_of(self, stamp: FileStamp, now_ns: int) -> Hold | None:
        """Why a file must not be sent; None where its slide and its time allow it.

        Parameters
        ----------
        now_ns
            This machine's clock.
        """
        binding = self._files[stamp.name]
        if binding.hold or not binding.is_flat:
            return binding.hold
        if binding.slide is None:
            return Hold.NO_SLIDE
        row = self._base.execute("SELECT started_ns, ahead_ns FROM sessions WHERE number = ?", (binding.session,)).fetchone()
        if row is None or stamp.modified_ns < row[0]:
            return Hold.BEFORE_START
        if stamp.modified_ns > now_ns + row[1] + FUTURE_SECONDS * _NANO:
            return Hold.FUTURE
        return None

    def hold(self, stamp: FileStamp, why: Hold) -> None:
        """Keep a picture from being sent, and list it."""
        self._save({stamp.name: replace(self._files[stamp.name], hold=why, listed=True)})

    def register(self, stamp: FileStamp, sha256: str) -> Binding:
        """Write the content of a file, as part of the caller's transaction; to be kept when that has ended."""
        new = replace(self._files[stamp.name], stamp=stamp, sha256=sha256, hold=None, listed=False)
        self._write(new)
        return new

    def keep(self, written: Binding) -> None:
        """Keep in memory what is on disk."""
        self._files[written.stamp.name] = written

    def unregister(self, stamp: FileStamp) -> None:
        """Let a file count as unread when it returns; its slide stays."""
        binding = self._files.get(stamp.name)
        if binding is not None and binding.stamp == stamp:
            self._save({stamp.name: replace(binding, sha256=None)})

    def listed(self) -> list[Binding]:
        """Pictures in the folder that are not sent."""
        return [binding for binding in self._files.values() if binding.listed and binding.presence == PRESENT]

    def pending(self) -> list[Binding]:
        """Files directly in the folder that belong to a slide and have not been read yet."""
        return [
            binding
            for binding in self._files.values()
            if binding.is_flat and binding.presence == PRESENT and binding.slide and not binding.sha256 and not binding.hold
        ]

    def quarantine(self, slide: SlideId) -> None:
        """Hold back the files of a slide that have not been read yet."""
        self._save(
            {
                binding.stamp.name: replace(binding, hold=Hold.QUARANTINED, listed=True)
                for binding in self.pending()
                if binding.slide == slide
            }
        )

    def release_quarantined(self, slide: SlideId) -> None:
        """Let the files be read that were quarantined and have not changed since."""
        self._save(
            {
                binding.stamp.name: replace(binding, hold=None, listed=False)
                for binding in self._files.values()
                if binding.slide == slide and binding.hold is Hold.QUARANTINED
            }
        )

    def confirm(self) -> None:
        """Let the files be sent that a new outbox found in slides' folders."""
        self._save(
            {
                binding.stamp.name: replace(binding, hold=None, listed=False)
                for binding in self._files.values()
                if binding.hold is Hold.NEW_OUTBOX
            }
        )

    def start(self, slide: SlideId, started_ns: int, ahead_ns: int) -> None:
        """Start a slide; every file of the folder must have been bound just before.

        The name of a picture that was read and is no longer there may be used by the camera again.
        """
        released = {
            binding.stamp.name: replace(binding, presence=RELEASED)
            for binding in self._files.values()
            if binding.presence == ABSENT and binding.sha256 and binding.is_flat
        }
        with on_disk(), self._base:
            self._base.execute("BEGIN")
            for binding in released.values():
                self._write(binding)
            added = self._base.execute(
                "INSERT INTO sessions (patient, slide, started_ns, ahead_ns) VALUES (?, ?, ?, ?)",
                (*slide, started_ns, ahead_ns),
            )
        self._files |= released
        self.session = Session(added.lastrowid or 0, slide, started_ns, ahead_ns)

    def stop(self) -> None:
        """No slide is started from now on, even where that can't be written yet."""
        self.session, self._is_stopping = None, True
        with on_disk():
            self._base.execute("UPDATE sessions SET stopped = 1 WHERE NOT stopped")
        self._is_stopping = False

    def _save(self, changes: dict[str, Binding]) -> None:
        if not changes:
            return
        with on_disk(), self._base:
            self._base.execute("BEGIN")
            for binding in changes.values():
                self._write(binding)
        self._files |= changes

    def _write(self, new: Binding) -> None:
        patient, slide = new.slide or (None, None)
        name, size, modified_ns = new.stamp
        values = (os.fsencode(name), size, modified_ns, new.inode, patient, slide, new.session, new.presence, new.sha256)
        self._base.execute(
            f"INSERT OR REPLACE INTO files ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own SQL
            (*values, new.hold, new.listed),
        )


def _binding(row: tuple[bytes, int, int, int, str | None, str | None, int, int, str | None, str | None, int]) -> Binding:
    name, size, modified_ns, inode, patient, slide, session, presence, sha256, hold, listed = row
    stamp = FileStamp(os.fsdecode(name), size, modified_ns)
    whose = SlideId(patient, slide) if patient and slide else None
    return Binding(stamp, inode, whose, session, presence, sha256, Hold(hold) if hold else None, bool(listed))
