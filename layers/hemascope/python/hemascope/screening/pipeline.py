"""Bytes of a picture -> report, summary and pictures. Pure: no clock, no network, no disk in here or below."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.quality import QualityFigure
from hemascope.domain.report import (
    CellRow,
    Decision,
    Evidence,
    PatientSummary,
    Quality,
    QualityFinding,
    Rejection,
    Report,
    Result,
    State,
)
from hemascope.domain.specimen import Specimen
from hemascope.imaging.cells import measure_cells
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.fingerprint import colour_fingerprint
from hemascope.imaging.heat_map import draw_heat_maps, positive_sum, share_of_evidence, shrink_for_heat_maps
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs, to_working_picture
from hemascope.imaging.overlay import draw_overlay, shrink_for_overlay
from hemascope.imaging.quality import broken_limits, gate_figures, measure_quality
from hemascope.imaging.segment import Segmentation
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Answer, Classifier
from hemascope.model.decision import names_of, rule

Timer = Callable[[], float]


@dataclass(frozen=True)
class SmearPictures:
    """What was seen, uint8 RGB: segmented picture (working size), overlay and, by branch, heat maps (shape of the original)."""

    segmented: Picture
    overlay: Picture
    heat_maps: Mapping[str, Picture] = field(default_factory=dict)


@dataclass(frozen=True)
class Screening:
    """Outcome of one smear; there are no pictures of a rejected one, nor where none were asked for."""

    report: Report
    summary: PatientSummary
    pictures: SmearPictures | None


def content_id(data: bytes) -> str:
    """Id of a picture that lies in no bucket: 32 hex digits of its content."""
    return hashlib.sha256(data).hexdigest()[:32]


def screen(
    data: bytes,
    specimen: Specimen | None,
    classifier: Classifier,
    *,
    object_id: str | None = None,
    timer: Timer | None = None,
    draw: bool = True,
) -> Screening:
    """Judge one picture.

    Parameters
    ----------
    data
        A picture file as received.
    specimen
        Whose it is.
    classifier
        The model that judges.
    object_id
        Id of the object version; of the content where None.
    timer
        Seconds since any fixed moment. Without one the report has no timings, and is the same each time.
    draw
        Whether pictures are wanted. The report is the same without.

    Returns
    -------
    Screening
        A rejected picture gives a rejected report, not an error.
    """
    identity = object_id or content_id(data)
    try:
        return _judge(data, specimen, classifier, identity, _Laps(timer), draw)
    except RejectedSmear as refusal:
        return reject(refusal, specimen, classifier.artifact, identity)


def reject(refusal: RejectedSmear, specimen: Specimen | None, artifact: Artifact, object_id: str) -> Screening:
    """Make the report on a picture that can't be judged."""
    texts = artifact.texts
    rejection = Rejection(reason=refusal.reason, message=str(refusal), advice=texts.advice[refusal.reason])
    report = Report(object_id=object_id, specimen=specimen, state=State.REJECTED, rejection=rejection, model=artifact.reference)
    return Screening(report, _summarize(report, artifact), None)


def _judge(
    data: bytes, specimen: Specimen | None, classifier: Classifier, object_id: str, laps: "_Laps", draw: bool
) -> Screening:
    picture = decode(data)
    with ThreadPoolExecutor(1) as beside:
        # A large picture is shrunk for drawing on one processor while it is measured on the other.
        canvases = [beside.submit(one, picture) for one in (shrink_for_overlay, shrink_for_heat_maps) if draw]
        return _measure(picture, specimen, classifier, object_id, laps, canvases)


def _measure(
    picture: Picture,
    specimen: Specimen | None,
    classifier: Classifier,
    object_id: str,
    laps: "_Laps",
    canvases: list[Future[Picture]],
) -> Screening:
    artifact = classifier.artifact
    spec = artifact.manifest.preprocessing
    working = to_working_picture(picture, spec)
    laps.mark("decode")
    figures = measure_quality(working)
    score = artifact.colours.score(colour_fingerprint(working))
    laps.mark("quality")
    inputs = to_network_inputs(working, spec)
    found = inputs.segmentation
    measured = gate_figures(working, found) if artifact.manifest.quality else {}
    findings = _findings(measured, artifact)
    laps.mark("segment")
    answer = classifier.answer(inputs)
    laps.mark("network")
    cells = _cells(working, found, answer) if spec.segmentation.separation else ()
    laps.mark("cells")
    pictures = None
    if canvases:
        for_overlay, for_heat_maps = (canvas.result() for canvas in canvases)
        overlay = draw_overlay(for_overlay, found, cells)
        laps.mark("overlay")
        pictures = SmearPictures(inputs.segmented_picture, overlay, draw_heat_maps(for_heat_maps, answer.maps or {}))
        laps.mark("heat_maps")
    report = Report(
        object_id=object_id,
        specimen=specimen,
        state=State.REPORTED,
        result=_decide(answer, inputs, max(score, answer.feature_score or 0.0), findings, artifact),
        evidence=Evidence(
            cell_count=found.cell_count,
            mask_coverage=found.coverage,
            quality=Quality(**dataclasses.asdict(figures), figures=measured, findings=findings),
            out_of_distribution_score=score,
            feature_score=answer.feature_score,
            cells=cells,
        ),
        model=artifact.reference,
        timings_ms=laps.milliseconds,
    )
    return Screening(report, _summarize(report, artifact), pictures)


def _findings(measured: dict[QualityFigure, float], artifact: Artifact) -> tuple[QualityFinding, ...]:
    spec, advice = artifact.manifest.quality, artifact.texts.quality
    broken = broken_limits(measured, spec) if spec else []
    return tuple(
        QualityFinding(
            reason=one.reason,
            figure=one.figure,
            value=measured[one.figure],
            limit=one.bound,
            advice=advice[one.reason],
        )
        for one in broken
    )


def _cells(working: Picture, found: Segmentation, answer: Answer) -> tuple[CellRow, ...]:
    """The table of cells, with each one's share of the evidence where the model says what it saw."""
    rows = measure_cells(found.labels, working)
    if not answer.maps:
        return rows
    shares = share_of_evidence(positive_sum(answer.maps.values()), found.labels)
    return tuple(row.model_copy(update={"evidence_share": float(share)}) for row, share in zip(rows, shares, strict=True))


def _decide(
    answer: Answer, inputs: NetworkInputs, score: float, findings: tuple[QualityFinding, ...], artifact: Artifact
) -> Result:
    rules, classes, probabilities = artifact.manifest.decision, artifact.manifest.classes, answer.probabilities
    ruling = rule(probabilities, rules, classes, answer.typical)
    if findings or inputs.segmentation.cell_count < rules.minimum_cells:
        decision = Decision.POOR_QUALITY
    elif score > 1.0:
        decision = Decision.OUT_OF_DISTRIBUTION
    else:
        decision = Decision.CONFIDENT if ruling.stated else Decision.INDETERMINATE
    advice = artifact.texts.recommend(decision, ruling.label, ruling.possible, rules.urgent_classes)
    if findings:
        advice = " ".join(dict.fromkeys(finding.advice for finding in findings))
    return Result(
        label=ruling.label,
        probabilities={name: float(one) for name, one in zip(classes, probabilities, strict=True)},
        confidence=float(probabilities.max()),
        prediction_set=ruling.possible,
        conformal_set=None if answer.typical is None else names_of(answer.typical, classes),
        decision=decision,
        recommendation=advice,
    )


def _summarize(report: Report, artifact: Artifact) -> PatientSummary:
    texts = artifact.texts
    if report.result is None:
        words = texts.patient_rejected
    elif report.result.decision is Decision.CONFIDENT:
        words = texts.patient[report.result.label]
    elif possible := _urgent_possible(report.result, artifact):
        # "It says nothing good or bad" would be untrue: the clinician is told at this moment that leukemia is possible.
        words = texts.patient[possible]
    else:
        words = texts.patient_unclear
    return PatientSummary(
        object_id=report.object_id,
        slide=report.specimen.slide if report.specimen else None,
        release=report.release,
        headline=words.headline,
        explanation=words.explanation,
        next_step=words.next_step,
        disclaimer=texts.patient_disclaimer,
    )


def _urgent_possible(result: Result, artifact: Artifact) -> str | None:
    """An urgent class that an indeterminate answer leaves possible: then a patient reads what a suspicion says."""
    urgent = artifact.manifest.decision.urgent_classes
    found = [one for one in result.prediction_set if one in urgent]
    return found[0] if found and result.decision is Decision.INDETERMINATE else None


class _Laps:
    """Milliseconds of each step, where there is a timer."""

    def __init__(self, timer: Timer | None) -> None:
        self._timer = timer
        self._last = timer() if timer else 0.0
        self.milliseconds: dict[str, float] = {}

    def mark(self, step: str) -> None:
        if self._timer:
            now = self._timer()
            self.milliseconds[step] = round((now - self._last) * 1000.0, 3)
            self._last = now
