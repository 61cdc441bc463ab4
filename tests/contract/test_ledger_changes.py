"""What every ledger promises to reviewers and operators: conditional reviews, tombstones, and reads of many rows."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hemascope.domain.ledger import NotificationStatus, PatientTrace, StoredCounts, judged_again
from hemascope.domain.report import Release, State
from tests.support.fakes import START
from tests.support.ledger_rows import (
    COUNTED,
    FINAL,
    KEY,
    LATER,
    NEWER_MODEL,
    PATIENT,
    AnyLedger,
    field,
    names,
)
from tests.support.rows import row


def test_a_review_is_recorded_step_by_step(ledger: AnyLedger) -> None:
    ledger.finish(row())

    steps = [ledger.set_review(row(), row(**COUNTED)), ledger.set_review(row(**COUNTED), row(**FINAL))]

    assert steps == [True, True]
    assert ledger.find(*KEY) == row(**FINAL)


@pytest.mark.parametrize(
    "read",
    [
        {},
        {"verdicts": 2},
        FINAL,
        {"verdicts": 1, "release": Release.AMENDED, "released_verdict_number": 1, "released_at": START},
    ],
    ids=["before", "ahead", "released", "amended"],
)
def test_a_review_of_a_row_that_has_changed_is_refused(ledger: AnyLedger, read: dict[str, Any]) -> None:
    ledger.finish(row(**COUNTED))

    assert ledger.set_review(row(**read), row(**FINAL)) is False
    assert ledger.find(*KEY) == row(**COUNTED)


@pytest.mark.parametrize(
    ("changed", "superseded"), [({"urgent": False}, True), ({"urgent": True}, False), (COUNTED | {"urgent": False}, False)]
)
def test_a_row_is_superseded_unless_it_is_urgent_or_reviewed(
    ledger: AnyLedger, changed: dict[str, Any], superseded: bool
) -> None:
    ledger.finish(row(**changed))

    for _ in range(2):
        ledger.supersede(*KEY)
    ledger.supersede("gone", KEY[1])

    assert ledger.find(*KEY) == row(**changed, superseded=superseded)
    assert ledger.find("gone", KEY[1]) is None


def test_a_review_changes_nothing_else_of_the_row(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.set_notification(*KEY, NotificationStatus.SENT)
    ledger.acknowledge(*KEY, START)

    ledger.set_review(row(), row(**COUNTED))

    assert ledger.find(*KEY) == row(**COUNTED, notification=NotificationStatus.SENT, acknowledged_at=START)


def test_a_review_of_a_row_that_is_gone_is_refused(ledger: AnyLedger) -> None:
    assert ledger.set_review(row(), row(**COUNTED)) is False
    assert ledger.find(*KEY) is None


def test_the_first_acknowledgement_stands(ledger: AnyLedger) -> None:
    ledger.finish(row())

    for moment in (START, LATER):
        ledger.acknowledge(*KEY, moment)

    assert ledger.find(*KEY) == row(acknowledged_at=START)


def traces(ledger: AnyLedger) -> set[tuple[str, bool, bool]]:
    return {(trace.object_id, trace.is_tombstone, trace.completed) for trace in ledger.traces_of(PATIENT)}


def test_a_tombstone_hides_the_rows_of_its_object_alone(ledger: AnyLedger) -> None:
    forgotten, kept = field("1"), field("2")
    for stored in (forgotten, kept):
        ledger.finish(stored)

    ledger.write_tombstone(forgotten.object_id, PATIENT, StoredCounts(files=4, rows=1), START)

    assert [ledger.is_forgotten(stored.object_id) for stored in (forgotten, kept)] == [True, False]
    assert [ledger.rows_of(stored.object_id) for stored in (forgotten, kept)] == [(), (kept,)]
    assert ledger.find(forgotten.object_id, forgotten.model) == forgotten  # until it is deleted


def test_rows_are_deleted_under_every_model_and_the_tombstone_stays(ledger: AnyLedger) -> None:
    forgotten, kept = field("1"), field("2")
    for stored in (forgotten, field("1", model=NEWER_MODEL), kept):
        ledger.finish(stored)
    ledger.write_tombstone(forgotten.object_id, PATIENT, StoredCounts(), START)

    counts = [ledger.delete_rows(forgotten.object_id) for _ in range(2)]

    assert counts == [2, 0]
    assert ledger.find(forgotten.object_id, forgotten.model) is None
    assert ledger.is_forgotten(forgotten.object_id)
    assert ledger.find(kept.object_id, kept.model) == kept


def test_a_patients_traces_are_rows_and_tombstones_with_their_progress(ledger: AnyLedger) -> None:
    begun, done, failure = field("1"), field("2"), field("3", state=State.FAILED)
    nameless = failure.model_copy(update={"hospital": None, "patient": None, "slide": None, "report_key": None})
    for stored in (begun, nameless, field("4", patient="p-11"), field("5", hospital="st-joseph")):
        ledger.finish(stored)
    for stored in (begun, done):
        ledger.write_tombstone(stored.object_id, PATIENT, StoredCounts(), START)

    ledger.complete_tombstone(done.object_id, LATER)

    assert traces(ledger) == {
        (begun.object_id, False, False),
        (begun.object_id, True, False),
        (done.object_id, True, True),
        (failure.object_id, False, False),
    }
    assert PatientTrace(object_id=failure.object_id) in set(ledger.traces_of(PATIENT))


def test_a_tombstone_that_is_written_again_is_not_completed(ledger: AnyLedger) -> None:
    ledger.write_tombstone("0f", PATIENT, StoredCounts(), START)
    ledger.complete_tombstone("0f", START)

    ledger.write_tombstone("0f", PATIENT, StoredCounts(), LATER)

    assert traces(ledger) == {("0f", True, False)}


def test_many_rows_are_found_at_once_by_object_under_one_model(ledger: AnyLedger) -> None:
    rows = [field(f"{number}") for number in range(103)]
    for stored in (*rows, field("0", model=NEWER_MODEL)):
        ledger.finish(stored)

    found = ledger.find_all([*(stored.object_id for stored in rows), "0f"], row().model)

    assert found == {stored.object_id: stored for stored in rows}
    assert ledger.find_all([], row().model) == {}


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (START, []),
        (START + timedelta(milliseconds=999), []),
        (START + timedelta(seconds=1), ["whole", "fraction", "again"]),
        (LATER, ["whole", "fraction", "again"]),
    ],
    ids=["the same moment", "the same second", "the next second", "later"],
)
def test_rows_of_the_second_of_the_bound_are_left_out(ledger: AnyLedger, before: datetime, found: list[str]) -> None:
    ledger.finish(field("whole"))
    ledger.finish(field("fraction", finished_at=START + timedelta(milliseconds=500)))
    ledger.finish(field("whole", model=NEWER_MODEL))
    ledger.finish(field("again", model=judged_again(row().model, 3)))
    ledger.write_tombstone("0f", PATIENT, StoredCounts(), START)

    pages = ledger.pages_finished_before(row().model, before)

    assert sorted(name for page in pages for name in names(tuple(page))) == sorted(found)


def test_released_objects_are_those_that_are_final_or_amended(ledger: AnyLedger) -> None:
    out = [field(str(release), **FINAL | {"release": release}) for release in (Release.FINAL, Release.AMENDED)]
    for stored in (*out, field("preliminary", **COUNTED)):
        ledger.finish(stored)

    assert ledger.released_ids() == {stored.object_id for stored in out}
