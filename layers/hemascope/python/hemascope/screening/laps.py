"""How long each step of a screening takes, where somebody wants to know."""

from collections.abc import Callable

Timer = Callable[[], float]


class Laps:
    """Milliseconds of each step, where there is a timer."""

    def __init__(self, timer: Timer | None) -> None:
        self._timer = timer
        self._last = timer() if timer else 0.0
        self.milliseconds: dict[str, float] = {}

    def mark(self, step: str) -> None:
        """Name the step that has just ended."""
        if self._timer:
            now = self._timer()
            self.milliseconds[step] = round((now - self._last) * 1000.0, 3)
            self._last = now
