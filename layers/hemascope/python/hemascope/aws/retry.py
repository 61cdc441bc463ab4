"""Attempts with pauses between them, for what the SDK's own retries don't cover."""

import random
import time
from collections.abc import Callable, Iterator


def attempts(
    count: int,
    *,
    first: float,
    longest: float,
    jitter: bool = True,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """Yield 1, 2, ... ``count`` with an exponentially growing pause before each attempt but the first.

    The caller leaves the loop when an attempt succeeds; a loop that runs to its end has failed.

    Parameters
    ----------
    first, longest
        Length of the first pause and the limit of all pauses, in seconds; each pause is twice the one before it.
    jitter
        Shorten each pause to a random part of it, so that several callers don't retry in step.
    pause
        Called with the seconds to wait.

    Examples
    --------
    >>> pauses = []
    >>> list(attempts(4, first=0.1, longest=0.3, jitter=False, pause=pauses.append)), pauses
    ([1, 2, 3, 4], [0.1, 0.2, 0.3])
    """
    for number in range(1, count + 1):
        yield number
        if number < count:
            longest_now = min(first * 2 ** (number - 1), longest)
            pause(random.uniform(0, longest_now) if jitter else longest_now)  # noqa: S311 - spreads callers, keeps no secret
