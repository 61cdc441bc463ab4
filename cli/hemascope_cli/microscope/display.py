"""What the agent shows: a table where somebody looks, a line for each step where a log is written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from hemascope_cli.microscope.outbox import Entry, Outbox, Result, Step

_ROWS, _WIDTH = 12, 48
_WORDS = {
    Step.SEEN: "waiting to be sent",
    Step.SENDING: "being sent",
    Step.STORED: "sent",
    Result.REPORTED: "reported",
    Result.REJECTED: "rejected",
    Result.FAILED: "failed, being looked after",
    Result.REFUSED: "not sent",
    Result.GONE: "not sent",
}


def state_of(entry: Entry, *, asks: bool) -> str:
    """One picture's state in words; ``asks`` where results are asked for."""
    if entry.step is Step.STORED and entry.result is None and asks:
        return "sent, waiting for its result"
    reason = f": {entry.reason}" if entry.reason else ""
    return _WORDS[entry.result or entry.step] + reason


def printable(name: str) -> str:
    """A file's name that can do nothing to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


@dataclass
class Lines:
    """A line for each step. Names of files may tell of a person, so that a log has the content's digest instead."""

    out: TextIO
    asks: bool
    show_names: bool = False
    _last: str | None = field(default=None, init=False)

    def changed(self, entry: Entry) -> None:
        """Write what changed; the first attempt to send is told of by its end."""
        if entry.step is Step.SENDING and entry.attempts == 1:
            return
        name = f"  {printable(entry.mark.name)}" if self.show_names else ""
        self._write(f"{entry.sha256[:16]}  {entry.object_id or '-':<32}  {state_of(entry, asks=self.asks)}{name}")

    def trouble(self, what: str | None) -> None:
        """Write it when it begins, changes and ends."""
        if what != self._last:
            self._write(f"trouble: {what}" if what else "trouble is over")
            self._last = what

    def round(self) -> None:
        """Nothing to draw."""

    def _write(self, line: str) -> None:
        self.out.write(f"{line}\n")
        self.out.flush()


@dataclass
class Table:
    """The newest pictures and the sum of all, drawn over the last drawing."""

    out: TextIO
    asks: bool
    outbox: Outbox
    columns: Callable[[], int]
    _trouble: str | None = field(default=None, init=False)
    _drawn: str = field(default="", init=False)

    def changed(self, entry: Entry) -> None:
        """Draw while a long round lasts."""
        self.round()

    def trouble(self, what: str | None) -> None:
        """Keep it for the last line."""
        self._trouble = what

    def round(self) -> None:
        """Draw, where anything is different."""
        width = max(20, self.columns() - 1)
        rows = [
            f"{printable(one.mark.name)[:_WIDTH]:<{_WIDTH}}  {state_of(one, asks=self.asks)}"
            for one in self.outbox.newest(_ROWS)
        ]
        counts = self.outbox.counts()
        total = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
        rows += ["", f"{counts.total()} pictures: {total}" if total else "no picture yet"]
        rows += [f"trouble: {self._trouble}"] if self._trouble else []
        drawing = "".join(f"{row[:width]}\n" for row in rows)
        if drawing != self._drawn:
            back = f"\x1b[{self._drawn.count(chr(10))}A\x1b[J" if self._drawn else ""
            self.out.write(back + drawing)
            self.out.flush()
            self._drawn = drawing
