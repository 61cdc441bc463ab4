"""Rows, keys and moments for the contract of the ledger."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from hemascope.aws.ledger import DynamoLedger
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import Decision, Release, State
from hemascope.domain.specimen import ObjectVersion, Patient
from tests.support.fake_ledger import FakeLedger
from tests.support.fakes import START
from tests.support.rows import row

AnyLedger = FakeLedger | DynamoLedger
KEY = (row().object_id, row().model)
UNKNOWN = ("0f", "m/1.0.0")
MINUTE, MOMENT = timedelta(minutes=1), timedelta(microseconds=1)
LATER = START + timedelta(hours=1)
PATIENT = Patient(hospital="st-mary", patient="p-1")
NEWER_MODEL = "all-subtypes/2.0.0"
COUNTED = {"verdicts": 1}
FINAL = {"verdicts": 1, "released_verdict_number": 1, "release": Release.FINAL, "released_at": LATER}


def failed(**changed: Any) -> LedgerRow:
    return row(State.FAILED, failure="LastDelivery", report_key=None, **changed)


def field(
    name: str, *, hospital: str = "st-mary", patient: str = "p-1", slide: str = "c-1", second: int = 0, **changed: Any
) -> LedgerRow:
    """The row of one field; ``second`` is when it was finished."""
    version = ObjectVersion(bucket="uploads", key=f"smears/{hospital}/{patient}/{slide}/{name}", version_id="v1")
    place = {"hospital": hospital, "slide": slide, "patient": Patient(hospital=hospital, patient=patient).digest}
    fields: dict[str, Any] = place | {
        "finished_at": START + timedelta(seconds=second),
        "urgent": False,
        "decision": Decision.CONFIDENT,
    }
    return row(object=version, object_id=version.object_id, **fields | changed)


def names(rows: Iterable[LedgerRow]) -> list[str]:
    return [found.object.key.rsplit("/", 1)[1] for found in rows]
