"""The watched folder: which pictures are in it, in which slide's folder, and which are complete.

It is polled, because the operating system doesn't report what another machine writes to a network drive, and because a file
must be seen twice anyway to know that it is no longer being written (docs/adr/0023).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hemascope.domain.errors import HemascopeError, RejectedSmear, RejectionReason
from hemascope.domain.picture_file import MAXIMUM_BYTES
from hemascope.imaging.decode import check_header
from hemascope_cli.microscope.slide_id import SlideId, slide_id
from hemascope_cli.passed_over import (
    NO_FILE,
    UNREADABLE,
    has_picture_name,
    reason_by_content,
    reason_by_name,
    unreadable,
)

MARK = ".hemascope"  # the agent's own file in the folder: its lock, and how the drive's clock is read
_INODE = 2**63 - 1  # what SQLite can store
_FOLDER = "a folder: a slide's pictures are directly in PATIENT/SLIDE"
_LINK = "a link to a folder"
_FILE_LINK = "a link to a file: copy the picture itself"  # what it leads to may be another slide's tomorrow
_NO_SLIDE = "beside the slides' folders: move it into PATIENT/SLIDE"
LONG_ENOUGH = 15  # times ``settle``: then a file without its end is sent as it is, and the service reports what is wrong


class FileStamp(NamedTuple):
    """A file as a listing shows it; new content changes the stamp. In a slide's folder, ``name`` is ``patient/slide/file``."""

    name: str
    size: int
    modified_ns: int

    @property
    def file(self) -> str:
        """The name without folders."""
        return self.name.rpartition("/")[2]


class Seen(NamedTuple):
    """A file in a listing.

    Parameters
    ----------
    inode
        Number of the file on its drive, which stays when it is renamed; 0 where the drive has none.
    home
        The slide whose folder it is in; None directly in the watched folder.
    """

    stamp: FileStamp
    inode: int
    home: SlideId | None


class _Told(NamedTuple):
    """Why a file is passed over, as its first bytes said, and when it is looked into again."""

    stamp: FileStamp
    reason: str
    again: float


class FileNotReady(HemascopeError):
    """The file can't be read completely now; later it may."""


@dataclass
class WatchedFolder:
    """Pictures in one folder and in its slides' folders: files with the first bytes, or with the name, of a picture.

    Parameters
    ----------
    path
        The folder; it may disappear and return, as a network drive does. A link is followed once.
    settle
        Seconds for which a file must not change; at least two on drives whose timestamps have steps of two seconds.
    seconds
        A clock that never jumps.
    allow_names
        Whether folders are taken whose names look like a person's.
    """

    path: Path
    settle: float
    seconds: Callable[[], float]
    allow_names: bool = False
    waiting: int = field(default=0, init=False)  # new pictures that may still be written
    passed_over: dict[str, str] = field(default_factory=dict, init=False)  # name -> why; as of the last listing
    _candidates: list[FileStamp] = field(default_factory=list, init=False)  # of the last listing
    _told: dict[str, _Told] = field(default_factory=dict, init=False)
    _since: dict[str, tuple[FileStamp, float]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.path = self.path.resolve()

    def settled(self, known: Callable[[FileStamp], bool]) -> list[FileStamp]:
        """Stamps of the new pictures of the last listing that have not changed for ``settle`` seconds, by time and name.

        An empty file gets ``LONG_ENOUGH`` times as long. What a file is, is read once it has not changed for so long, and once
        more when ``LONG_ENOUGH`` times as much has passed; a file that can't be read is tried again and again at that distance.

        Parameters
        ----------
        known
            Says whether a file is registered already.
        """
        now, listed = self.seconds(), self._candidates
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

    def look(self) -> list[Seen]:
        """List every file of the folder and of its slides' folders; of those that are no pictures, the reasons are noted.

        Raises
        ------
        FileNotReady
            Where the folder can't be listed.
        """
        self._candidates, self.passed_over, seen = [], {}, list[Seen]()
        try:
            for entry in _scan(self.path):
                if entry.is_dir():
                    seen += self._look_into_patient(entry)
                elif entry.name != MARK:
                    seen += self._look_at(entry, entry.name, None)
        except OSError as error:
            raise FileNotReady(
                f"the folder can't be listed ({error.strerror}): check whether the drive is there and this account may read it"
            ) from error
        return seen

    def _look_into_patient(self, patient: os.DirEntry[str]) -> Iterator[Seen]:
        for entry in self._inside(patient, patient.name):
            name = f"{patient.name}/{entry.name}"
            if not entry.is_dir():
                self.passed_over[name] = reason_by_name(entry.name) or _NO_SLIDE
                continue
            try:
                home = slide_id(patient.name, entry.name, allow_names=self.allow_names)
            except HemascopeError as error:
                self.passed_over[name] = str(error)
                continue
            for file in self._inside(entry, name):
                if file.is_dir():
                    self.passed_over[f"{name}/{file.name}"] = _FOLDER
                else:
                    yield from self._look_at(file, f"{name}/{file.name}", home)

    def _inside(self, folder: os.DirEntry[str], name: str) -> list[os.DirEntry[str]]:
        if reason := reason_by_name(folder.name) or (_LINK if folder.is_symlink() else None):
            self.passed_over[name] = reason
            return []
        try:
            return _scan(Path(folder.path))
        except OSError as error:
            self.passed_over[name] = unreadable(error)
            return []

    def _look_at(self, entry: os.DirEntry[str], name: str, home: SlideId | None) -> Iterator[Seen]:
        with suppress(OSError):  # removed since the folder was listed
            reason = reason_by_name(entry.name)
            if not entry.is_file():
                self.passed_over[name] = reason or NO_FILE
                return
            if entry.is_symlink():
                self.passed_over[name] = reason or _FILE_LINK
                return
            status = entry.stat()
            stamp = FileStamp(name, status.st_size, status.st_mtime_ns)
            if reason:
                self.passed_over[name] = reason
            else:
                self._candidates.append(stamp)
            yield Seen(stamp, status.st_ino & _INODE, home)

    def clock_ns(self) -> int | None:
        """The time of the drive, on which files are dated; None where nothing can be written there."""
        path = self.path / MARK
        try:
            with path.open("ab+", buffering=0) as file:
                file.truncate(0)
                file.write(b"\n")
                return os.fstat(file.fileno()).st_mtime_ns
        except OSError:
            return None

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
            raise FileNotReady(f"a picture can't be read ({error.strerror}): check whether this account may read it") from error
        if (status.st_size, status.st_mtime_ns) != stamp[1:] or len(data) < min(stamp.size, MAXIMUM_BYTES + 1):
            raise FileNotReady("a picture is still being written")
        if self.is_young(stamp) and _lacks_its_end(data):
            raise FileNotReady("a picture lacks its end; it may still be written")
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


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _lacks_its_end(data: bytes) -> bool:
    try:
        check_header(data)
    except RejectedSmear as refusal:
        return refusal.reason is RejectionReason.TRUNCATED
    return False
