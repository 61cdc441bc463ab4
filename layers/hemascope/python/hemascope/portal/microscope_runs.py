"""The newest runs of a microscope's jobs as the portal shows them."""

from datetime import datetime

from hemascope.domain.microscope import Microscope
from hemascope.domain.microscope_run import JobKind, JobRun, RunState
from hemascope.portal.requests import Message

_LOST = "The service did not come to an end with this. Please start it again."


class RunView(Message):
    """The newest run of a job. ``message`` is a sentence, from its end on."""

    kind: JobKind
    state: RunState  # failed, too, where a run was killed or its message was lost
    at: datetime
    by: str
    finished_at: datetime | None
    message: str | None

    @classmethod
    def of(cls, kind: JobKind, run: JobRun, now: datetime) -> "RunView":
        """The part of a run that people see; of one whose end can't be expected any more, that it failed."""
        lost = run.finished_at is None and not run.is_pending(now)
        shown = run.model_dump(include={"at", "by", "finished_at"})
        return cls(kind=kind, state=RunState.FAILED if lost else run.state, message=_LOST if lost else run.message, **shown)


def run_views(microscope: Microscope, now: datetime) -> tuple[RunView, ...]:
    """The newest run of each kind, sorted by kind."""
    return tuple(RunView.of(kind, run, now) for kind, run in sorted(microscope.runs.items()))


def run_view(microscope: Microscope, kind: JobKind, now: datetime) -> RunView | None:
    """The newest run of a kind; None where there was none."""
    run = microscope.runs.get(kind)
    return RunView.of(kind, run, now) if run else None
