"""The watched folder: which pictures are in it and complete.

It is polled, because the operating system doesn't report what another machine writes to a network drive, and because a file
must be seen twice anyway to know that it is no longer being written (docs/adr/0023).
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hemascope.domain.errors import HemascopeError, RejectedSmear, RejectionReason
from hemascope.domain.picture_file import MAXIMUM_BYTES, SUFFIXES
from hemascope.imaging.decode import check_header

LONG_ENOUGH = 15  # times ``settle``: then a file without its end is sent as it is, and the service reports what is wrong


class FileStamp(NamedTuple):
    """A file as a listing shows it; new content changes the stamp."""

    name: str
    size: int
    modified_ns: int


class FileNotReady(HemascopeError):
    """The file can't be read completely now; later it may."""


@dataclass
class WatchedFolder:
    """Pictures directly in one folder.

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
    _since: dict[str, tuple[FileStamp, float]] = field(default_factory=dict, init=False)

    def settled(self, known: Callable[[FileStamp], bool]) -> list[FileStamp]:
        """Stamps of new pictures that have not changed for ``settle`` seconds, ordered by time and name.

        An empty file gets ``LONG_ENOUGH`` times as long.

        Parameters
        ----------
        known
            Says whether a file is registered already.

        Raises
        ------
        FileNotReady
            Where the folder can't be listed.
        """
        now, stamps = self.seconds(), [stamp for stamp in self._stamps() if not known(stamp)]
        before, self._since = self._since, {stamp.name: (stamp, now) for stamp in stamps}
        settled = []
        for stamp in sorted(stamps, key=lambda stamp: (stamp.modified_ns, stamp.name)):
            last, since = before.get(stamp.name, (None, now))
            if last == stamp:
                self._since[stamp.name] = (stamp, since)
                if now - since >= (self.settle if stamp.size else LONG_ENOUGH * self.settle):
                    settled.append(stamp)
        self.waiting = len(stamps) - len(settled)
        return settled

    def _stamps(self) -> Iterator[FileStamp]:
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if Path(entry.name).suffix.lower() in SUFFIXES and not entry.name.startswith("."):
                        try:
                            if entry.is_file():
                                status = entry.stat()
                                yield FileStamp(entry.name, status.st_size, status.st_mtime_ns)
                        except OSError:  # removed since the folder was listed
                            continue
        except OSError as error:
            raise FileNotReady(f"expected to list the folder: {error.strerror}") from error

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


def _lacks_its_end(data: bytes) -> bool:
    try:
        check_header(data)
    except RejectedSmear as refusal:
        return refusal.reason is RejectionReason.TRUNCATED
    return False
