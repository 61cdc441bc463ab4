"""The newest run of each kind of job of a microscope, as its row in the registry holds it: queued, running, or how it ended."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hemascope.domain.report import Digest

Account = Annotated[str, Field(min_length=1, max_length=128)]  # id of an account in the user pool, or DRIFT
RunId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
LONGEST_RUN = timedelta(minutes=15)  # Lambda's own limit: a run that began earlier was killed
_SLACK = timedelta(minutes=1)  # between two clocks
_LONGEST_WAIT = timedelta(minutes=30)  # in the queue; after that it is not waited for any more


class JobKind(StrEnum):
    """What is done about a microscope."""

    COMMISSION = "commission"
    VERIFY = "verify"
    RESCREEN = "rescreen"


class RunState(StrEnum):
    """Where a run is. ``refused``: it was carried out and its answer is no. ``failed``: ours, and it may be started again."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class JobRun(BaseModel):
    """One run of a job.

    Parameters
    ----------
    at, by
        When it was asked for, and by whom.
    message
        How it ended, in a sentence; None before.
    document
        SHA-256 of the profile that was fitted, or of the proof that was made; None where there is none.
    oldest
        When the oldest of the pictures arrived that a profile was fitted on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: RunId
    state: RunState = RunState.QUEUED
    at: AwareDatetime
    by: Account
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    message: Annotated[str, Field(max_length=2000)] | None = None
    document: Digest | None = None
    oldest: AwareDatetime | None = None

    def is_pending(self, now: datetime) -> bool:
        """Whether its end is still to come. A run that was killed, or whose message was lost, is not waited for any more."""
        if self.state is RunState.QUEUED:
            return now < self.at + _LONGEST_WAIT
        return self.is_held(now)

    def is_held(self, now: datetime) -> bool:
        """Whether a worker may still be at it."""
        return self.state is RunState.RUNNING and self.started_at is not None and now < self.started_at + LONGEST_RUN + _SLACK
