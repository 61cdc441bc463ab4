"""Which fields of a slide count as evidence, and why the others don't."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from hemascope.domain.report import Decision, ModelReference, Report, ReportedMicroscope, Result
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
    fields: Sequence[SlideField], model: ModelReference | None, urgent: Collection[str], texts: SlideTexts
) -> tuple[list[Counted], list[ExcludedField]]:
    """Separate the fields that count under a model from those that don't.

    A field counts where its answer is confident and it has cells. A picture counts once, however often its report is given,
    and of several pictures of one name by one microscope the newest one that could be judged. Of a picture that was judged
    again since its microscope changed, the newest report speaks.
    """
    own = [(field, field.report) for field in fields if field.report is not None and field.report.model == model]
    counted: list[Counted] = []
    excluded: list[ExcludedField] = []
    seen: set[tuple[str | None, ...]] = set()
    judged: dict[str, ReportedMicroscope | None] = {}  # how each picture was judged last
    for field, report in sorted(own, key=lambda pair: _newest_first(pair[0])):
        microscope = report.specimen.microscope if report.specimen else None  # each numbers its files from one
        marks = {("name", microscope, field.name), ("id", field.object_id)}
        repeated = _exclude(field, ExclusionReason.REPEATED, urgent, texts.repeated)
        if judged.setdefault(field.object_id, report.microscope) != report.microscope:
            # Its picture was judged again. It is no further picture, but its suspicion must not disappear.
            excluded += [repeated] if repeated.suspicious else []
            continue
        if marks & seen:
            excluded.append(repeated)
            continue
        if report.rejection is not None:
            excluded.append(_exclude(field, ExclusionReason.REJECTED, urgent, report.rejection.advice))
            continue
        assert report.result is not None  # the report's contract: no rejection, so both
        assert report.evidence is not None
        seen |= marks
        if report.result.decision is not Decision.CONFIDENT:
            why = ExclusionReason(report.result.decision)
            excluded.append(_exclude(field, why, urgent, report.result.recommendation))
        elif report.evidence.cell_count == 0:
            excluded.append(_exclude(field, ExclusionReason.POOR_QUALITY, urgent, texts.no_cells))
        else:
            counted.append(Counted(field.name, field.object_id, report.result, report.evidence.cell_count))
    known = {field.object_id for field, _ in own}
    return counted, excluded + _of_other_models(fields, model, known, urgent, texts) + _failed(fields, urgent, texts)


def _of_other_models(
    fields: Iterable[SlideField], model: ModelReference | None, known: set[str], urgent: Collection[str], texts: SlideTexts
) -> list[ExcludedField]:
    """Answers of other models, once a picture: on pictures that only they judged, and wherever they suspect an urgent class.

    A later model must not make the suspicion of an earlier one disappear: it stays listed and keeps the slide doubtful.
    """
    listed: dict[str, ExcludedField] = {}
    for field in sorted(fields, key=_newest_first):
        if field.report is None or field.report.model == model:
            continue
        row = _exclude(field, ExclusionReason.OTHER_MODEL, urgent, texts.other_model)
        earlier = listed.get(field.object_id)
        if row.suspicious and not (earlier and earlier.suspicious):
            listed[field.object_id] = row
        elif field.object_id not in known:
            listed.setdefault(field.object_id, row)
    return list(listed.values())


def _failed(fields: Sequence[SlideField], urgent: Collection[str], texts: SlideTexts) -> list[ExcludedField]:
    """Pictures that no model judged."""
    judged = {field.object_id for field in fields if field.report is not None}
    oldest_first = sorted(fields, key=_newest_first, reverse=True)
    lost = {field.object_id: field for field in oldest_first if field.object_id not in judged}
    return [_exclude(field, ExclusionReason.FAILED, urgent, texts.failed) for field in lost.values()]


def _exclude(field: SlideField, why: ExclusionReason, urgent: Collection[str], advice: str) -> ExcludedField:
    result = field.report.result if field.report else None
    suspicious = (
        result is not None
        and result.decision.names_classes
        and not set(urgent).isdisjoint({result.label, *result.prediction_set})
    )
    return ExcludedField(name=field.name, object_id=field.object_id, why=why, suspicious=suspicious, advice=advice)


def _newest_first(field: SlideField) -> tuple[bool, float, str, str, str]:
    """Fields without a report come last. What follows the moment leaves no two different fields in the order they came in."""
    report = field.report
    issued = report.issued_at.timestamp() if report and report.issued_at else 0.0
    return report is None, -issued, field.name, field.object_id, report.to_json() if report else ""
