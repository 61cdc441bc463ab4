"""The chart of a microscope's drift, drawn from the ledger's rows and from nothing else, and what is beyond its limits.

Each figure is an exponentially weighted moving average (Roberts, Technometrics 1 (1959) 239-250) that starts at the mean of the
commissioning set. Its limits are those between which it stays there while nothing changes, times a factor
(``docs/adr/0036-drift-is-read-from-the-rows.md`` has the measurement).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hemascope.domain.drift import MODEL_FIGURES, Baseline, DriftFigure, DriftFinding, Figures
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import Microscope

WEIGHT = 0.1  # of the newest field
ALARM, SUSPENSION = 1.25, 1.5  # excesses of a smoothed figure over the range of the commissioning set
RETURNED = 1.0  # below this excess of all figures an acknowledged alarm is over
ROWS = 60  # that the newest point rests on: older fields weigh less than a five-hundredth of it together


@dataclass(frozen=True)
class ChartedField:
    """One field on the chart: its object version, when it was judged, and its figures."""

    object_id: str
    at: datetime
    figures: Figures


@dataclass(frozen=True)
class Line:
    """One figure on the chart: the smoothed value after each field, and each one's excess."""

    smoothed: tuple[float, ...]
    excess: tuple[float, ...]


@dataclass(frozen=True)
class DriftChart:
    """The chart since the last change of a microscope, oldest field first."""

    fields: tuple[ChartedField, ...]
    lines: dict[DriftFigure, Line]
    baseline: Baseline

    def beyond(self, excess: float) -> tuple[DriftFinding, ...]:
        """The figures that are beyond a limit at the newest field, the farthest first."""
        found = [
            DriftFinding(
                figure=figure,
                direction="up" if line.smoothed[-1] > self.baseline.figures[figure].mean else "down",
                excess=round(line.excess[-1], 3),
                since=self._began(figure, line),
            )
            for figure, line in self.lines.items()
            if line.excess and line.excess[-1] > excess
        ]
        return tuple(sorted(found, key=lambda finding: -finding.excess))

    def _began(self, figure: DriftFigure, line: Line) -> datetime:
        """When the change began: at the first field after the smoothed figure was last on the other side of its mean."""
        mean = self.baseline.figures[figure].mean
        place = len(line.smoothed) - 1
        above = line.smoothed[place] > mean
        while place > 0 and (line.smoothed[place - 1] > mean) == above and line.smoothed[place - 1] != mean:
            place -= 1
        return self.fields[place].at


def charted_fields(rows: Iterable[LedgerRow], microscope: Microscope, baseline: Baseline) -> tuple[ChartedField, ...]:
    """The rows that count, oldest first: of the profile that is in use, and since the chart was last begun anew.

    Whatever the order of the rows, and however often one comes, the fields are the same.
    """
    found = {
        row.object_id: ChartedField(row.object_id, row.finished_at, comparable(row.drift.figures, row.model, baseline))
        for row in rows
        if row.drift
        and row.drift.profile == microscope.profile
        and (microscope.charted_since is None or row.finished_at > microscope.charted_since)
    }
    return tuple(sorted(found.values(), key=lambda field: (field.at, field.object_id)))


def comparable(figures: Figures, model: str, baseline: Baseline) -> Figures:
    """The figures without those that belong to another model than the baseline's."""
    if model == baseline.model:
        return figures
    return {figure: value for figure, value in figures.items() if figure not in MODEL_FIGURES}


def draw_chart(fields: Sequence[ChartedField], baseline: Baseline) -> DriftChart:
    """Smooth each figure of the baseline over the fields. A field without a figure leaves its line where it was."""
    lines = {figure: _smooth(figure, fields, baseline) for figure in baseline.figures}
    return DriftChart(tuple(fields), lines, baseline)


def _smooth(figure: DriftFigure, fields: Sequence[ChartedField], baseline: Baseline) -> Line:
    expected = baseline.figures[figure]
    smoothed, value = [], expected.mean
    for field in fields:
        if figure in field.figures:
            counted = min(max(field.figures[figure], expected.least), expected.most)
            value += WEIGHT * (counted - value)
        smoothed.append(value)
    return Line(tuple(smoothed), tuple(map(expected.excess, smoothed)))
