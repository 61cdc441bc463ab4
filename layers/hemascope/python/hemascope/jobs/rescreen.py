"""Sends the pictures of slides that nobody has signed off to the screening function again."""

from collections.abc import Iterable
from dataclasses import dataclass

from hemascope.domain.events import CreatedObject
from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import Microscope
from hemascope.domain.microscope_fields import ROWS, fields_of
from hemascope.domain.report import Release, State
from hemascope.jobs.outcome import Ended
from hemascope.ports import Ledger, PictureQueue


@dataclass(frozen=True)
class Rescreener:
    """Announces pictures to the queue of the screening function, which stores what it finds beside what stands."""

    ledger: Ledger
    queue: PictureQueue

    def carry_out(self, microscope: Microscope) -> Ended:
        """Announce every open field's picture. Twice does no harm: the screening function judges a picture once a state.

        Pictures that are older than those to which the profile was fitted keep the results that they have.

        Raises
        ------
        TransientError
        """
        rows = self.ledger.rows_by_microscope(microscope.digest, ROWS)
        fields = [field for field in fields_of(microscope, rows, microscope.profile_since) if is_open(field.rows)]
        self.queue.announce_again([CreatedObject(object=field.object) for field in fields])
        if not fields:
            return Ended("No slide is open: nothing had to be screened again.")
        more = f" Older ones than the newest {ROWS} results were not looked at." if len(rows) >= ROWS else ""
        return Ended(f"{len(fields)} pictures of open slides are screened again; results appear beside the former ones.{more}")


def is_open(rows: Iterable[LedgerRow]) -> bool:
    """Whether a picture waits for its sign-off. What a person has released stays as it is, and a failure is replayed."""
    judged = list(rows)
    if any(row.release is not Release.PRELIMINARY for row in judged):
        return False
    return any(row.state is not State.FAILED for row in judged)
