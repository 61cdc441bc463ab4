"""What became of a hospital's smears lately, counted from the ledger's own rows. Why not from metrics: docs/adr/0021."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from hemascope.domain.acquisition import ACCEPTED_SHARE, MINIMUM_PICTURES
from hemascope.domain.errors import RejectionReason
from hemascope.domain.ledger import LedgerRow, RowPosition
from hemascope.domain.report import Decision, State
from hemascope.ports import Ledger

ROWS = 5000  # that are counted at most: some three megabytes
_PAGE = 1000
_Name = TypeVar("_Name", State, Decision)
NEWEST = 200  # judged smears that drift is told by


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Latency(_Answer):
    """How long the screening of a smear took, without its way through queues; None where none was judged."""

    p50: float | None
    p95: float | None


class Drift(_Answer):
    """Whether newest pictures still look like those that the model knows."""

    device: str  # the hospital: a report doesn't say which of its microscopes a picture is from
    verdict: Literal["fits", "drifted", "too_few"]
    distance: float | None  # median of the larger of colour and feature distance, as a multiple of the accepted one
    accepted: float | None  # share of smears that neither guard refuses
    smears: int


class Figures(_Answer):
    """Counts of the hospital's own smears, each under the model that judged it last."""

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


def count(ledger: Ledger, hospital: str, now: datetime, days: int, usd_per_second: float) -> Figures:
    """Count a hospital's smears of the last days.

    Parameters
    ----------
    usd_per_second
        Price of a second of the screening function.
    """
    start = now - timedelta(days=days)
    read, complete = _newest(ledger, hospital, start)
    rows = list({row.object_id: row for row in reversed(read)}.values())[::-1]  # the newest row of each smear
    times = sorted(row.screening_ms for row in rows if row.screening_ms is not None)
    seconds = sum(row.screening_ms for row in read if row.screening_ms is not None) / 1000
    return Figures(
        days=days,
        since=start if complete else read[-1].finished_at,
        complete=complete,
        smears=len(rows),
        states=_counted(State, (row.state for row in rows)),
        decisions=_counted(Decision, (row.decision for row in rows)),
        rejections=dict(Counter(row.rejection for row in rows if row.rejection)),
        latency_ms=Latency(p50=_quantile(times, 0.5), p95=_quantile(times, 0.95)),
        cost_usd=round(seconds * usd_per_second, 6),
        drift=(_drift(hospital, rows),),
    )


def _newest(ledger: Ledger, hospital: str, start: datetime) -> tuple[list[LedgerRow], bool]:
    """Rows since a moment, newest first, and whether that is all of them."""
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
    """The rule of commissioning, on what came since: so many of the smears must be like those that the model knows."""
    scores = [max(row.colour_score, row.feature_score or 0.0) for row in rows if row.colour_score is not None][:NEWEST]
    if len(scores) < MINIMUM_PICTURES:
        return Drift(device=hospital, verdict="too_few", distance=None, accepted=None, smears=len(scores))
    accepted = sum(score <= 1.0 for score in scores) / len(scores)
    verdict: Literal["fits", "drifted"] = "fits" if accepted >= ACCEPTED_SHARE else "drifted"
    return Drift(device=hospital, verdict=verdict, distance=round(median(scores), 3), accepted=accepted, smears=len(scores))


def _counted(names: type[_Name], found: Iterable[_Name | None]) -> dict[_Name, int]:
    """So many of each, zeros too."""
    counts = Counter(found)
    return {name: counts[name] for name in names}


def _quantile(times: Sequence[float], share: float) -> float | None:
    """The smallest time that this share of smears kept."""
    return times[ceil(share * len(times)) - 1] if times else None
