"""Clients and clock of the functions."""

from datetime import timedelta

from hemascope.aws.client import client
from hemascope.aws.clock import SystemClock


def test_clients_retry_and_never_wait_longer_than_a_function_may() -> None:
    config = client("s3", region="eu-central-1").meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
    assert (config.connect_timeout, config.read_timeout) == (3, 20)


def test_the_clock_knows_its_time_zone_and_runs_forward() -> None:
    clock = SystemClock()

    assert clock.now().utcoffset() == timedelta(0)
    assert clock.seconds() <= clock.seconds()
