"""When a picture is judged again: its microscope has another profile or proof than when it was judged.

Nothing here is undone or overwritten. A later report stands beside the earlier one, and takes no answer away.
"""

from collections.abc import Sequence
from dataclasses import replace

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.report import Decision, MicroscopeState, Release


def standing_row(rows: Sequence[LedgerRow]) -> LedgerRow | None:
    """The newest row that has a report."""
    return max((row for row in rows if row.report_key is not None), key=lambda row: row.finished_at, default=None)


def may_judge_again(rows: Sequence[LedgerRow], microscope: MicroscopeUse, model: str) -> bool:
    """Whether a picture with these rows, of every model that judged it, is judged again by ``model``.

    It is not where it is urgent or a clinician has given a verdict on it, so that only a person takes a suspicion away; where
    ``model`` judged it last in the same way; or where a proof allowed the answer that stands and none allows one now. Nor is it
    while its microscope is suspended, or where :func:`as_it_came` allows no answer.
    """
    standing, own = standing_row(rows), standing_row([row for row in rows if row.model_name == model])
    if standing is None or (own and own.microscope_use == microscope.reported.digest):
        return False
    if microscope.state is MicroscopeState.SUSPENDED or as_it_came(rows, microscope) != microscope:
        return False
    if any(row.urgent or row.verdicts or row.release is not Release.PRELIMINARY for row in rows):
        return False
    return microscope.is_verified or holds_no_answer(standing)


def as_it_came(rows: Sequence[LedgerRow], microscope: MicroscopeUse) -> MicroscopeUse:
    """How a picture with these rows may be judged now: without an answer where the present proof is not about such pictures.

    It is not about those of before the microscope was as its profile describes it, nor about those that came while it was
    suspended with this profile: what was wrong then may show in them.
    """
    suspended = replace(microscope, state=MicroscopeState.SUSPENDED, verification_sha256=None)
    if any(row.microscope_use == suspended.reported.digest for row in rows):
        return suspended
    since = microscope.profile_since
    if since and microscope.is_verified and any(row.finished_at < since for row in rows):
        return replace(microscope, state=MicroscopeState.PROFILED, verification_sha256=None)
    return microscope


def holds_no_answer(row: LedgerRow) -> bool:
    """Whether a row with a report leaves its picture to be read by eye, so that a later one may take its place in lists."""
    return row.report_key is not None and row.decision in {None, Decision.UNVERIFIED, Decision.POOR_QUALITY}
