"""The ledger in a DynamoDB table with the keys ``object_id`` and ``model``, in modules by topic."""

from hemascope.aws.ledger.channels import Channels
from hemascope.aws.ledger.operations import Operations
from hemascope.aws.ledger.queries import Queries
from hemascope.aws.ledger.reviews import Reviews
from hemascope.aws.ledger.terminal_states import TerminalStates

__all__ = ["DynamoLedger"]


class DynamoLedger(TerminalStates, Channels, Queries, Reviews, Operations):
    """A :class:`~hemascope.ports.Ledger` and :class:`~hemascope.ports.LedgerOperations` in DynamoDB.

    Parameters
    ----------
    dynamodb
        A boto3 client.
    table
        The table's name.
    pause
        Waits between attempts of a batch read.
    """
