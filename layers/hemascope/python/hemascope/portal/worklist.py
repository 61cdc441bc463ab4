"""Lists of a hospital's smears: the worklist of its staff, and the states that uploaders wait for."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, ValidationError

from hemascope.domain.ledger import LedgerRow, RowFilter, RowPage, RowPosition
from hemascope.domain.report import Rejection, State
from hemascope.domain.specimen import is_object_id, is_segment, specimen_of
from hemascope.portal.identity import STAFF, UPLOADERS, Person
from hemascope.portal.problems import BadRequest
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.responses import ReportList, Row, decode_cursor, encode_cursor
from hemascope.ports import Ledger

PAGE = 50  # rows
SLIDE_ROWS = 500  # of one slide, more than anybody photographs
STATES = 50  # that may be asked for at once
_READERS = 8  # smears that are looked up at a time


class Progress(StrEnum):
    """How far a smear has come; ``waiting`` also where it has not arrived, or is another hospital's."""

    WAITING = "waiting"
    REPORTED = "reported"
    REJECTED = "rejected"
    FAILED = "failed"


class States(BaseModel):
    """How far some smears have come, by their ids, and why those that were rejected were."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    states: dict[str, Progress]
    reasons: dict[str, Rejection]


@dataclass(frozen=True)
class Worklist:
    """Rows of a hospital's own smears, page by page."""

    ledger: Ledger
    search: Ledger
    repository: ReportRepository

    def page(self, person: Person, asked: Mapping[str, str]) -> ReportList:
        """List the ends of the caller's hospital, newest first; by slide, state, decision, or the urgent ones alone.

        A page may hold fewer rows than there is room for, or none, and still have a cursor: then others follow.

        Raises
        ------
        Forbidden, BadRequest
        """
        person.expect(STAFF)
        wanted, after = _filter(asked), decode_cursor(asked["cursor"]) if asked.get("cursor") else None
        if asked.get("slide"):
            page = self._of_slide(person.hospital, asked["slide"], wanted, after)
        else:
            page = self.search.search(person.hospital, wanted, PAGE, after)
        return ReportList(rows=tuple(Row.of(row) for row in page.rows), cursor=encode_cursor(page.next) if page.next else None)

    def states(self, person: Person, ids: str | None) -> States:
        """Tell how far smears of the caller's hospital have come.

        Raises
        ------
        Forbidden, BadRequest
        """
        person.expect(UPLOADERS)
        asked = list(dict.fromkeys((ids or "").split(",")))
        if len(asked) > STATES or not all(is_object_id(one) for one in asked):
            raise BadRequest(f"Expected 1 to {STATES} object ids with commas between them: ?ids=.")
        with ThreadPoolExecutor(_READERS) as readers:
            ends = dict(zip(asked, readers.map(lambda one: self._end(person.hospital, one), asked), strict=True))
            rejected = {one: row for one, row in ends.items() if row and row.state is State.REJECTED}
            reports = readers.map(self.repository.report, rejected.values())
            reasons = {one: report.rejection for one, report in zip(rejected, reports, strict=True) if report.rejection}
        states = {one: Progress(row.state) if row else Progress.WAITING for one, row in ends.items()}
        return States(states=states, reasons=reasons)

    def _end(self, hospital: str, object_id: str) -> LedgerRow | None:
        """The end that counts, of a smear of this hospital."""
        rows = [row for row in self.ledger.rows_of(object_id) if _is_of(hospital, row)]
        return min(rows, key=newest_report_first, default=None)

    def _of_slide(self, hospital: str, slide: str, wanted: RowFilter, after: RowPosition | None) -> RowPage:
        """All fields of a slide are few, and no index has them by time, so they are sorted here."""
        known = self.ledger.rows_by_slide(hospital, slide, SLIDE_ROWS + 1) if is_segment(slide) else ()
        if len(known) > SLIDE_ROWS:
            raise BadRequest(f"Expected a slide of at most {SLIDE_ROWS} reports.")
        rows = sorted((row for row in known if wanted.matches(row)), key=_place, reverse=True)
        if after:
            rows = [row for row in rows if _place(row) < _place(after)]
        return RowPage(rows=tuple(rows[:PAGE]), next=position_of(rows[PAGE - 1]) if len(rows) > PAGE else None)


def newest_report_first(row: LedgerRow) -> tuple[bool, float]:
    """Sorts the rows of one smear: a failure, however new, stands behind every report."""
    return row.report_key is None, -row.finished_at.timestamp()


def position_of(row: LedgerRow) -> RowPosition:
    """Where a page that ends with this row ends."""
    return RowPosition(finished_at=row.finished_at, object_id=row.object_id, model=row.model)


def _place(row: LedgerRow | RowPosition) -> tuple[float, str, str]:
    return row.finished_at.timestamp(), row.object_id, row.model


def _is_of(hospital: str, row: LedgerRow) -> bool:
    specimen = specimen_of(row.object.key)
    return specimen is not None and specimen.hospital == hospital


def _filter(asked: Mapping[str, str]) -> RowFilter:
    try:
        return RowFilter.model_validate({name: asked[name] for name in RowFilter.model_fields if asked.get(name)})
    except ValidationError as error:
        wrong = sorted({str(one["loc"][0]) for one in error.errors()})
        raise BadRequest(
            f"Expected a state, a decision or urgent=1 as docs/contracts.md has them; wrong: {', '.join(wrong)}."
        ) from None
