"""The ledger's implementations: the fake, and the real adapter on moto and on the local cloud's emulator."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from moto import mock_aws

from hemascope.aws.client import client
from hemascope.aws.ledger import DynamoLedger
from hemascope_cli.operations.deployment import LOCAL_REGION
from tests.support.emulator import emulator
from tests.support.fake_ledger import FakeLedger
from tests.support.moto_cloud import CREDENTIALS
from tests.support.tables import create_table


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """One emulator for all tests; each test has a table of its own."""
    with emulator() as endpoint:
        yield endpoint


@pytest.fixture(params=["fake", "moto", pytest.param("local cloud", marks=pytest.mark.local_cloud)])
def ledger(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLedger | DynamoLedger]:
    """An empty ledger."""
    if request.param == "fake":
        yield FakeLedger()
    elif request.param == "moto":
        for name, word in CREDENTIALS.items():
            monkeypatch.setenv(name, word)
        with mock_aws():
            dynamodb = client("dynamodb")
            yield DynamoLedger(dynamodb, create_table(dynamodb, "ledger"))
    else:
        dynamodb = client("dynamodb", request.getfixturevalue("endpoint"), LOCAL_REGION)
        yield DynamoLedger(dynamodb, create_table(dynamodb, "ledger", f"ledger-{uuid4()}"))
