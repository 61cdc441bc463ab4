"""The chart of a microscope's drift: whether it still photographs as it did when it was commissioned."""

from dataclasses import dataclass
from datetime import datetime

from hemascope.domain.drift import Baseline, DriftFigure
from hemascope.domain.drift_chart import ALARM, SUSPENSION, DriftChart, charted_fields, draw_chart
from hemascope.domain.errors import ArtifactError, MissingObject
from hemascope.domain.microscope import Microscope
from hemascope.domain.microscope_keys import profile_key
from hemascope.domain.profile import LARGEST_PROFILE, MicroscopeProfile
from hemascope.domain.specimen import ObjectVersion
from hemascope.portal.identity import Person
from hemascope.portal.microscopes import MicroscopeService
from hemascope.portal.requests import Message
from hemascope.ports import Ledger, ObjectStore

NEWEST = 300  # rows that a chart is drawn from at most


class ChartLine(Message):
    """One figure: smoothed after each field, and the limits of alarm and suspension around its mean."""

    figure: DriftFigure
    mean: float
    alarm: tuple[float, float]  # low, high
    suspension: tuple[float, float]
    values: tuple[float, ...]


class DriftChartView(Message):
    """The chart since the last change of the microscope, oldest field first; empty where nothing is watched.

    ``watched`` is False where the microscope has no baseline, or the operator doesn't want its drift watched.
    """

    watched: bool
    since: datetime | None  # when the chart was begun anew
    times: tuple[datetime, ...] = ()
    lines: tuple[ChartLine, ...] = ()


@dataclass(frozen=True)
class DriftChartService:
    """Charts of the caller's hospital.

    Parameters
    ----------
    files, bucket
        Where profiles are stored.
    reference
        Baseline of the artifact's reference microscope; None where the artifact has none.
    """

    microscopes: MicroscopeService
    ledger: Ledger
    files: ObjectStore
    bucket: str
    reference: Baseline | None

    def show_chart(self, person: Person, microscope_id: str) -> DriftChartView:
        """Draw the chart of a microscope from the ledger's newest rows of it.

        Raises
        ------
        NotFound
            Where the hospital has none of this id.
        """
        microscope = self.microscopes.find(person, microscope_id)
        baseline = self.reference if microscope.is_reference else self._baseline(microscope)
        if baseline is None or not microscope.watched:
            return DriftChartView(watched=False, since=microscope.charted_since)
        rows = self.ledger.rows_by_microscope(microscope.digest, NEWEST)
        return _view(draw_chart(charted_fields(rows, microscope, baseline), baseline), microscope)

    def _baseline(self, microscope: Microscope) -> Baseline | None:
        if microscope.profile is None:
            return None
        version = ObjectVersion(bucket=self.bucket, key=profile_key(microscope.digest, microscope.profile))
        try:
            return MicroscopeProfile.parse(self.files.read(version, LARGEST_PROFILE), microscope.profile).baseline
        except MissingObject as error:
            raise ArtifactError(f"expected the profile {microscope.profile[:12]} of a microscope, it is missing") from error


def _view(chart: DriftChart, microscope: Microscope) -> DriftChartView:
    return DriftChartView(
        watched=True,
        since=microscope.charted_since,
        times=tuple(field.at for field in chart.fields),
        lines=tuple(
            ChartLine(
                figure=figure,
                mean=expected.mean,
                alarm=expected.limits(ALARM),
                suspension=expected.limits(SUSPENSION),
                values=tuple(round(value, 4) for value in chart.lines[figure].smoothed),
            )
            for figure, expected in chart.baseline.figures.items()
        ),
    )
