"""How long to wait after a failure."""

from dataclasses import dataclass
from secrets import SystemRandom

_FIRST = 0.5  # seconds
_CHANCE = SystemRandom()


@dataclass
class Backoff:
    """Exponential with full jitter: many agents behind one router don't come back at the same moment.

    Parameters
    ----------
    longest
        Seconds.
    """

    longest: float
    failures: int = 0

    def failed(self) -> float:
        """Count a failure; how many seconds to wait before the next attempt."""
        self.failures += 1
        return _CHANCE.uniform(0, min(self.longest, _FIRST * 2 ** min(self.failures, 32)))

    def worked(self) -> None:
        """Begin anew."""
        self.failures = 0
