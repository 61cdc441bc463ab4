"""A process that may crash, hang or eat memory, and is seen to."""

import multiprocessing
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from tests.support.patience import patience

SECONDS = 5.0  # of the processor: a machine with other work on it makes nobody slow
MEGABYTES = 1024.0
_ADDRESS_SPACE = 8 << 30  # so that a bomb hits the process before it hits the machine

Try = Callable[[int], tuple[str, str]]


@dataclass(frozen=True)
class End:
    """How one input ended."""

    number: int
    kind: str
    end: str
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def fault(self) -> str | None:
        """What is wrong with it on any machine, however slow."""
        if self.end.startswith(("crash", "hang", "untyped")):
            return self.end
        if self.megabytes > MEGABYTES:
            return f"{self.megabytes:.0f} MB"
        return None

    @property
    def finding(self) -> str | None:
        """What is wrong with it, if anything is; the processor's time counts too."""
        return self.fault or (f"{self.seconds:.1f} s" if self.seconds > SECONDS else None)


class Sandbox:
    """Runs a function of a number in a process of its own, which is started anew where it did not survive.

    Parameters
    ----------
    make
        Called in the process; makes the function, which returns kind and end of the input of that number.
    """

    def __init__(self, make: Callable[[], Try]) -> None:
        self._make, self._process = make, None
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def run(self, number: int) -> End:
        """Try one input."""
        self._pipe.send(number)
        if not self._pipe.poll(patience()):
            self._stop()
            self._start()
            return End(number, "?", "hang", patience())
        try:
            return End(number, *self._pipe.recv())
        except EOFError:
            self._process.join()
            status = self._process.exitcode or 0
            self._start()
            return End(number, "?", f"crash: {signal.Signals(-status).name if status < 0 else status}")

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._make, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def _stop(self) -> None:
        self._process.kill()
        self._process.join()


def run_all(make: Callable[[], Try], numbers: Iterable[int], processes: int) -> list[End]:
    """Try every input in that many processes at once."""
    sandboxes: SimpleQueue[Sandbox] = SimpleQueue()
    for _ in range(processes):
        sandboxes.put(Sandbox(make))

    def run(number: int) -> End:
        sandbox = sandboxes.get()
        try:
            return sandbox.run(number)
        finally:
            sandboxes.put(sandbox)

    try:
        with ThreadPoolExecutor(processes) as pool:
            return list(pool.map(run, numbers))
    finally:
        for _ in range(processes):
            sandboxes.get()._stop()


def table(ends: list[End]) -> str:
    """How many inputs of each kind came to each end, and what was worst."""
    kinds = sorted({end.kind for end in ends})
    counts = Counter((end.end, end.kind) for end in ends)
    names = sorted({end.end for end in ends})
    lines = ["".join([f"{'end':<34}", *(f"{kind:>11}" for kind in kinds), f"{'all':>9}"])]
    for name in names:
        row = [counts[name, kind] for kind in kinds]
        lines.append("".join([f"{name:<34}", *(f"{count:>11,}" for count in row), f"{sum(row):>9,}"]))
    slowest, largest = max(ends, key=lambda end: end.seconds), max(ends, key=lambda end: end.megabytes)
    lines += [f"longest {slowest.seconds:.2f} s of the processor (number {slowest.number})"]
    lines += [
        f"most memory {largest.megabytes:.0f} MB (number {largest.number}); findings: {sum(bool(end.finding) for end in ends)}"
    ]
    return "\n".join(lines)


def _serve(make: Callable[[], Try], pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)  # decoders complain about every file
    run = make()
    while True:
        try:
            number = pipe.recv()
        except EOFError:
            return
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the largest size so far
        begin = time.process_time()
        try:
            kind, end = run(number)
        except Exception as error:
            kind, end = "?", f"untyped: {type(error).__name__}"
        seconds = time.process_time() - begin
        pipe.send((kind, end, seconds, _largest_megabytes()))


def _largest_megabytes() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
