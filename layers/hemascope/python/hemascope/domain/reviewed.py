"""Review of a report since it was stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from hemascope.domain.report import Release
from hemascope.domain.review import Verdict


@dataclass(frozen=True)
class Reviewed:
    """Verdicts in their order, the release, and the number of the verdict that it rests on; 0 where it rests on none."""

    verdicts: Sequence[Verdict] = ()
    release: Release = Release.PRELIMINARY
    released_verdict_number: int = 0

    @property
    def label(self) -> str | None:
        """The label that stands in the place of the model's; None where the model's answer holds.

        Only a verdict that a release rests on can do that: a later one may still wait for a second reviewer.
        """
        return next((verdict.label for verdict in self.verdicts if verdict.number == self.released_verdict_number), None)


UNREVIEWED = Reviewed()
