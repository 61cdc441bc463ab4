"""The watched folder: which pictures are in it and whole.

It is asked again and again, because no notification tells of what another machine writes to a network drive, and because a
file must be looked at twice anyhow to see that nobody writes it any more (docs/adr/0023).
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hemascope.domain.errors import HemascopeError, RejectedSmear, RejectionReason
from hemascope.domain.file_size import MAXIMUM_BYTES, SUFFIXES
from hemascope.imaging.header import read_header

LONG_ENOUGH = 15  # times the settling: then a file without its end goes as it is, and the service says what is wrong


class Mark(NamedTuple):
    """A file as a listing shows it. Another content has another mark."""

    name: str
    size: int
    modified_ns: int


class NotYet(HemascopeError):
    """The file can't be read whole now; later it may."""


@dataclass
class WatchedFolder:
    """Pictures directly in one folder.

    Parameters
    ----------
    path
        The folder, which may go away and come back.
    settle
        Seconds for which a file must not change. At least two, where the drive counts time in steps of two seconds.
    seconds
        A clock that never jumps.
    """

    path: Path
    settle: float
    seconds: Callable[[], float]
    waiting: int = field(default=0, init=False)  # new pictures that have not settled
    _since: dict[str, tuple[Mark, float]] = field(default_factory=dict, init=False)

    def settled(self, known: Callable[[Mark], bool]) -> list[Mark]:
        """Marks of new pictures that have not changed for a while, by their time and name.

        An empty file has longer to be written.

        Raises
        ------
        NotYet
            Where the folder can't be listed.
        """
        now, marks = self.seconds(), [mark for mark in self._marks() if not known(mark)]
        before, self._since = self._since, {mark.name: (mark, now) for mark in marks}
        settled = []
        for mark in sorted(marks, key=lambda one: (one.modified_ns, one.name)):
            last, since = before.get(mark.name, (None, now))
            if last == mark:
                self._since[mark.name] = (mark, since)
                if now - since >= (self.settle if mark.size else LONG_ENOUGH * self.settle):
                    settled.append(mark)
        self.waiting = len(marks) - len(settled)
        return settled

    def _marks(self) -> Iterator[Mark]:
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if Path(entry.name).suffix.lower() in SUFFIXES and not entry.name.startswith("."):
                        try:
                            if entry.is_file():
                                status = entry.stat()
                                yield Mark(entry.name, status.st_size, status.st_mtime_ns)
                        except OSError:  # gone between the listing and the look
                            continue
        except OSError as error:
            raise NotYet(f"expected to list the folder: {error.strerror}") from error

    def read(self, mark: Mark) -> bytes:
        """The whole content of a file that is still as it was listed; of one that is too large a part that shows it.

        Raises
        ------
        NotYet
            Where it changed, lacks its end and is young, or can't be read.
        """
        try:
            with (self.path / mark.name).open("rb") as file:
                data = file.read(MAXIMUM_BYTES + 1)
                status = os.fstat(file.fileno())
        except OSError as error:
            raise NotYet(f"expected a readable picture: {error.strerror}") from error
        if (status.st_size, status.st_mtime_ns) != mark[1:] or len(data) < min(mark.size, MAXIMUM_BYTES + 1):
            raise NotYet("expected a picture that nobody writes")
        if self.is_young(mark) and _lacks_its_end(data):
            raise NotYet("expected a whole picture, it lacks its end")
        return data

    def mark_of(self, name: str) -> Mark | None:
        """How a file is listed now; None where there is none."""
        try:
            status = (self.path / name).stat()
        except OSError:
            # A folder that can't be listed takes no picture with it.
            return None if self.path.is_dir() else Mark(name, 0, 0)
        return Mark(name, status.st_size, status.st_mtime_ns)

    def is_young(self, mark: Mark) -> bool:
        """Tell whether a file is so new that what is wrong with it may pass."""
        last, since = self._since.get(mark.name, (None, float("-inf")))
        return last == mark and self.seconds() - since < LONG_ENOUGH * self.settle


def _lacks_its_end(data: bytes) -> bool:
    try:
        read_header(data)
    except RejectedSmear as refusal:
        return refusal.reason is RejectionReason.TRUNCATED
    return False
