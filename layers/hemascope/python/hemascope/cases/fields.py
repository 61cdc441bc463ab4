"""Which fields of a slide count as evidence, and why the others don't."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from hemascope.contracts.case import LeftOutField, WhyLeftOut
from hemascope.contracts.case_texts import CaseTexts
from hemascope.contracts.report import Decision, ModelReference, Report, Result


@dataclass(frozen=True)
class SlideField:
    """One field of a slide: its name (two pictures of one name are one field) and its report, None where screening failed."""

    name: str
    object_id: str
    report: Report | None


@dataclass(frozen=True)
class Counted:
    """A field that counts, with its cells (at least one)."""

    name: str
    object_id: str
    result: Result
    cells: int


def sort_fields(
    fields: Sequence[SlideField], model: ModelReference | None, urgent: Collection[str], words: CaseTexts
) -> tuple[list[Counted], list[LeftOutField]]:
    """Part the fields that count under a model from those that don't.

    A field counts where its answer is confident and it has cells. A picture counts once, however often its report is given,
    and of several pictures of one name the newest one that could be judged.
    """
    own = [(one, one.report) for one in fields if one.report is not None and one.report.model == model]
    counted: list[Counted] = []
    left_out: list[LeftOutField] = []
    seen: set[tuple[str, str]] = set()
    for one, report in sorted(own, key=lambda pair: _newest_first(pair[0])):
        marks = {("name", one.name), ("id", one.object_id)}
        if marks & seen:
            left_out.append(_leave_out(one, WhyLeftOut.REPEATED, urgent, words.repeated))
            continue
        if report.rejection is not None:
            left_out.append(_leave_out(one, WhyLeftOut.REJECTED, urgent, report.rejection.advice))
            continue
        assert report.result is not None  # the report's contract: no rejection, so both
        assert report.evidence is not None
        seen |= marks
        if report.result.decision is not Decision.CONFIDENT:
            why = WhyLeftOut(report.result.decision)
            left_out.append(_leave_out(one, why, urgent, report.result.recommendation))
        elif report.evidence.cell_count == 0:
            left_out.append(_leave_out(one, WhyLeftOut.POOR_QUALITY, urgent, words.no_cells))
        else:
            counted.append(Counted(one.name, one.object_id, report.result, report.evidence.cell_count))
    known = {one.object_id for one, _ in own}
    return counted, left_out + _of_other_models(fields, model, known, urgent, words) + _failed(fields, urgent, words)


def _of_other_models(
    fields: Iterable[SlideField], model: ModelReference | None, known: set[str], urgent: Collection[str], words: CaseTexts
) -> list[LeftOutField]:
    """What other models said, once a picture: of pictures that only they judged, and wherever they saw leukemia.

    A model that comes after another must not make its suspicion disappear: it stays on the list and keeps the slide doubtful.
    """
    said: dict[str, LeftOutField] = {}
    for one in sorted(fields, key=_newest_first):
        if one.report is None or one.report.model == model:
            continue
        row = _leave_out(one, WhyLeftOut.OTHER_MODEL, urgent, words.other_model)
        earlier = said.get(one.object_id)
        if row.suspicious and not (earlier and earlier.suspicious):
            said[one.object_id] = row
        elif one.object_id not in known:
            said.setdefault(one.object_id, row)
    return list(said.values())


def _failed(fields: Sequence[SlideField], urgent: Collection[str], words: CaseTexts) -> list[LeftOutField]:
    """Pictures that no model judged."""
    judged = {one.object_id for one in fields if one.report is not None}
    lost = {one.object_id: one for one in sorted(fields, key=_newest_first, reverse=True) if one.object_id not in judged}
    return [_leave_out(one, WhyLeftOut.FAILED, urgent, words.failed) for one in lost.values()]


def _leave_out(one: SlideField, why: WhyLeftOut, urgent: Collection[str], advice: str) -> LeftOutField:
    result = one.report.result if one.report else None
    suspicious = (
        result is not None
        and result.decision in {Decision.CONFIDENT, Decision.INDETERMINATE}  # else its classes mean nothing
        and not set(urgent).isdisjoint({result.label, *result.prediction_set})
    )
    return LeftOutField(name=one.name, object_id=one.object_id, why=why, suspicious=suspicious, advice=advice)


def _newest_first(one: SlideField) -> tuple[bool, float, str, str, str]:
    """Fields without a report come last. What follows the moment leaves no two different fields in the order they came in."""
    report = one.report
    issued = report.issued_at.timestamp() if report and report.issued_at else 0.0
    return report is None, -issued, one.name, one.object_id, report.to_json() if report else ""
