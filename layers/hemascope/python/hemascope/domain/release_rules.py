"""Release rules: which verdict counts, and how verdicts change a report's release. Pure functions of a row and its verdicts."""

from collections.abc import Sequence
from datetime import datetime

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import Release
from hemascope.domain.review import Verdict


def agreed_verdict(verdicts: Sequence[Verdict], reviewers: int) -> Verdict | None:
    """The newest verdict, if at least ``reviewers`` people gave the same; of each person only the last verdict counts.

    A newest verdict that nobody shares blocks a release, whatever others agreed on before: its reviewer saw something.
    """
    if not verdicts:
        return None
    newest = verdicts[-1]
    last = {verdict.reviewer: verdict for verdict in verdicts}
    same = [verdict for verdict in last.values() if (verdict.kind, verdict.label) == (newest.kind, newest.label)]
    return newest if len(same) >= reviewers else None


def apply_release(row: LedgerRow, verdicts: Sequence[Verdict], reviewers: int, now: datetime) -> LedgerRow | None:
    """The row after a release; None where too few people agree.

    A released row changes only with a newer verdict that as many people agree on, and is ``amended`` then.
    """
    verdict = agreed_verdict(verdicts, reviewers)
    if verdict is None:
        return None
    if row.release is not Release.PRELIMINARY and verdict.number <= row.released_verdict_number:
        return row
    final = row.release is Release.PRELIMINARY and verdict.label is None
    release = Release.FINAL if final else Release.AMENDED
    return row.model_copy(update={"release": release, "released_at": now, "released_verdict_number": verdict.number})


def apply_verdict(row: LedgerRow, verdicts: Sequence[Verdict], reviewers: int, now: datetime) -> LedgerRow:
    """The row with the last of these verdicts counted; a report that is released already is amended at once."""
    counted = row.model_copy(update={"verdicts": len(verdicts)})
    if row.release is Release.PRELIMINARY:
        return counted
    return apply_release(counted, verdicts, reviewers, now) or counted


def governing_row(rows: Sequence[LedgerRow]) -> LedgerRow | None:
    """The row that patients and training sets get: the newest released one, else the newest with a report.

    What screens a picture again, a new model or the same one after a change of the microscope, withdraws nothing that a person
    has released. Nor does it make an urgent answer milder, or take the place of one that a person has looked at: before a
    release the urgent rows come first, then those with a verdict.
    """
    with_report = [row for row in rows if row.report_key is not None]
    return max(with_report, key=_rank, default=None)


def _rank(row: LedgerRow) -> tuple[bool, bool, bool, float]:
    if row.release is not Release.PRELIMINARY:
        return True, False, False, (row.released_at or row.finished_at).timestamp()
    return False, row.urgent, row.verdicts > 0, row.finished_at.timestamp()
