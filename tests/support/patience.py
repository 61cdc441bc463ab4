"""The one limit of time that tests have: against hanging, never against slowness."""

import os
from collections.abc import Callable

from hemascope_cli.local import cloud

VARIABLE = "HEMASCOPE_TEST_PATIENCE"
SECONDS = 300.0


def patience() -> float:
    """Seconds after which something that a test waits for is taken to hang; ``HEMASCOPE_TEST_PATIENCE`` changes them."""
    return float(os.environ.get(VARIABLE) or SECONDS)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for an event, however long this machine takes for it; fail where it seems never to come."""
    cloud.wait_until(condition, patience(), what)
