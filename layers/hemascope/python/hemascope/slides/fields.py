"""Which fields of a slide count as evidence, and why the others don't."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from hemascope.domain.report import Decision, ModelReference, Report, Result
from hemascope.domain.slide import ExcludedField, ExclusionReason
from hemascope.domain.slide_texts import SlideTexts


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
    fields: Sequence[SlideField], model: ModelReference | None, urgent: Collection[str], words: SlideTexts
) -> tuple[list[Counted], list[ExcludedField]]:
    """Part the fields that count under a model from those that don't.

    A field counts where its answer is confident and it has cells. A picture counts once, however often its report is given,
    and of several pictures of one name the newest one that could be judged.
    """
    own = [(field, field.report) for field in fields if field.report is not None and field.report.model == model]
    counted: list[Counted] = []
    excluded: list[ExcludedField] = []
    seen: set[tuple[str, str]] = set()
    for one, report in sorted(own, key=lambda pair: _newest_first(pair[0])):
        marks = {("name", one.name), ("id", one.object_id)}
        if marks & seen:
            excluded.append(_exclude(one, ExclusionReason.REPEATED, urgent, words.repeated))
            continue
        if report.rejection is not None:
            excluded.append(_exclude(one, ExclusionReason.REJECTED, urgent, report.rejection.advice))
            continue
        assert report.result is not None  # the report's contract: no rejection, so both
        assert report.evidence is not None
        seen |= marks
        if report.result.decision is not Decision.CONFIDENT:
            why = ExclusionReason(report.result.decision)
            excluded.append(_exclude(one, why, urgent, report.result.recommendation))
        elif report.evidence.cell_count == 0:
            excluded.append(_exclude(one, ExclusionReason.POOR_QUALITY, urgent, words.no_cells))
        else:
            counted.append(Counted(one.name, one.object_id, report.result, report.evidence.cell_count))
    known = {one.object_id for one, _ in own}
    return counted, excluded + _of_other_models(fields, model, known, urgent, words) + _failed(fields, urgent, words)


def _of_other_models(
    fields: Iterable[SlideField], model: ModelReference | None, known: set[str], urgent: Collection[str], words: SlideTexts
) -> list[ExcludedField]:
    """What other models said, once a picture: of pictures that only they judged, and wherever they saw leukemia.

    A model that comes after another must not make its suspicion disappear: it stays on the list and keeps the slide doubtful.
    """
    said: dict[str, ExcludedField] = {}
    for field in sorted(fields, key=_newest_first):
        if field.report is None or field.report.model == model:
            continue
        row = _exclude(field, ExclusionReason.OTHER_MODEL, urgent, words.other_model)
        earlier = said.get(field.object_id)
        if row.suspicious and not (earlier and earlier.suspicious):
            said[field.object_id] = row
        elif field.object_id not in known:
            said.setdefault(field.object_id, row)
    return list(said.values())


def _failed(fields: Sequence[SlideField], urgent: Collection[str], words: SlideTexts) -> list[ExcludedField]:
    """Pictures that no model judged."""
    judged = {field.object_id for field in fields if field.report is not None}
    lost = {one.object_id: one for one in sorted(fields, key=_newest_first, reverse=True) if one.object_id not in judged}
    return [_exclude(one, ExclusionReason.FAILED, urgent, words.failed) for one in lost.values()]


def _exclude(one: SlideField, why: ExclusionReason, urgent: Collection[str], advice: str) -> ExcludedField:
    result = one.report.result if one.report else None
    suspicious = (
        result is not None
        and result.decision in {Decision.CONFIDENT, Decision.INDETERMINATE}  # else its classes mean nothing
        and not set(urgent).isdisjoint({result.label, *result.prediction_set})
    )
    return ExcludedField(name=one.name, object_id=one.object_id, why=why, suspicious=suspicious, advice=advice)


def _newest_first(one: SlideField) -> tuple[bool, float, str, str, str]:
    """Fields without a report come last. What follows the moment leaves no two different fields in the order they came in."""
    report = one.report
    issued = report.issued_at.timestamp() if report and report.issued_at else 0.0
    return report is None, -issued, one.name, one.object_id, report.to_json() if report else ""
