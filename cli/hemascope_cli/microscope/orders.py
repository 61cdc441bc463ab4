"""How people start and stop slides: by commands, which leave an order beside the outbox, and by a barcode scanner."""

import json
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.domain.errors import HemascopeError, TransientError
from hemascope_cli.microscope.slide_id import SlideId, parse_barcode, slide_id
from hemascope_cli.microscope.slides import Slides, StillWritten, Undrained

STOP = "stop"  # the barcode that stops a slide
_PATIENCE = 60.0  # seconds; an agent may be sending a picture
_LOOK = 0.1


class Order(BaseModel):
    """What a person wants; ``patient`` and ``slide`` of a start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verb: Literal["start", "stop", "status"]
    patient: str = ""
    slide: str = ""
    hospital: str = ""
    quarantine: bool = False
    gently: bool = True
    number: str = Field(default_factory=lambda: uuid4().hex, pattern="^[0-9a-f]{32}$")


class Answer(BaseModel):
    """What became of an order: done, to be repeated later, or refused; and lines for the person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Literal["done", "later", "refused"]
    lines: list[str] = []


def follow(order: Order, slides: Slides, *, allow_names: bool) -> Answer:
    """Do what an order says."""
    try:
        if order.hospital and order.hospital != slides.hospital:
            raise HemascopeError("The agent on this folder works for another hospital. Check --hospital and --watch.")
        if order.verb == "start":
            slide = slide_id(order.patient, order.slide, allow_names=allow_names)
            if order.gently and slides.started not in (None, slide):
                slides.stop(gently=True)
            slides.start(slide)
        elif order.verb == "stop":
            slides.stop(quarantine=order.quarantine, gently=order.gently)
    except (StillWritten, Undrained) as error:
        return Answer(outcome="later", lines=[str(error)])
    except HemascopeError as error:
        return Answer(outcome="refused", lines=[str(error)])
    return Answer(outcome="done", lines=slides.describe())


def find_scanner(barcode: str | None) -> Path | IO[str] | None:
    """Where a scanner types; ``-`` is standard input.

    Raises
    ------
    HemascopeError
        Where there is none.
    """
    if barcode is None or barcode == "-":
        return sys.stdin if barcode else None
    if not Path(barcode).exists():
        raise HemascopeError(f"There is no barcode scanner at {barcode}. Plug it in, and check --barcode.")
    return Path(barcode)


class Orders:
    """A :class:`~hemascope_cli.microscope.agent.Console`: orders of commands, and of a scanner where there is one."""

    def __init__(self, outbox: Path, scanner: Path | IO[str] | None, *, allow_names: bool) -> None:
        self._outbox, self._allow_names = outbox, allow_names
        self._shown: list[str] = []
        self._scans: SimpleQueue[str | None] = SimpleQueue()
        _request(outbox).unlink(missing_ok=True)  # of a command that has given up
        if scanner is not None:
            Thread(target=_read_lines, args=(scanner, self._scans.put), daemon=True).start()

    def obey(self, slides: Slides) -> list[str]:
        """Follow the orders; return why one was refused, until another is followed."""
        with suppress(Empty):
            while True:
                self._scan(self._scans.get_nowait(), slides)
        if order := self._take():
            answer = follow(order, slides, allow_names=self._allow_names)
            self._shown = answer.lines if answer.outcome != "done" else []
            _write(_answer(self._outbox, order.number), answer.model_dump_json())
        return self._shown

    def _scan(self, line: str | None, slides: Slides) -> None:
        """A scan means that another slide comes: the one before is stopped even where the next can't be started."""
        try:
            if line is None:
                slides.stop()
                raise HemascopeError("the scanner has gone, so no slide is started: plug it in and start the agent again")
            if not line.strip():
                return
            if line.strip().casefold() == STOP:
                slides.stop()
            else:
                slides.start(self._scanned(line, slides))
        except HemascopeError as error:
            self._shown = [f"barcode: {error}"]
        else:
            self._shown = []

    def _scanned(self, line: str, slides: Slides) -> SlideId:
        try:
            return parse_barcode(line, allow_names=self._allow_names)
        except HemascopeError:
            slides.stop()
            raise

    def _take(self) -> Order | None:
        path = _request(self._outbox)
        try:
            text = path.read_bytes()
            path.unlink()
        except OSError:
            return None
        try:
            return Order.model_validate_json(text)
        except ValidationError:
            return None


def _read_lines(scanner: Path | IO[str], put: Callable[[str | None], None]) -> None:
    try:
        if isinstance(scanner, Path):
            is_pipe = True
            while is_pipe:  # its writer may close it after each line
                is_pipe = stat.S_ISFIFO(scanner.stat().st_mode)
                with scanner.open(encoding="utf-8", errors="replace") as lines:
                    for line in lines:
                        put(line)
        else:
            for line in scanner:
                put(line)
    except (OSError, ValueError):
        pass
    put(None)


def _request(outbox: Path) -> Path:
    return outbox.with_name(f"{outbox.name}.order")


def _answer(outbox: Path, number: str) -> Path:
    return outbox.with_name(f"{outbox.name}.answer-{number}")


def _write(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise TransientError(
            f"nothing can be written beside the outbox ({error.strerror}): free some space, or check who may write there"
        ) from error


def send_order(outbox: Path, order: Order) -> Answer:
    """Give an order to the agent that runs, and wait for its answer.

    Raises
    ------
    HemascopeError
        Where it does not answer. What it had not taken by then, it does not do.
    """
    _write(_request(outbox), order.model_dump_json())
    path, until, is_withdrawn = _answer(outbox, order.number), time.monotonic() + _PATIENCE, False
    while True:
        try:
            answer = Answer.model_validate(json.loads(path.read_bytes()))
        except OSError:
            if time.monotonic() < until:
                time.sleep(_LOOK)
                continue
            if not is_withdrawn:
                is_withdrawn, until = True, time.monotonic() + _PATIENCE
                with suppress(FileNotFoundError):
                    _request(outbox).unlink()
                    until = 0
                continue
            raise HemascopeError("The agent did not answer. Look at what it shows before you take the next picture.") from None
        path.unlink(missing_ok=True)
        return answer
