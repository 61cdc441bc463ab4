"""Figures on a hospital's recent smears, counted from the ledger's rows. Why not from metrics: docs/adr/0021."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from hemascope.domain.acquisition import ACCEPTED_SHARE, MINIMUM_PICTURES
from hemascope.domain.errors import RejectionReason
from hemascope.domain.ledger import LedgerRow, RowPosition
from hemascope.domain.report import Decision, State
from hemascope.portal.identity import Person
from hemascope.portal.requests import Message, Query
from hemascope.ports import Clock, Ledger

ROWS = 5000  # counted at most: about three megabytes
_PAGE = 1000
_Name = TypeVar("_Name", State, Decision)
NEWEST = 200  # screened smears that drift is measured on


class FiguresQuery(Query):
    """How many days to count."""

    days: Annotated[int, Field(ge=1, le=90)] = 7


class Latency(Message):
    """Duration of the screening of a smear, without its time in queues; None where none was screened."""

    p50: float | None
    p95: float | None


class Drift(Message):
    """Whether the newest pictures still look like those that the model was trained on."""

    device: str  # the hospital: a report doesn't say which of its microscopes a picture is from
    verdict: Literal["fits", "drifted", "too_few"]
    distance: float | None  # median of the larger of colour and feature distance, as a multiple of the accepted one
    accepted: float | None  # share of smears that neither guard refuses
    smears: int


class Figures(Message):
    """Counts of the hospital's own smears, each under the model that screened it last."""

    days: int
    since: datetime  # the oldest moment that is counted
    complete: bool  # False: there were more smears than are counted, and the days begin later
    smears: int
    states: dict[State, int]
    decisions: dict[Decision, int]
    rejections: dict[RejectionReason, int]
    latency_ms: Latency
    cost_usd: float  # list price of the screening function's time
    drift: tuple[Drift, ...]


@dataclass(frozen=True)
class StatisticsService:
    """Figures of the caller's hospital. ``usd_per_second`` is the list price of the screening function."""

    ledger: Ledger
    clock: Clock
    usd_per_second: float

    def show_figures(self, person: Person, query: FiguresQuery) -> Figures:
        """Count the outcomes of the hospital's smears of the last days."""
        start = self.clock.now() - timedelta(days=query.days)
        rows, complete = _newest(self.ledger, person.hospital, start)
        smears = list({row.object_id: row for row in reversed(rows)}.values())[::-1]  # the newest row of each smear
        times = sorted(row.screening_ms for row in smears if row.screening_ms is not None)
        seconds = sum(row.screening_ms for row in rows if row.screening_ms is not None) / 1000  # every screening costs
        return Figures(
            days=query.days,
            since=start if complete else rows[-1].finished_at,
            complete=complete,
            smears=len(smears),
            states=_counted(State, (row.state for row in smears)),
            decisions=_counted(Decision, (row.decision for row in smears)),
            rejections=dict(Counter(row.rejection for row in smears if row.rejection)),
            latency_ms=Latency(p50=_quantile(times, 0.5), p95=_quantile(times, 0.95)),
            cost_usd=round(seconds * self.usd_per_second, 6),
            drift=(_drift(person.hospital, smears),),
        )


def _newest(ledger: Ledger, hospital: str, start: datetime) -> tuple[list[LedgerRow], bool]:
    """Rows since a moment, newest first, and whether these are all of them."""
    rows: list[LedgerRow] = []
    after: RowPosition | None = None
    while len(rows) < ROWS:
        page = ledger.rows_by_hospital(hospital, _PAGE, after)
        young = [row for row in page.rows if row.finished_at >= start]
        rows, after = rows + young, page.next
        if after is None or len(young) < len(page.rows):
            return rows, True
    return rows, False


def _drift(hospital: str, rows: Sequence[LedgerRow]) -> Drift:
    """The rule of commissioning, applied to new smears: this share must resemble the training smears."""
    scores = [max(row.colour_score, row.feature_score or 0.0) for row in rows if row.colour_score is not None][:NEWEST]
    if len(scores) < MINIMUM_PICTURES:
        return Drift(device=hospital, verdict="too_few", distance=None, accepted=None, smears=len(scores))
    accepted = sum(score <= 1.0 for score in scores) / len(scores)
    verdict: Literal["fits", "drifted"] = "fits" if accepted >= ACCEPTED_SHARE else "drifted"
    return Drift(device=hospital, verdict=verdict, distance=round(median(scores), 3), accepted=accepted, smears=len(scores))


def _counted(names: type[_Name], found: Iterable[_Name | None]) -> dict[_Name, int]:
    """The count of each name, zeros included."""
    counts = Counter(found)
    return {name: counts[name] for name in names}


def _quantile(times: Sequence[float], share: float) -> float | None:
    """The smallest time that this share of smears did not exceed."""
    return times[ceil(share * len(times)) - 1] if times else None
