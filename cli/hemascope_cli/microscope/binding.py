"""A file and its slide, why a file is held back, and what a file may have been called before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hemascope_cli.microscope.folder import FileStamp, Seen
from hemascope_cli.microscope.slide_id import SlideId

PRESENT, ABSENT, RELEASED = 1, 0, -1  # of a file in the last listing; released: a new file may take its name


class Hold(StrEnum):
    """Why a file is not sent; the value is for the outbox."""

    NO_SLIDE = "no slide"
    NEW_OUTBOX = "new outbox"
    BEFORE_START = "before start"
    FUTURE = "future"
    CHANGED = "changed"
    RENAMED = "renamed"
    MOVED = "moved"
    OTHER_SLIDE = "other slide"
    QUARANTINED = "quarantined"


_MOVE = "move it into its slide's folder, PATIENT/SLIDE"
_AGAIN = "if it is another picture, take it again, or send it with `hemascope upload`"
ADVICE = {
    Hold.NO_SLIDE: f"no slide was started when it was first seen: {_MOVE}",
    Hold.NEW_OUTBOX: "in the folder before the outbox: start the agent with --confirm-existing if it may be sent",
    Hold.BEFORE_START: f"older than the start of the slide: {_AGAIN}",
    Hold.FUTURE: "dated in the future: set the microscope's clock, or use a slide's folder",
    Hold.CHANGED: f"changed while its slide was not the one that is started: {_AGAIN}",
    Hold.RENAMED: f"renamed since it was first seen for this slide: {_AGAIN}",
    Hold.MOVED: f"moved since it was first seen for this slide: {_AGAIN}",
    Hold.OTHER_SLIDE: "the same picture was first seen for another slide",
    Hold.QUARANTINED: "its slide was stopped before it was sent: start the slide again to send it",
}
BY_CONTENT = {Hold.CHANGED, Hold.RENAMED}  # resolved where the content is that of a picture of the same slide


@dataclass(frozen=True)
class Binding:
    """A file and its slide.

    Parameters
    ----------
    slide
        None where no slide was started when the file was first seen.
    session
        Number of the start; 0 for a file in a slide's folder.
    sha256
        Of its content, once registered.
    hold
        Why it is not sent.
    listed
        Whether it is known to be a picture that is held back.
    """

    stamp: FileStamp
    inode: int
    slide: SlideId | None
    session: int = 0
    presence: int = PRESENT
    sha256: str | None = None
    hold: Hold | None = None
    listed: bool = False

    @property
    def is_flat(self) -> bool:
        """Whether it is directly in the watched folder."""
        return "/" not in self.stamp.name


@dataclass(frozen=True)
class Session:
    """A slide that is started.

    Parameters
    ----------
    started_ns
        On the drive's clock, on which files are dated.
    ahead_ns
        How far that clock was ahead of this machine's.
    """

    number: int
    slide: SlideId
    started_ns: int
    ahead_ns: int


class Origins:
    """What files may have been called before."""

    def __init__(self, files: Mapping[str, Binding], names: Collection[str]) -> None:
        self._files, self._names = files, names
        self._by_inode: dict[int, list[Binding]] | None = None
        self._by_stamp: dict[tuple[int, int], list[Binding]] = {}

    def find(self, file: Seen, place: tuple[SlideId | None, int]) -> Binding | None:
        """The binding under another name of the same file, or of one with its size and time that has disappeared.

        Where there are several, one that is not of the same slide.
        """
        if self._by_inode is None:
            self._by_inode = self._index()
        found = self._by_inode.get(file.inode, []) + self._by_stamp.get((file.stamp.size, file.stamp.modified_ns), [])
        found = [old for old in found if old.stamp.name != file.stamp.name]
        return next((old for old in found if (old.slide, old.session) != place), found[0] if found else None)

    def _index(self) -> dict[int, list[Binding]]:
        by_inode: dict[int, list[Binding]] = {}
        for name, old in self._files.items():
            if old.inode and old.presence == PRESENT:  # as of the listing before; later the number may be another file's
                by_inode.setdefault(old.inode, []).append(old)
            if old.stamp.size and name not in self._names:
                self._by_stamp.setdefault((old.stamp.size, old.stamp.modified_ns), []).append(old)
        return by_inode
