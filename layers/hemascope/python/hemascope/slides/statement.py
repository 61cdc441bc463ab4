"""Reports on all fields of one slide -> one statement, and the patient's summary of it."""

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
    Finding,
    SlideId,
    SlideReport,
    SlideSummary,
    Tier,
)
from hemascope.domain.slide_texts import SlideTexts
from hemascope.slides.fields import Counted, SlideField, sort_fields


def build_slide_report(fields: Sequence[SlideField], urgent: Collection[str], words: SlideTexts) -> SlideReport:
    """Say what all fields of one slide say together, whatever their order.

    Probabilities are pooled as a mean weighted by cells: each cell is one look at the blood, so a field of thirty counts more
    than one of two. It is a mean and no product, since fields of one slide share stain, lamp and preparation: what misleads
    the model in one misleads it in all, and a product would turn that into certainty.

    Whatever tier and mean, one field in which leukemia is possible keeps the slide from ``not_suspected``, also a field that
    is left out. Where models differ, the one that judged most fields speaks; of equals the newest.

    Parameters
    ----------
    fields
        At least one, all of one slide.
    urgent
        The classes that mean leukemia; each report must know them.
    words
        What to say.

    Raises
    ------
    HemascopeError
        Where there is no field, fields are of several slides, or classes are unknown or have no words.
    """
    if not fields:
        raise HemascopeError("expected at least one field of a slide, received none")
    slide = _only_slide(fields)
    _check_classes(fields, urgent, words)
    model = _speaking_model(fields)
    counted, excluded = sort_fields(fields, model, urgent, words)
    pool = _Pool.of(counted, urgent)
    tier = Tier.of(pool.cells)
    suspicious = any(one.result.label in urgent for one in counted) or any(one.suspicious for one in excluded)
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
        excluded=tuple(sorted(excluded, key=lambda one: (not one.suspicious, one.name, one.object_id, one.why))),
        statement=_say(finding, tier, pattern, counts | {"agreement": f"{100 * (pool.agreement or 0.0):.0f}"}, words),
        recommendation=words.recommendation[finding],
        model=model,
    )


def summarize_slide(statement: SlideReport, words: SlideTexts) -> SlideSummary:
    """What the patient reads of a statement."""
    text = words.patient[statement.finding]
    return SlideSummary(
        slide=statement.slide.slide if statement.slide else None,
        release=statement.release,
        headline=text.headline,
        explanation=text.explanation,
        next_step=text.next_step,
        disclaimer=words.patient_disclaimer,
    )


@dataclass(frozen=True)
class _Pool:
    """What the counted fields say together; nothing where no field counts."""

    cells: int
    probabilities: dict[str, float]
    suspicion: float | None = None
    label: str | None = None
    agreement: float | None = None

    @classmethod
    def of(cls, counted: Sequence[Counted], urgent: Collection[str]) -> "_Pool":
        cells = sum(one.cells for one in counted)
        if not cells:
            return cls(0, {})
        classes = counted[0].result.probabilities
        # Summed in one order, so that the order of the fields changes no digit.
        ordered = sorted(counted, key=lambda one: (one.name, one.object_id))
        mean = {name: min(1.0, sum(one.cells * one.result.probabilities[name] for one in ordered) / cells) for name in classes}
        suspicion = _suspicion(mean, urgent)
        eligible = [name for name in classes if (name in urgent) == (suspicion >= SUSPICION)]
        label = max(eligible, key=mean.__getitem__)
        agreement = sum(one.cells for one in counted if one.result.label == label) / cells
        return cls(cells, mean, suspicion, label, agreement)


def _find(pool: _Pool, tier: Tier, suspicious: bool) -> Finding:
    if pool.suspicion is not None and pool.suspicion >= SUSPICION:
        return Finding.SUSPECTED
    if suspicious:
        return Finding.DOUBTFUL
    return Finding.NO_ANSWER if tier is Tier.INSUFFICIENT else Finding.NOT_SUSPECTED


def _say(finding: Finding, tier: Tier, pattern: str | None, counts: dict[str, object], words: SlideTexts) -> str:
    parts = [words.finding[finding]]
    if pattern is not None:
        parts.append(words.pattern[pattern])
    elif finding is Finding.SUSPECTED and tier is Tier.PATTERN:
        parts.append(words.no_pattern)
    parts += [words.counts, words.tier[tier]]
    return Template(" ".join(parts)).substitute(counts)


def _rows(counted: Sequence[Counted], pool: _Pool, urgent: Collection[str]) -> list[CountedField]:
    return [
        CountedField(
            name=one.name,
            object_id=one.object_id,
            label=one.result.label,
            suspicion=_suspicion(one.result.probabilities, urgent),
            cell_count=one.cells,
            weight=one.cells / pool.cells,
        )
        for one in counted
    ]


def _most_suspicious_first(row: CountedField) -> tuple[float, int, str]:
    """Of fields that are equal to a thousandth the one with more cells: there is more to look at."""
    return -round(row.suspicion, 3), -row.cell_count, row.name


def _suspicion(probabilities: dict[str, float], urgent: Collection[str]) -> float:
    return min(1.0, sum(share for name, share in probabilities.items() if name in urgent))


def _only_slide(fields: Sequence[SlideField]) -> SlideId | None:
    specimens = [field.report.specimen for field in fields if field.report and field.report.specimen]
    slides = {(specimen.hospital, specimen.patient, specimen.slide) for specimen in specimens}
    if len(slides) > 1:
        raise HemascopeError(f"expected fields of one slide, received fields of {len(slides)}")
    return SlideId(hospital=specimens[0].hospital, patient=specimens[0].patient, slide=specimens[0].slide) if slides else None


def _check_classes(fields: Sequence[SlideField], urgent: Collection[str], words: SlideTexts) -> None:
    """A class that nobody calls urgent would pass for harmless, so each must be known before anything is pooled."""
    for field in fields:
        classes = set(field.report.result.probabilities) if field.report and field.report.result else None
        if classes is not None and (wrong := (set(urgent) - classes) | (classes - set(words.pattern))):
            known = ", ".join(sorted(urgent))
            raise HemascopeError(f"expected classes that have words, {known} among them; wrong: {', '.join(sorted(wrong))}")


def _speaking_model(fields: Sequence[SlideField]) -> ModelReference | None:
    judged = {(field.object_id, field.report.model) for field in fields if field.report is not None}
    votes = Counter(model for _, model in judged)
    return max(votes, key=lambda vote: (votes[vote], _number(vote.version), vote.id, vote.sha256), default=None)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))
