"""When a picture is judged again by the same model: its microscope has another profile or proof than when it was judged.

Nothing here is undone or overwritten. A later report stands beside the earlier one, and takes no answer away.
"""

from collections.abc import Sequence

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.report import Decision, MicroscopeState, Release, ReportedMicroscope


def standing_row(rows: Sequence[LedgerRow]) -> LedgerRow | None:
    """The newest of one model's rows that has a report."""
    return max((row for row in rows if row.report_key is not None), key=lambda row: row.finished_at, default=None)


def may_judge_again(rows: Sequence[LedgerRow], microscope: MicroscopeUse) -> bool:
    """Whether a picture with these rows, of one model, is judged again.

    It is not where a clinician has given a verdict on it, where it was last judged in the same way, or where a proof allowed
    the answer that stands and none allows one now. Nor is it while its microscope is suspended, or with the profile with which
    the microscope was suspended when it came: what was wrong then may show in it.
    """
    standing = standing_row(rows)
    suspended = ReportedMicroscope(name=None, state=MicroscopeState.SUSPENDED, profile=microscope.profile_sha256)
    if standing is None or standing.microscope_use in {microscope.reported.digest, suspended.digest}:
        return False
    if microscope.state is MicroscopeState.SUSPENDED:
        return False
    if any(row.verdicts or row.release is not Release.PRELIMINARY for row in rows):
        return False
    return microscope.is_verified or holds_no_answer(standing)


def holds_no_answer(row: LedgerRow) -> bool:
    """Whether a row with a report leaves its picture to be read by eye, so that a later one may take its place in lists."""
    return row.report_key is not None and row.decision in {None, Decision.UNVERIFIED, Decision.POOR_QUALITY}
