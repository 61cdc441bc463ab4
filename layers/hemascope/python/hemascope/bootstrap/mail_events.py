"""Composition root of the function that records what became of mails: the ledger alone."""

from hemascope.aws.client import client
from hemascope.aws.ledger import DynamoLedger
from hemascope.bootstrap.environment import Environment
from hemascope.ports import Ledger


def build_ledger() -> Ledger:
    """Connect the ledger.

    Raises
    ------
    HemascopeError
        Where a variable is missing or invalid.
    """
    environment = Environment.read()
    return DynamoLedger(client("dynamodb", environment.endpoint), environment.ledger_table)
