"""A deployment on moto for the tests of adapters and operators' commands."""

from collections.abc import Iterator

import pytest

from tests.support.moto_cloud import MotoCloud, moto_cloud


@pytest.fixture
def cloud() -> Iterator[MotoCloud]:
    with moto_cloud() as cloud:
        yield cloud
