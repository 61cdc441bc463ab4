"""What every ledger promises to the portal: queries in pages, and searches with a filter."""

import pytest

from hemascope.domain.ledger import RowFilter, StoredCounts
from hemascope.domain.report import Decision, State
from tests.support.fakes import START
from tests.support.ledger_rows import (
    LATER,
    MOMENT,
    NEWER_MODEL,
    PATIENT,
    AnyLedger,
    field,
    names,
)
from tests.support.rows import row


def search_all(ledger: AnyLedger, wanted: RowFilter, limit: int = 50) -> list[list[str]]:
    """Names of the fields that a search finds, page by page."""
    pages, after = [], None
    while True:
        page = ledger.search("st-mary", wanted, limit, after)
        pages.append(names(page.rows))
        after = page.next
        if after is None:
            return pages


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


def test_a_microscopes_rows_are_its_own_of_every_patient_newest_first_and_limited(ledger: AnyLedger) -> None:
    own, other = "0a" * 16, "0b" * 16
    for second, patient in ((1, "p-1"), (3, "p-2"), (2, "p-1")):
        ledger.finish(field(f"{second}", patient=patient, second=second, microscope=own))
    for foreign in (field("4", microscope=other), field("5")):
        ledger.finish(foreign)

    assert names(ledger.rows_by_microscope(own, 2)) == ["3", "2"]
    assert names(ledger.rows_by_microscope(own, 10)) == ["3", "2", "1"]


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
