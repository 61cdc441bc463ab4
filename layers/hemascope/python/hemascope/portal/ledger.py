"""The ledger as the portal uses it: rows for reading, the worklist's search, and reviews."""

from typing import Protocol

from hemascope.ports import LedgerReader, ReviewLedger, RowSearch


class Ledger(LedgerReader, RowSearch, ReviewLedger, Protocol):
    """One table behind three ports."""
