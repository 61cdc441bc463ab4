"""Lists of a hospital's smears: the worklist of its staff, and the states that uploaders wait for."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from hemascope.domain.ledger import LedgerRow, RowFilter, RowPage, RowPosition
from hemascope.domain.report import Decision, Rejection, State
from hemascope.domain.specimen import to_segment
from hemascope.portal.identity import Person
from hemascope.portal.problems import BadRequest
from hemascope.portal.report_repository import ReportRepository
from hemascope.portal.requests import Message, Query
from hemascope.portal.rows import Row, is_of_hospital, newest_report_first
from hemascope.ports import Ledger

PAGE = 50  # rows
SLIDE_ROWS = 500  # maximum rows of one slide, more than anybody photographs
STATES = 50  # maximum ids in one request
_READERS = 8  # smears that are looked up in parallel


def encode_cursor(position: RowPosition) -> str:
    """Encode a position as URL-safe text. It names no hospital: that comes from the token alone."""
    return urlsafe_b64encode(position.model_dump_json().encode()).decode().rstrip("=")


def decode_cursor(cursor: str | RowPosition) -> RowPosition:
    """Inverse of :func:`encode_cursor`.

    Raises
    ------
    ValueError
        Where the text is not a cursor.
    """
    if isinstance(cursor, RowPosition):
        return cursor
    return RowPosition.model_validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def _split(ids: str | tuple[str, ...]) -> tuple[str, ...]:
    """Ids that are separated by commas, without duplicates."""
    return tuple(dict.fromkeys(ids.split(","))) if isinstance(ids, str) else ids


_Cursor = Annotated[RowPosition, BeforeValidator(decode_cursor), WithJsonSchema({"type": "string"})]
_ObjectId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


class WorklistQuery(Query):
    """Filters of the worklist, and where its page begins."""

    slide: str | None = None
    state: State | None = None
    decision: Decision | None = None
    urgent: bool = False  # only urgent rows that nobody has acknowledged
    cursor: _Cursor | None = None

    @property
    def row_filter(self) -> RowFilter:
        """The filters on single rows."""
        return RowFilter(state=self.state, decision=self.decision, urgent=self.urgent)


class StatesQuery(Query):
    """Object ids, separated by commas."""

    ids: Annotated[tuple[_ObjectId, ...], BeforeValidator(_split), Field(min_length=1, max_length=STATES)]


class Progress(StrEnum):
    """How far a smear has come; ``waiting`` also where it has not arrived, or is another hospital's."""

    WAITING = "waiting"
    REPORTED = "reported"
    REJECTED = "rejected"
    FAILED = "failed"


class States(Message):
    """The progress of smears by their ids, and the reason of each rejection."""

    states: dict[str, Progress]
    reasons: dict[str, Rejection]


class ReportList(Message):
    """A page of a hospital's rows, newest first; ``cursor`` asks for the next page."""

    rows: tuple[Row, ...]
    cursor: str | None


@dataclass(frozen=True)
class WorklistService:
    """Lists rows of the caller's own hospital, page by page."""

    ledger: Ledger
    repository: ReportRepository

    def list_reports(self, person: Person, query: WorklistQuery) -> ReportList:
        """List the rows of the caller's hospital, newest first, without those that are superseded.

        A page may hold fewer rows than there is room for, or none, and still have a cursor: then more follow.

        Raises
        ------
        BadRequest
            Where the slide has too many rows.
        """
        if query.slide:
            page = self._rows_of_slide(person.hospital, query.slide, query.row_filter, query.cursor)
        else:
            page = self.ledger.search(person.hospital, query.row_filter, PAGE, query.cursor)
        shown = tuple(Row.of(row) for row in page.rows if not row.superseded)
        return ReportList(rows=shown, cursor=encode_cursor(page.next) if page.next else None)

    def show_states(self, person: Person, query: StatesQuery) -> States:
        """Show how far smears of the caller's hospital have come."""
        with ThreadPoolExecutor(_READERS) as readers:
            found = readers.map(lambda object_id: self._find_row(person.hospital, object_id), query.ids)
            rows = dict(zip(query.ids, found, strict=True))
            rejected = {object_id: row for object_id, row in rows.items() if row and row.state is State.REJECTED}
            reports = zip(rejected, readers.map(self.repository.report, rejected.values()), strict=True)
            reasons = {object_id: report.rejection for object_id, report in reports if report.rejection}
        states = {object_id: Progress(row.state) if row else Progress.WAITING for object_id, row in rows.items()}
        return States(states=states, reasons=reasons)

    def _find_row(self, hospital: str, object_id: str) -> LedgerRow | None:
        """The row that states the progress of a smear of this hospital."""
        rows = [row for row in self.ledger.rows_of(object_id) if is_of_hospital(hospital, row)]
        return min(rows, key=newest_report_first, default=None)

    def _rows_of_slide(self, hospital: str, slide: str, row_filter: RowFilter, after: RowPosition | None) -> RowPage:
        """A slide has few fields, and no index sorts them by time, so they are sorted here."""
        wanted = to_segment(slide)
        known = self.ledger.rows_by_slide(hospital, wanted, SLIDE_ROWS + 1) if wanted else ()
        if len(known) > SLIDE_ROWS:
            raise BadRequest(f"Expected a slide of at most {SLIDE_ROWS} reports.")
        rows = sorted((row for row in known if row_filter.matches(row)), key=_sort_key, reverse=True)
        if after:
            rows = [row for row in rows if _sort_key(row) < _sort_key(after)]
        return RowPage(rows=tuple(rows[:PAGE]), next=_position_of(rows[PAGE - 1]) if len(rows) > PAGE else None)


def _position_of(row: LedgerRow) -> RowPosition:
    """The position of a page that ends with this row."""
    return RowPosition(finished_at=row.finished_at, object_id=row.object_id, model=row.model)


def _sort_key(row: LedgerRow | RowPosition) -> tuple[float, str, str]:
    return row.finished_at.timestamp(), row.object_id, row.model
