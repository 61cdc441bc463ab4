"""How long to wait after a failure."""

from dataclasses import dataclass
from secrets import SystemRandom

_FIRST = 0.5  # seconds
_RANDOM = SystemRandom()


@dataclass
class Backoff:
    """Exponential backoff with full jitter, so that many agents behind one router don't return at the same moment.

    Parameters
    ----------
    longest
        Seconds to wait, at most.
    """

    longest: float
    failures: int = 0

    def failed(self) -> float:
        """Count a failure; return how many seconds to wait before the next attempt."""
        self.failures += 1
        return _RANDOM.uniform(0, min(self.longest, _FIRST * 2 ** min(self.failures, 32)))

    def worked(self) -> None:
        """Reset after a success."""
        self.failures = 0
