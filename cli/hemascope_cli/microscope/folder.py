"""The watched folder: which pictures are in it and complete.

It is polled, because the operating system doesn't report what another machine writes to a network drive, and because a file
must be seen twice anyway to know that it is no longer being written (docs/adr/0023).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hemascope.domain.errors import HemascopeError, RejectedSmear, RejectionReason
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.imaging.decode import check_header
from hemascope_cli.passed_over import NO_FILE, UNREADABLE, has_picture_name, reason_by_content, reason_by_name

_FOLDER = "a folder: only what is directly in the watched folder is sent"
LONG_ENOUGH = 15  # times ``settle``: then a file without its end is sent as it is, and the service reports what is wrong


class FileStamp(NamedTuple):
    """A file as a listing shows it; new content changes the stamp."""

    name: str
    size: int
    modified_ns: int


class _Told(NamedTuple):
    """Why a file is passed over, as its first bytes said, and when it is looked into again."""

    stamp: FileStamp
    reason: str
    again: float


class FileNotReady(HemascopeError):
    """The file can't be read completely now; later it may."""


@dataclass
class WatchedFolder:
    """Pictures directly in one folder: files with the first bytes, or with the name, of a picture.

    Parameters
    ----------
    path
        The folder; it may disappear and return, as a network drive does.
    settle
        Seconds for which a file must not change; at least two on drives whose timestamps have steps of two seconds.
    seconds
        A clock that never jumps.
    """

    path: Path
    settle: float
    seconds: Callable[[], float]
    waiting: int = field(default=0, init=False)  # new pictures that may still be written
    passed_over: dict[str, str] = field(default_factory=dict, init=False)  # name -> why; as of the last listing
    _told: dict[str, _Told] = field(default_factory=dict, init=False)
    _since: dict[str, tuple[FileStamp, float]] = field(default_factory=dict, init=False)

    def settled(self, known: Callable[[FileStamp], bool]) -> list[FileStamp]:
        """Stamps of new pictures that have not changed for ``settle`` seconds, ordered by time and name.

        An empty file gets ``LONG_ENOUGH`` times as long. What a file is, is read once it has not changed for so long, and once
        more when ``LONG_ENOUGH`` times as much has passed; a file that can't be read is tried again and again at that distance.

        Parameters
        ----------
        known
            Says whether a file is registered already.

        Raises
        ------
        FileNotReady
            Where the folder can't be listed.
        """
        now, listed = self.seconds(), self._list()
        self._told = {stamp.name: told for stamp in listed if (told := self._told.get(stamp.name)) and told.stamp == stamp}
        self.passed_over |= {name: told.reason for name, told in self._told.items()}
        stamps = [stamp for stamp in listed if not self._is_told(stamp, now) and not known(stamp)]
        before, self._since = self._since, {stamp.name: (stamp, now) for stamp in stamps}
        settled = []
        for stamp in sorted(stamps, key=lambda stamp: (stamp.modified_ns, stamp.name)):
            last, since = before.get(stamp.name, (None, now))
            if last == stamp:
                self._since[stamp.name] = (stamp, since)
                if now - since >= (self.settle if stamp.size else LONG_ENOUGH * self.settle):
                    settled.append(stamp)
        self.waiting = len(stamps) - len(settled)
        return [stamp for stamp in settled if has_picture_name(stamp.name) or not self._is_other(stamp, now)]

    def _is_told(self, stamp: FileStamp, now: float) -> bool:
        told = self._told.get(stamp.name)
        return told is not None and now < told.again

    def _is_other(self, stamp: FileStamp, now: float) -> bool:
        """Look into a file; where it is no picture, note why it is passed over."""
        before = self._told.pop(stamp.name, None)
        self.passed_over.pop(stamp.name, None)
        reason = reason_by_content(self.path / stamp.name)
        if reason is None:
            return False
        # A program may have reserved the room first and written the picture into it within one tick of the drive's clock.
        final = before is not None and not reason.startswith(UNREADABLE)
        self._told[stamp.name] = _Told(stamp, reason, float("inf") if final else now + LONG_ENOUGH * self.settle)
        self.passed_over[stamp.name] = reason
        return True

    def _list(self) -> list[FileStamp]:
        """Stamps of all files that may be pictures; of all others, the reasons are noted."""
        stamps, others = list[FileStamp](), dict[str, str]()
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    try:
                        if reason := reason_by_name(entry.name) or _reason_by_kind(entry):
                            others[entry.name] = reason
                        else:
                            status = entry.stat()
                            stamps.append(FileStamp(entry.name, status.st_size, status.st_mtime_ns))
                    except OSError:  # removed since the folder was listed
                        continue
        except OSError as error:
            raise FileNotReady(f"expected to list the folder: {error.strerror}") from error
        self.passed_over = others
        return stamps

    def read(self, stamp: FileStamp) -> bytes:
        """Read a file that is still as it was listed; of a file that is too large, one byte more than is allowed.

        Raises
        ------
        FileNotReady
            Where it changed, is young and lacks its end, or can't be read.
        """
        try:
            with (self.path / stamp.name).open("rb") as file:
                data = file.read(MAXIMUM_BYTES + 1)
                status = os.fstat(file.fileno())
        except OSError as error:
            raise FileNotReady(f"expected a readable picture: {error.strerror}") from error
        if (status.st_size, status.st_mtime_ns) != stamp[1:] or len(data) < min(stamp.size, MAXIMUM_BYTES + 1):
            raise FileNotReady("expected a picture that is not being written")
        if self.is_young(stamp) and _lacks_its_end(data):
            raise FileNotReady("expected a complete picture, it lacks its end")
        return data

    def stamp_of(self, name: str) -> FileStamp | None:
        """The stamp of a file now; None where there is no such file."""
        try:
            status = (self.path / name).stat()
        except OSError:
            # Where the whole folder is away, its files are not gone.
            return None if self.path.is_dir() else FileStamp(name, 0, 0)
        return FileStamp(name, status.st_size, status.st_mtime_ns)

    def is_young(self, stamp: FileStamp) -> bool:
        """Whether a file is so new that what is wrong with it may pass."""
        last, since = self._since.get(stamp.name, (None, float("-inf")))
        return last == stamp and self.seconds() - since < LONG_ENOUGH * self.settle


def _reason_by_kind(entry: os.DirEntry[str]) -> str | None:
    if entry.is_file():
        return None
    return _FOLDER if entry.is_dir() else NO_FILE


def _lacks_its_end(data: bytes) -> bool:
    try:
        check_header(data)
    except RejectedSmear as refusal:
        return refusal.reason is RejectionReason.TRUNCATED
    return False
