"""Which verdict stands, and what becomes of the release: rules alone, on a ledger row and its verdicts."""

from collections.abc import Sequence
from datetime import datetime

from hemascope.domain.ledger import LedgerRow
from hemascope.domain.report import Release
from hemascope.domain.review import Verdict


def agreed(verdicts: Sequence[Verdict], reviewers: int) -> Verdict | None:
    """The newest verdict, where so many people say the same; each person's word is their last one.

    A newest verdict that stands alone holds a release up, whatever others agreed on before: somebody saw something.
    """
    if not verdicts:
        return None
    newest = verdicts[-1]
    last_words = {verdict.reviewer: verdict for verdict in verdicts}
    same = [word for word in last_words.values() if (word.kind, word.label) == (newest.kind, newest.label)]
    return newest if len(same) >= reviewers else None


def released(row: LedgerRow, verdicts: Sequence[Verdict], reviewers: int, now: datetime) -> LedgerRow | None:
    """The row after a release; None where too few people agree.

    Released once, it changes only with a newer verdict that as many agree on, and is ``amended`` then.
    """
    verdict = agreed(verdicts, reviewers)
    if verdict is None:
        return None
    if row.release is not Release.PRELIMINARY and verdict.number <= row.released_verdict_number:
        return row
    final = row.release is Release.PRELIMINARY and verdict.label is None
    release = Release.FINAL if final else Release.AMENDED
    return row.model_copy(update={"release": release, "released_at": now, "released_verdict_number": verdict.number})


def judged(row: LedgerRow, verdicts: Sequence[Verdict], reviewers: int, now: datetime) -> LedgerRow:
    """The row with one more verdict counted, the last of these; a report that is out is amended at once."""
    counted = row.model_copy(update={"verdicts": len(verdicts)})
    if row.release is Release.PRELIMINARY:
        return counted
    return released(counted, verdicts, reviewers, now) or counted


def speaking(rows: Sequence[LedgerRow]) -> LedgerRow | None:
    """The row that patients and training sets hear: the newest released one, else the newest with a report.

    A new model that judges the archive again takes nothing back that a person has released.
    """
    with_report = [row for row in rows if row.report_key is not None]
    return max(with_report, key=_released_then_newest, default=None)


def _released_then_newest(row: LedgerRow) -> tuple[bool, float]:
    is_released = row.release is not Release.PRELIMINARY
    moment = row.released_at if is_released and row.released_at else row.finished_at
    return is_released, moment.timestamp()
