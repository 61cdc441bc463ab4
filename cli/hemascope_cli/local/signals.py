"""Ends a command cleanly, whoever asks for it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C, a service manager, a terminal that is closed


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Turn the first signal that asks this process to end into a KeyboardInterrupt in the main thread.

    Later ones are ignored, so that nothing interrupts the clean-up that the first one begins.
    """
    signals = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
