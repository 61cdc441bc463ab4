"""Starting and stopping slides: by the agent itself, or by a command while no agent runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hemascope.domain.characters import visible
from hemascope.domain.errors import HemascopeError, TransientError
from hemascope_cli.microscope.binding import ADVICE, Binding
from hemascope_cli.microscope.folder import FileNotReady, WatchedFolder
from hemascope_cli.microscope.outbox import Entry, Outbox
from hemascope_cli.microscope.slide_id import SlideId
from hemascope_cli.passed_over import has_picture_name, reason_by_content, reason_by_name

LONGEST_HOURS = 12  # of a slide: one that was started on another day is not on the stage any more
_HOUR_NS = 3600 * 10**9
_STOP = "Wait, or leave them unsent with `hemascope microscope stop --quarantine`."


class Undrained(HemascopeError):
    """Pictures of another slide are not sent yet."""


class StillWritten(HemascopeError):
    """Pictures of the slide are still being written."""


@dataclass
class Slides:
    """The slides of one folder.

    Parameters
    ----------
    wall_ns
        This machine's clock.
    drive_ns
        The clock on which the folder's files are dated; None where it can't be read.
    """

    folder: WatchedFolder
    outbox: Outbox
    hospital: str
    wall_ns: Callable[[], int]
    drive_ns: Callable[[], int | None]
    _watches: bool = field(default=False, init=False)  # whether this process has seen the folder while the slide was started
    overdue: str | None = field(default=None, init=False)  # what to tell of a slide that was left started

    @property
    def started(self) -> SlideId | None:
        """The slide whose pictures appear directly in the folder."""
        session = self.outbox.bindings.session
        return session.slide if session else None

    def check_owner(self) -> None:
        """Refuse an outbox that was made for another folder or hospital.

        Raises
        ------
        HemascopeError
        """
        owner = self.outbox.bindings.owner
        if owner is not None and owner != (self._place, self.hospital):
            what = "folder" if owner[0] != self._place else "hospital"
            raise HemascopeError(f"This outbox is another {what}'s. Check --watch and --hospital, or give a new --outbox.")

    @property
    def _place(self) -> str:
        return str(Path(self.folder.path).resolve())

    def look(self) -> None:
        """List the folder and bind what is new. A slide that was left started is stopped before.

        Raises
        ------
        FileNotReady
            Where it can't be listed.
        TransientError
            Where the outbox can't be written.
        """
        self._stop_overdue()
        bindings = self.outbox.bindings
        bindings.bind(self.folder.look(), first=bindings.owner is None)
        if bindings.owner is None:
            bindings.own(self._place, self.hospital)
        self._watches = True

    def start(self, slide: SlideId) -> None:
        """Start a slide. Another one is stopped at once, since its pictures end here; everything in the folder is older.

        Raises
        ------
        Undrained
            Where pictures of another slide are not sent yet. No slide is started then.
        FileNotReady, TransientError
            Where the folder can't be listed, or the outbox written.
        """
        self._stop_overdue()
        if self.started == slide:
            return
        if self.started is not None:
            self.stop()
        self.look()
        if unsent := [whose for whose in self.unsent() if whose != slide]:
            names = ", ".join(sorted({str(whose) for whose in unsent}))
            raise Undrained(f"{_count(len(unsent))} not sent yet, of {names}, so no slide is started. {_STOP}")
        self.outbox.bindings.release_quarantined(slide)
        self.outbox.release_quarantined(slide)
        now, drive = self.wall_ns(), self.drive_ns()
        self.look()  # what has appeared meanwhile may have the very time of the start
        self.outbox.bindings.start(slide, now if drive is None else drive, 0 if drive is None else drive - now)
        self.overdue = None

    def _stop_overdue(self) -> None:
        """End a slide that was left started, such as overnight; a clock that is set forward by so much ends it too."""
        session = self.outbox.bindings.session
        if session and self.wall_ns() + session.ahead_ns - session.started_ns > LONGEST_HOURS * _HOUR_NS:
            self.outbox.bindings.stop()
            self.overdue = (
                f"{session.slide} was started more than {LONGEST_HOURS} hours ago, so it was stopped: "
                "start the slide that is on the stage"
            )

    def stop(self, *, quarantine: bool = False, gently: bool = False) -> None:
        """Stop the slide: what is in the folder now is its own, what appears later is not.

        Where nobody has watched the folder since the process before ended, what has appeared meanwhile is no slide's.

        Parameters
        ----------
        quarantine
            Send nothing more of slides that were started, also of earlier ones.
        gently
            Refuse while pictures are being written.

        Raises
        ------
        StillWritten
        TransientError
            Where the outbox can't be written.
        """
        if not self._watches:
            self.outbox.bindings.stop()
        try:
            self.look()
        except (FileNotReady, TransientError):  # such as a drive that is away; what it brings later belongs to no slide
            self.outbox.bindings.stop()
            if gently:
                raise
        if gently and not quarantine and (count := len(self._pending())):
            raise StillWritten(f"{_count(count)} still being written, so the slide is not stopped yet.")
        if quarantine:
            for slide in set(self.unsent()):
                self.outbox.bindings.quarantine(slide)
                self.outbox.quarantine(slide)
        self.outbox.bindings.stop()
        self.overdue = None

    def _pending(self) -> list[Binding]:
        return [binding for binding in self.outbox.bindings.pending() if self._may_be_picture(binding.stamp.name)]

    def _may_be_picture(self, name: str) -> bool:
        if reason_by_name(name):
            return False
        return has_picture_name(name) or reason_by_content(self.folder.path / name) is None

    def unsent(self) -> list[SlideId]:
        """The slide of each picture directly in the folder that is not sent yet."""
        waiting = [entry.slide for entry in self.outbox.unsent() if "/" not in entry.stamp.name]
        return waiting + [binding.slide for binding in self._pending() if binding.slide]

    def describe(self) -> list[str]:
        """Lines for a person: what is started, what is not sent yet, and what never will be."""
        lines = [f"slide: {self.started or 'none is started'}"]
        lines += [self.overdue] if self.overdue else []
        waiting = self.unsent()
        lines += [f"not sent yet: {waiting.count(slide)}  {slide}" for slide in sorted(set(waiting))]
        lines += listed_lines(self.outbox.bindings.listed(), self.outbox.withheld())
        return lines


def listed_lines(files: list[Binding], pictures: list[Entry]) -> list[str]:
    """A line for each picture that is held back: name, whose it is, and what to do."""
    rows = [(visible(file.stamp.name), whose(file.slide), ADVICE[file.hold]) for file in files if file.hold]
    rows += [(visible(entry.stamp.name), whose(entry.slide), entry.reason or "") for entry in pictures]
    return [f"held back: {name}  {slide}  {reason}" for name, slide, reason in rows]


def whose(slide: SlideId | None) -> str:
    """A slide for people."""
    return str(slide) if slide else "no slide"


def _count(number: int) -> str:
    return "1 picture is" if number == 1 else f"{number} pictures are"
