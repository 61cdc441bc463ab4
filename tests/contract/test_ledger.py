"""What every ledger promises to screening and notification service, portal and operators; see ``hemascope.ports``."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hemascope.aws.ledger import DynamoLedger
from hemascope.domain.ledger import LedgerRow, NotificationStatus, PatientTrace, RowFilter, StoredCounts
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
    fields = place | {"finished_at": START + timedelta(seconds=second), "urgent": False, "decision": Decision.CONFIDENT}
    return row(object=version, object_id=version.object_id, **fields | changed)


def names(rows: tuple[LedgerRow, ...]) -> list[str]:
    return [found.object.key.rsplit("/", 1)[1] for found in rows]


def search_all(ledger: AnyLedger, wanted: RowFilter, limit: int = 50) -> list[list[str]]:
    """Names of the fields that a search finds, page by page."""
    pages, after = [], None
    while True:
        page = ledger.search("st-mary", wanted, limit, after)
        pages.append(names(page.rows))
        after = page.next
        if after is None:
            return pages


# Terminal states


def test_a_row_is_found_as_it_was_recorded(ledger: AnyLedger) -> None:
    before, given = ledger.find(*KEY), row()

    standing = ledger.finish(given)

    assert before is None
    assert standing is given
    assert ledger.find(*KEY) == row()


def test_what_a_row_copies_from_its_report_comes_back(ledger: AnyLedger) -> None:
    given = row(decision=Decision.CONFIDENT, screening_ms=123.4, colour_score=0.1, feature_score=1e-7)

    ledger.finish(given)

    assert ledger.find(*KEY) == given


@pytest.mark.parametrize("first", [State.REPORTED, State.REJECTED])
@pytest.mark.parametrize("second", State)
def test_reported_and_rejected_are_final(ledger: AnyLedger, first: State, second: State) -> None:
    ledger.finish(row(first))

    standing = ledger.finish(row(second, report_key="reports/other.json"))

    assert standing == row(first)
    assert ledger.find(*KEY) == row(first)


def test_a_second_delivery_changes_nothing_and_returns_what_stands(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.set_notification(*KEY, NotificationStatus.SENT)

    standing = ledger.finish(row(finished_at=LATER))

    assert standing == ledger.find(*KEY) == row(notification=NotificationStatus.SENT)


@pytest.mark.parametrize("state", [State.REPORTED, State.REJECTED])
def test_a_failure_is_replaced_by_another_state(ledger: AnyLedger, state: State) -> None:
    ledger.finish(failed())

    assert ledger.finish(row(state)) == row(state)
    assert ledger.find(*KEY) == row(state)


def test_a_second_failure_leaves_the_first_unchanged(ledger: AnyLedger) -> None:
    ledger.finish(failed())
    ledger.set_notification(*KEY, NotificationStatus.SENT)

    standing = ledger.finish(failed(finished_at=LATER))

    assert standing == failed(notification=NotificationStatus.SENT)


def test_each_model_has_a_row_of_its_own(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.finish(row(State.REJECTED, model=NEWER_MODEL))

    assert ledger.find(*KEY) == row()
    assert ledger.find(row().object_id, NEWER_MODEL) == row(State.REJECTED, model=NEWER_MODEL)


def test_an_object_was_urgent_if_it_is_under_any_model(ledger: AnyLedger) -> None:
    ledger.finish(row(urgent=False))
    before = ledger.was_urgent(row().object_id)

    ledger.finish(row(model=NEWER_MODEL, urgent=True))

    assert (before, ledger.was_urgent(row().object_id), ledger.was_urgent("0f")) == (False, True, False)


# Notification status and channels


def test_a_bounce_stands_also_where_it_overtakes_the_record_of_sending(ledger: AnyLedger) -> None:
    ledger.finish(row())

    statuses = (NotificationStatus.BOUNCED, NotificationStatus.SENT, NotificationStatus.BOUNCED)
    recorded = [ledger.set_notification(*KEY, status) for status in statuses]

    assert recorded == [True, False, False]
    assert ledger.find(*KEY) == row(notification=NotificationStatus.BOUNCED)


def test_a_status_of_another_state_is_not_recorded(ledger: AnyLedger) -> None:
    ledger.finish(row())

    recorded = [ledger.set_notification(*KEY, NotificationStatus.SENT, state) for state in (State.FAILED, State.REPORTED)]

    assert recorded == [False, True]
    assert ledger.find(*KEY) == row(notification=NotificationStatus.SENT)


def test_a_channel_is_claimed_by_one_until_the_claim_expires(ledger: AnyLedger) -> None:
    ledger.finish(row())

    moments = (START, START + MINUTE / 2, START + MINUTE, START + MINUTE + timedelta(seconds=1))
    claims = [ledger.claim_channel(*KEY, "clinician-1", now, now + MINUTE) for now in moments]

    assert claims == ["claimed", "held", "held", "claimed"]


def test_a_completed_channel_is_never_claimed_again_and_others_are_free(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.claim_channel(*KEY, "topic", START, START + MINUTE)

    ledger.complete_channel(*KEY, "topic")

    assert ledger.claim_channel(*KEY, "topic", LATER, LATER + MINUTE) == "completed"
    assert ledger.claim_channel(*KEY, "clinician", START, START + MINUTE) == "claimed"


def test_a_channel_may_be_completed_by_another_worker_after_its_claim_expired(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.claim_channel(*KEY, "clinician", START, START + MINUTE)
    ledger.claim_channel(*KEY, "clinician", LATER, LATER + MINUTE)

    ledger.complete_channel(*KEY, "clinician")
    ledger.complete_channel(*KEY, "clinician")

    assert ledger.claim_channel(*KEY, "clinician", LATER, LATER + MINUTE) == "completed"


def test_a_released_channel_can_be_claimed_at_once(ledger: AnyLedger) -> None:
    ledger.finish(row())
    ledger.claim_channel(*KEY, "clinician", START, START + MINUTE)

    ledger.release_channel(*KEY, "clinician")

    assert ledger.claim_channel(*KEY, "clinician", START, START + MINUTE) == "claimed"


def test_a_channel_that_nobody_claimed_is_not_completed(ledger: AnyLedger) -> None:
    ledger.finish(row())

    ledger.complete_channel(*KEY, "topic")

    assert ledger.claim_channel(*KEY, "topic", START, START + MINUTE) == "claimed"


def test_the_channels_of_a_failure_are_free_again_for_the_report_that_replaces_it(ledger: AnyLedger) -> None:
    ledger.finish(failed())
    for channel in ("topic", "clinician"):
        ledger.claim_channel(*KEY, channel, START, START + MINUTE)
    ledger.complete_channel(*KEY, "topic")
    ledger.finish(row())

    ledger.complete_channel(*KEY, "clinician")  # by a worker that still handles the failure

    assert [ledger.claim_channel(*KEY, channel, START, START + MINUTE) for channel in ("topic", "clinician")] == ["claimed"] * 2


def test_a_claimed_channel_does_not_show_in_rows(ledger: AnyLedger) -> None:
    ledger.finish(row())

    ledger.claim_channel(*KEY, "topic", START, START + MINUTE)

    assert ledger.find(*KEY) == row()
    assert ledger.rows_of(row().object_id) == (row(),)


@pytest.mark.parametrize(
    "change",
    [
        lambda ledger: ledger.set_notification(*UNKNOWN, NotificationStatus.SENT),
        lambda ledger: ledger.claim_channel(*UNKNOWN, "topic", START, START + MINUTE),
        lambda ledger: ledger.complete_channel(*UNKNOWN, "topic"),
        lambda ledger: ledger.release_channel(*UNKNOWN, "topic"),
        lambda ledger: ledger.acknowledge(*UNKNOWN, START),
    ],
    ids=["set_notification", "claim_channel", "complete_channel", "release_channel", "acknowledge"],
)
def test_a_row_that_is_gone_stays_gone(ledger: AnyLedger, change: Callable[[AnyLedger], object]) -> None:
    answer = change(ledger)

    assert answer in {None, False, "completed"}
    assert ledger.find(*UNKNOWN) is None
    assert ledger.rows_of(UNKNOWN[0]) == ()


# Queries


def test_all_rows_of_an_object_are_found_whatever_the_model(ledger: AnyLedger) -> None:
    rows = (row(), row(model=NEWER_MODEL))
    for found in (*rows, field("other.jpg")):
        ledger.finish(found)

    assert set(ledger.rows_of(row().object_id)) == set(rows)
    assert ledger.rows_of("0" * 32) == ()


def test_a_hospitals_rows_come_newest_first_page_by_page_each_once(ledger: AnyLedger) -> None:
    for second in range(5):
        ledger.finish(field(f"{second}", second=second))
        ledger.finish(field(f"{second}", hospital="st-joseph", second=second))

    first = ledger.rows_by_hospital("st-mary", 2)
    second = ledger.rows_by_hospital("st-mary", 2, first.next)
    third = ledger.rows_by_hospital("st-mary", 2, second.next)

    assert [names(page.rows) for page in (first, second, third)] == [["4", "3"], ["2", "1"], ["0"]]
    assert third.next is None


def test_rows_that_were_finished_within_microseconds_keep_their_order(ledger: AnyLedger) -> None:
    for number in (1, 3, 2):
        ledger.finish(field(f"{number}", finished_at=START + number * MOMENT))

    assert names(ledger.rows_by_hospital("st-mary", 10).rows) == ["3", "2", "1"]


def test_a_position_of_another_hospital_leads_to_none_of_its_rows(ledger: AnyLedger) -> None:
    for second in range(3):
        ledger.finish(field(f"{second}", second=second))
        ledger.finish(field(f"{second}", hospital="st-joseph", second=second))

    page = ledger.rows_by_hospital("st-mary", 10, ledger.rows_by_hospital("st-joseph", 1).next)

    assert {found.hospital for found in page.rows} <= {"st-mary"}


def test_a_slides_rows_are_its_hospitals_own_of_every_patient(ledger: AnyLedger) -> None:
    own = {field("1", slide="c+1"), field("1", slide="c+1", patient="p-2")}
    for found in (*own, field("1", slide="c+1", hospital="st-joseph"), field("1", slide="c 1")):
        ledger.finish(found)

    assert set(ledger.rows_by_slide("st-mary", "c+1", 10)) == own


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (4, 4), (5, 5), (9, 5)])
def test_a_slides_rows_are_limited(ledger: AnyLedger, limit: int, count: int) -> None:
    for number in range(5):
        ledger.finish(field(f"{number}"))

    assert len(ledger.rows_by_slide("st-mary", "c-1", limit)) == count


def test_a_patients_rows_are_their_own_newest_first_and_limited(ledger: AnyLedger) -> None:
    for second in (1, 3, 2):
        ledger.finish(field(f"{second}", second=second))
    for other in (field("4", patient="p-11"), field("5", hospital="st-joseph")):
        ledger.finish(other)
    ledger.write_tombstone("0f" * 16, PATIENT, StoredCounts(), LATER)

    assert names(ledger.rows_by_patient(PATIENT, 2)) == ["3", "2"]
    assert names(ledger.rows_by_patient(PATIENT, 10)) == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RowFilter(), ["6", "5", "4", "3", "2", "1"]),
        (RowFilter(state=State.REJECTED), ["4"]),
        (RowFilter(decision=Decision.CONFIDENT), ["3", "2", "1"]),
        (RowFilter(urgent=True), ["5", "2"]),
        (RowFilter(state=State.REPORTED, decision=Decision.CONFIDENT, urgent=True), ["2"]),
        (RowFilter(state=State.FAILED), []),
    ],
)
def test_a_search_finds_what_matches_and_nothing_of_another_hospital(
    ledger: AnyLedger, wanted: RowFilter, found: list[str]
) -> None:
    for stored in (
        field("1", second=1),
        field("2", second=2, urgent=True),
        field("3", second=3, urgent=True, acknowledged_at=START),
        field("4", second=4, state=State.REJECTED, decision=None),
        field("5", second=5, decision=Decision.INDETERMINATE, urgent=True),
        field("6", second=6, decision=None),
        field("7", second=7, hospital="st-joseph", urgent=True),
    ):
        ledger.finish(stored)

    assert search_all(ledger, wanted) == [found]


@pytest.mark.parametrize("wanted", [RowFilter(), RowFilter(decision=Decision.CONFIDENT)])
def test_pages_of_a_search_contain_every_row_once(ledger: AnyLedger, wanted: RowFilter) -> None:
    for second in range(7):
        ledger.finish(field(f"{second}", second=second))

    pages = search_all(ledger, wanted, limit=3)

    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]


# Reviews


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


# Operations


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
        (START + timedelta(seconds=1), ["whole", "fraction"]),
        (LATER, ["whole", "fraction"]),
    ],
    ids=["the same moment", "the same second", "the next second", "later"],
)
def test_rows_of_the_second_of_the_bound_are_left_out(ledger: AnyLedger, before: datetime, found: list[str]) -> None:
    ledger.finish(field("whole"))
    ledger.finish(field("fraction", finished_at=START + timedelta(milliseconds=500)))
    ledger.finish(field("whole", model=NEWER_MODEL))
    ledger.write_tombstone("0f", PATIENT, StoredCounts(), START)

    pages = ledger.pages_finished_before(row().model, before)

    assert sorted(name for page in pages for name in names(tuple(page))) == sorted(found)


def test_released_objects_are_those_that_are_final_or_amended(ledger: AnyLedger) -> None:
    out = [field(str(release), **FINAL | {"release": release}) for release in (Release.FINAL, Release.AMENDED)]
    for stored in (*out, field("preliminary", **COUNTED)):
        ledger.finish(stored)

    assert ledger.released_ids() == {stored.object_id for stored in out}
