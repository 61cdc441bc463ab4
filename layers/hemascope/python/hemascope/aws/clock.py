"""The clock of this machine."""

import time
from datetime import UTC, datetime


class SystemClock:
    """A :class:`~hemascope.ports.Clock` of this machine."""

    def now(self) -> datetime:
        """Current time in UTC."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """A monotonic timer."""
        return time.perf_counter()
