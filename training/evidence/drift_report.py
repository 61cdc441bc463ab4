"""The evidence on drift as text and tables."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from training.evidence.tables import percent, table

_KINDS = ("any order", "slide by slide", "one class, as filed")
_REFERENCE = "reference"


def drift_parts(found: Mapping[str, Any], *, markdown: bool) -> list[str]:
    """False alarms and delays; the draws of commissioning sets are put together."""
    fields, orders = found["fields"], found["orders"]
    baselines = [_REFERENCE, "draws"] if len(found["false"]) > 1 else [_REFERENCE]
    false = [(name, *(_shares([row[kind] for row in _of(found["false"], name)]) for kind in _KINDS)) for name in baselines]
    changes = list(dict.fromkeys(row["change"] for row in found["ageing"]))
    ageing = [
        (change, name, *_delays([row for row in _of(found["ageing"], name) if row["change"] == change]))
        for change in changes
        for name in baselines
    ]
    return [
        (
            f"Drift: nothing changes. Share of {orders} orders of up to {fields} unseen fields with an alarm / a suspension, "
            "by the artifact's own baseline, and by that of 60 unlabelled fields (mean of the draws)."
        ),
        table(("baseline", *_KINDS), false, markdown=markdown),
        (
            f"Drift: a change grows over {fields} unseen fields, slide by slide. Number of the field, median (earliest to "
            "latest), and confident wrong answers on smears that are answered rightly without the change, all orders together."
        ),
        table(_HEADER, ageing, markdown=markdown),
    ]


_HEADER = (
    "change",
    "baseline",
    "alarm",
    "suspension",
    "first confident wrong answer",
    "confident wrong answers without the chart",
    "before the alarm",
    "before the suspension",
)


def _of(rows: Sequence[Mapping[str, Any]], baseline: str) -> list[Mapping[str, Any]]:
    return [row for row in rows if (row["baseline"] == _REFERENCE) == (baseline == _REFERENCE)]


def _shares(pairs: Sequence[Sequence[float]]) -> str:
    alarm, suspension = (sum(pair[place] for pair in pairs) / len(pairs) for place in (0, 1))
    return f"{percent(alarm)} / {percent(suspension)}"


def _delays(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    places = tuple(_range([row[name] for row in rows]) for name in ("alarm", "suspension", "first_wrong"))
    return *places, *(f"{sum(row[name] for row in rows)} in {len(rows)}" for name in _COUNTS)


_COUNTS = ("wrong", "wrong_before_alarm", "wrong_before_suspension")


def _range(places: Sequence[int | None]) -> str:
    told = [place for place in places if place is not None]
    if not told:
        return "never"
    never = f", {len(places) - len(told)} never" if len(told) < len(places) else ""
    return f"{median(told):.0f} ({min(told)} to {max(told)}{never})"
