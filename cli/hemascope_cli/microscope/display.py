"""What the agent prints: a table on a terminal, a line for each step in a log."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from hemascope.domain.characters import visible
from hemascope_cli.microscope.binding import ADVICE, Binding
from hemascope_cli.microscope.outbox import Entry, Outbox, Result, Step
from hemascope_cli.microscope.slide_id import SlideId
from hemascope_cli.microscope.slides import listed_lines, whose
from hemascope_cli.passed_over import summarize

_ROWS, _WIDTH, _WHOSE, _HELD = 12, 28, 20, 5
_WORDS = {
    Step.SEEN: "waiting to be sent",
    Step.SENDING: "being sent",
    Step.STORED: "sent",
    Result.REPORTED: "reported",
    Result.REJECTED: "rejected",
    Result.FAILED: "failed, being looked after",
    Result.REFUSED: "not sent",
    Result.GONE: "not sent",
    Result.HELD: "held back",
    Result.QUARANTINED: "held back",
}


def state_of(entry: Entry, *, shows_results: bool) -> str:
    """State of a picture in words; ``shows_results`` where the agent reads results."""
    if entry.step is Step.STORED and entry.result is None and shows_results:
        return "sent, waiting for its result"
    reason = f": {entry.reason}" if entry.reason else ""
    return _WORDS[entry.result or entry.step] + reason


@dataclass
class Lines:
    """A line for each step. A file's name may identify a person, so a log has the digest of its content instead."""

    out: TextIO
    shows_results: bool
    show_names: bool = False
    _last: str | None = field(default=None, init=False)
    _last_passed_over: str = field(default="", init=False)
    _last_held_back: str = field(default="", init=False)
    _last_started: SlideId | None = field(default=None, init=False)

    def changed(self, entry: Entry) -> None:
        """Write what changed; a first attempt to send is only reported by its outcome."""
        if entry.step is Step.SENDING and entry.attempts == 1:
            return
        name = f"  {visible(entry.stamp.name)}" if self.show_names else ""
        state = state_of(entry, shows_results=self.shows_results)
        self._write(f"{entry.sha256[:16]}  {entry.object_id or '-':<32}  {entry.slide}  {state}{name}")

    def trouble(self, what: str | None) -> None:
        """Write a problem when it begins, changes and ends."""
        if what != self._last:
            self._write(f"trouble: {what}" if what else "trouble is over")
            self._last = what

    def passed_over(self, files: Mapping[str, str]) -> None:
        """Write what is passed over when that changes: counts by reason, and names where they may be shown."""
        what = "; ".join(summarize(files, names=self.show_names))
        if what != self._last_passed_over:
            self._write(f"passed over: {what or 'nothing any more'}")
            self._last_passed_over = what

    def held_back(self, files: Sequence[Binding], started: SlideId | None) -> None:
        """Write which slide is started, and what is held back, when that changes."""
        if started != self._last_started:
            self._write(f"slide: {started or 'none is started'}")
            self._last_started = started
        rows = Counter((whose(file.slide), ADVICE[file.hold]) for file in files if file.hold)
        what = "; ".join(
            listed_lines(list(files), [])
            if self.show_names
            else [f"held back: {count}  {slide}  {why}" for (slide, why), count in sorted(rows.items())]
        )
        if what != self._last_held_back:
            self._write(what or "held back: nothing any more")
            self._last_held_back = what

    def round(self) -> None:
        """Nothing to draw."""

    def _write(self, line: str) -> None:
        self.out.write(f"{line}\n")
        self.out.flush()


@dataclass
class Table:
    """The newest pictures and the totals, drawn over the previous drawing."""

    out: TextIO
    shows_results: bool
    outbox: Outbox
    columns: Callable[[], int]
    _trouble: str | None = field(default=None, init=False)
    _passed_over: list[str] = field(default_factory=list, init=False)
    _held_back: list[str] = field(default_factory=list, init=False)
    _started: SlideId | None = field(default=None, init=False)
    _drawn: str = field(default="", init=False)

    def changed(self, entry: Entry) -> None:
        """Draw during a long round, too."""
        self.round()

    def trouble(self, what: str | None) -> None:
        """Keep the problem for the last line."""
        self._trouble = what

    def passed_over(self, files: Mapping[str, str]) -> None:
        """Keep the list for the lines below the totals."""
        self._passed_over = [f"passed over: {row}" for row in summarize(files)]

    def held_back(self, files: Sequence[Binding], started: SlideId | None) -> None:
        """Keep the slide and the list for the lines below the totals."""
        rows = listed_lines(list(files), [])
        more = [f"held back: {len(rows) - _HELD} more; `hemascope microscope status` lists them"]
        self._held_back, self._started = rows[:_HELD] + (more if len(rows) > _HELD else []), started

    def round(self) -> None:
        """Draw where anything changed."""
        width = max(20, self.columns() - 1)
        rows = [
            f"{visible(entry.stamp.file)[:_WIDTH]:<{_WIDTH}}  {str(entry.slide)[:_WHOSE]:<{_WHOSE}}  "
            f"{state_of(entry, shows_results=self.shows_results)}"
            for entry in self.outbox.newest(_ROWS)
        ]
        counts = self.outbox.counts()
        total = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
        rows += ["", f"{counts.total()} pictures: {total}" if total else "no picture yet"]
        rows += [f"slide: {self._started or 'none is started'}", *self._held_back, *self._passed_over]
        rows += [f"trouble: {self._trouble}"] if self._trouble else []
        drawing = "".join(f"{row[:width]}\n" for row in rows)
        if drawing != self._drawn:
            back = f"\x1b[{self._drawn.count(chr(10))}A\x1b[J" if self._drawn else ""
            self.out.write(back + drawing)
            self.out.flush()
            self._drawn = drawing
