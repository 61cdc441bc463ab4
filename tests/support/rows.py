"""A ledger row for the tests of several modules. Its key contains the characters that keys must survive."""

from typing import Any

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import State
from hemascope.domain.specimen import ObjectVersion
from tests.support.fakes import START


def row(state: State = State.REPORTED, **changed: Any) -> LedgerRow:
    version = ObjectVersion(bucket="uploads", key="smears/st-mary/p 7/c+1/50% 血液.jpg", version_id="v1")
    fields = {
        "object_id": version.object_id,
        "model": "all-subtypes/1.0.0",
        "state": state,
        "object": version,
        "hospital": "st-mary",
        "slide": "c+1",
        "urgent": True,
        "report_key": "reports/r.json",
        "finished_at": START,
    }
    return LedgerRow(**{**fields, **changed})
