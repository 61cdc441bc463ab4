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
from tests.support.tables import NewTable, create_table


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """One emulator for all tests; each test has a table of its own."""
    with emulator() as endpoint:
        yield endpoint


@pytest.fixture(params=["fake", "moto", pytest.param("local cloud", marks=pytest.mark.local_cloud)])
def new_table(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewTable | None]:
    """Makes an empty table of a kind, and returns a client and the table's name; None where the fake stands for both."""
    if request.param == "fake":
        yield None
    elif request.param == "moto":
        for name, word in CREDENTIALS.items():
            monkeypatch.setenv(name, word)
        with mock_aws():
            dynamodb = client("dynamodb")
            yield lambda kind: (dynamodb, create_table(dynamodb, kind))
    else:
        dynamodb = client("dynamodb", request.getfixturevalue("endpoint"), LOCAL_REGION)
        yield lambda kind: (dynamodb, create_table(dynamodb, kind, f"{kind}-{uuid4()}"))


@pytest.fixture
def ledger(new_table: NewTable | None) -> FakeLedger | DynamoLedger:
    """An empty ledger."""
    return DynamoLedger(*new_table("ledger")) if new_table else FakeLedger()
