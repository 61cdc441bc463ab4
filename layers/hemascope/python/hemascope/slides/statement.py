"""Reports on all fields of one slide -> the report on the slide, and the patient's summary of it."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from string import Template

from hemascope.domain.errors import HemascopeError
from hemascope.domain.report import ModelReference
from hemascope.domain.slide import (
    PATTERN_AGREEMENT,
    SUSPICION,
    CountedField,
    ExcludedField,
    Finding,
    SlideId,
    SlideReport,
    SlideSummary,
    Tier,
)
from hemascope.domain.slide_texts import SlideTexts
from hemascope.slides.fields import Counted, SlideField, sort_fields


def build_slide_report(fields: Sequence[SlideField], urgent: Collection[str], texts: SlideTexts) -> SlideReport:
    """Pool the fields of one slide, whatever their order.

    Probabilities are pooled as a mean weighted by cells: each cell is one look at the blood, so a field of thirty counts more
    than one of two. It is a mean and no product, since fields of one slide share stain, lamp and preparation: what misleads
    the model in one misleads it in all, and a product would turn that into certainty.

    Whatever tier and mean, one field in which an urgent class is possible keeps the slide from ``not_suspected``, also a field
    that is left out. Where models differ, the one that judged most fields speaks; of equals the newest.

    Parameters
    ----------
    fields
        At least one, all of one slide.
    urgent
        The urgent classes; each report must know them.
    texts
        Of the artifact, in the reader's language.

    Raises
    ------
    HemascopeError
        Where there is no field, fields are of several slides, or classes are unknown or have no texts.
    """
    if not fields:
        raise HemascopeError("expected at least one field of a slide, received none")
    slide = _only_slide(fields)
    _check_classes(fields, urgent, texts)
    model = _speaking_model(fields)
    counted, excluded = sort_fields(fields, model, urgent, texts)
    pool = _Pool.of(counted, urgent)
    tier = Tier.of(pool.cells)
    suspicious = any(field.result.label in urgent for field in counted) or any(field.suspicious for field in excluded)
    finding = _find(pool, tier, suspicious)
    settled = finding in {Finding.SUSPECTED, Finding.NOT_SUSPECTED}
    named = settled and tier is Tier.PATTERN and (pool.agreement or 0.0) >= PATTERN_AGREEMENT
    pattern = pool.label if named else None
    counts = {"cells": pool.cells, "fields": len(counted), "all": len(counted) + len(excluded)}
    return SlideReport(
        slide=slide,
        finding=finding,
        tier=tier,
        counted_cells=pool.cells,
        pattern=pattern,
        probabilities=pool.probabilities,
        suspicion=pool.suspicion,
        agreement=pool.agreement,
        fields=tuple(sorted(_rows(counted, pool, urgent), key=_most_suspicious_first)),
        excluded=tuple(sorted(excluded, key=_suspicious_first)),
        statement=_write(finding, tier, pattern, counts | {"agreement": f"{100 * (pool.agreement or 0.0):.0f}"}, texts),
        recommendation=texts.recommendation[finding],
        model=model,
    )


def summarize_slide(report: SlideReport, texts: SlideTexts) -> SlideSummary:
    """The patient's summary of a report on a slide."""
    message = texts.patient[report.finding]
    return SlideSummary(
        slide=report.slide.slide if report.slide else None,
        release=report.release,
        headline=message.headline,
        explanation=message.explanation,
        next_step=message.next_step,
        disclaimer=texts.patient_disclaimer,
    )


@dataclass(frozen=True)
class _Pool:
    """The counted fields, pooled by cells; empty where no field counts."""

    cells: int
    probabilities: dict[str, float]
    suspicion: float | None = None
    label: str | None = None
    agreement: float | None = None

    @classmethod
    def of(cls, counted: Sequence[Counted], urgent: Collection[str]) -> "_Pool":
        cells = sum(field.cells for field in counted)
        if not cells:
            return cls(0, {})
        classes = counted[0].result.probabilities
        # Summed in one order, so that the order of the fields changes no digit.
        ordered = sorted(counted, key=lambda field: (field.name, field.object_id))
        sums = {name: sum(field.cells * field.result.probabilities[name] for field in ordered) for name in classes}
        mean = {name: min(1.0, total / cells) for name, total in sums.items()}
        suspicion = _suspicion(mean, urgent)
        eligible = [name for name in classes if (name in urgent) == (suspicion >= SUSPICION)]
        label = max(eligible, key=mean.__getitem__)
        agreement = sum(field.cells for field in counted if field.result.label == label) / cells
        return cls(cells, mean, suspicion, label, agreement)


def _find(pool: _Pool, tier: Tier, suspicious: bool) -> Finding:
    if pool.suspicion is not None and pool.suspicion >= SUSPICION:
        return Finding.SUSPECTED
    if suspicious:
        return Finding.DOUBTFUL
    return Finding.NO_ANSWER if tier is Tier.INSUFFICIENT else Finding.NOT_SUSPECTED


def _write(finding: Finding, tier: Tier, pattern: str | None, counts: dict[str, object], texts: SlideTexts) -> str:
    parts = [texts.finding[finding]]
    if pattern is not None:
        parts.append(texts.pattern[pattern])
    elif finding is Finding.SUSPECTED and tier is Tier.PATTERN:
        parts.append(texts.no_pattern)
    parts += [texts.counts, texts.tier[tier]]
    return Template(" ".join(parts)).substitute(counts)


def _rows(counted: Sequence[Counted], pool: _Pool, urgent: Collection[str]) -> list[CountedField]:
    return [
        CountedField(
            name=field.name,
            object_id=field.object_id,
            label=field.result.label,
            suspicion=_suspicion(field.result.probabilities, urgent),
            cell_count=field.cells,
            weight=field.cells / pool.cells,
        )
        for field in counted
    ]


def _most_suspicious_first(row: CountedField) -> tuple[float, int, str]:
    """Of fields that are equal to a thousandth the one with more cells: there is more to look at."""
    return -round(row.suspicion, 3), -row.cell_count, row.name


def _suspicious_first(field: ExcludedField) -> tuple[bool, str, str, str]:
    return not field.suspicious, field.name, field.object_id, field.why


def _suspicion(probabilities: dict[str, float], urgent: Collection[str]) -> float:
    return min(1.0, sum(share for name, share in probabilities.items() if name in urgent))


def _only_slide(fields: Sequence[SlideField]) -> SlideId | None:
    specimens = [field.report.specimen for field in fields if field.report and field.report.specimen]
    slides = {(specimen.hospital, specimen.patient, specimen.slide) for specimen in specimens}
    if len(slides) > 1:
        raise HemascopeError(f"expected fields of one slide, received fields of {len(slides)}")
    return SlideId(hospital=specimens[0].hospital, patient=specimens[0].patient, slide=specimens[0].slide) if slides else None


def _check_classes(fields: Sequence[SlideField], urgent: Collection[str], texts: SlideTexts) -> None:
    """A class that nobody calls urgent would pass for harmless, so each must be known before anything is pooled."""
    for field in fields:
        classes = set(field.report.result.probabilities) if field.report and field.report.result else None
        if classes is not None and (wrong := (set(urgent) - classes) | (classes - set(texts.pattern))):
            known = ", ".join(sorted(urgent))
            raise HemascopeError(f"expected classes that have texts, {known} among them; wrong: {', '.join(sorted(wrong))}")


def _speaking_model(fields: Sequence[SlideField]) -> ModelReference | None:
    judged = {(field.object_id, field.report.model) for field in fields if field.report is not None}
    votes = Counter(model for _, model in judged)
    return max(votes, key=lambda vote: (votes[vote], _number(vote.version), vote.id, vote.sha256), default=None)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))
