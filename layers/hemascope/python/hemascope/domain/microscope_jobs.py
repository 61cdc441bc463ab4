"""Jobs about a microscope, as their queue carries them, and what becomes of the run that each belongs to. Pure."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hemascope.domain.errors import InvalidEvent
from hemascope.domain.known_answers import SlideAnswer
from hemascope.domain.microscope import Microscope, changed
from hemascope.domain.microscope_refusal import TransitionRefused
from hemascope.domain.microscope_run import JobKind, JobRun, RunId, RunState
from hemascope.domain.specimen import Segment
from hemascope.domain.verification import VerificationLimits

LARGEST_TABLE = 1000  # slides with a known answer in one verification: its message stays below the 256 kB of SQS
SlideDigest = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class _Job(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital: Segment
    microscope: Segment  # its name
    run: RunId

    def to_json(self) -> str:
        """The job as one line of JSON: the body of its message."""
        return self.model_dump_json()


class CommissionJob(_Job):
    """Fit a profile to the newest fields; to those that arrived since a moment, where one is given."""

    kind: Literal[JobKind.COMMISSION] = JobKind.COMMISSION
    since: AwareDatetime | None = None


class VerifyJob(_Job):
    """Compare the model's answers with known ones: digest of the slide -> answer."""

    kind: Literal[JobKind.VERIFY] = JobKind.VERIFY
    answers: Annotated[dict[SlideDigest, SlideAnswer], Field(min_length=1, max_length=LARGEST_TABLE)]
    limits: VerificationLimits = VerificationLimits()


class RescreenJob(_Job):
    """Send the pictures of slides that are not signed off to the screening function again."""

    kind: Literal[JobKind.RESCREEN] = JobKind.RESCREEN


MicroscopeJob = CommissionJob | VerifyJob | RescreenJob
_JOBS: TypeAdapter[MicroscopeJob] = TypeAdapter(Annotated[MicroscopeJob, Field(discriminator="kind")])


def parse_job(body: str) -> MicroscopeJob:
    """Inverse of :meth:`_Job.to_json`.

    Raises
    ------
    InvalidEvent
        Where it is none. The error does not repeat the body.
    """
    try:
        return _JOBS.validate_json(body)
    except ValidationError:
        raise InvalidEvent("expected a job about a microscope, received another message") from None


class RunPending(TransitionRefused):
    """One run of a kind at a time: two would fit two profiles, and nobody could tell which one was shown."""

    def __init__(self) -> None:
        super().__init__("This is being done already. Please wait until it has ended.")


def queue_run(microscope: Microscope, kind: JobKind, run: JobRun, now: datetime) -> Microscope:
    """Record that a job is about to be queued. A job that sends pictures again replaces the one before, which it includes.

    Raises
    ------
    RunPending
        Where another run of this kind has not ended.
    """
    before = microscope.runs.get(kind)
    if before and before.is_pending(now) and kind is not JobKind.RESCREEN:
        raise RunPending
    return _with(microscope, kind, run)


def begin_run(microscope: Microscope, kind: JobKind, run_id: str, now: datetime) -> Microscope | None:
    """Record that a worker begins; None where there is nothing to do: the run has ended, or another one took its place.

    A run that failed begins again, because its message was delivered again.
    """
    run = microscope.runs.get(kind)
    if run is None or run.id != run_id or run.state in {RunState.DONE, RunState.REFUSED}:
        return None
    begun = JobRun(id=run.id, state=RunState.RUNNING, at=run.at, by=run.by, started_at=now)
    return _with(microscope, kind, begun)


def end_run(
    microscope: Microscope,
    kind: JobKind,
    run_id: str,
    state: RunState,
    message: str,
    now: datetime,
    document: str | None = None,
    oldest: datetime | None = None,
) -> Microscope | None:
    """Record how a run ended; None where another one took its place."""
    run = microscope.runs.get(kind)
    if run is None or run.id != run_id:
        return None
    ended = {"state": state, "message": message, "finished_at": now, "document": document, "oldest": oldest}
    return _with(microscope, kind, run.model_copy(update=ended))


def as_one_change(before: Microscope, after: Microscope) -> Microscope:
    """A change of several steps as one: its version follows the stored one."""
    return after.model_copy(update={"version": before.version + 1})


def _with(microscope: Microscope, kind: JobKind, run: JobRun) -> Microscope:
    return changed(microscope, runs={**microscope.runs, kind: run})
