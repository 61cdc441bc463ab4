"""How a job ended, and the reasons for which it is refused."""

from dataclasses import dataclass
from datetime import datetime

from hemascope.domain.errors import HemascopeError
from hemascope.domain.microscope_run import RunState


class JobRefused(HemascopeError):
    """The job was carried out and the answer is no. The message is a sentence for the administrator."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its state, a sentence for the page, the SHA-256 of what it made, and of when the oldest picture was."""

    message: str
    document: str | None = None
    state: RunState = RunState.DONE
    oldest: datetime | None = None
