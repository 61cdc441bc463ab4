"""A deployment in process for the tests of the operators' commands."""

from collections.abc import Iterator

import pytest

from tests.support.moto_cloud import MotoCloud, moto_cloud


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoCloud]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto_cloud() as cloud:
        yield cloud
