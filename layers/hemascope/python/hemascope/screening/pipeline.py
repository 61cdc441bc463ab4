"""Bytes of a picture -> report, summary and pictures. Pure: no clock, no network, no disk in here or below."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.quality import QualityFigure
from hemascope.domain.report import (
    Decision,
    Evidence,
    PatientSummary,
    Quality,
    QualityFinding,
    Rejection,
    Report,
    Result,
    State,
    UncorrectedScores,
)
from hemascope.domain.specimen import Specimen
from hemascope.imaging.cells import measure_cells
from hemascope.imaging.decode import Decoded, Picture, decode_file
from hemascope.imaging.fingerprint import colour_fingerprint
from hemascope.imaging.heat_map import draw_heat_maps, positive_sum, share_of_evidence, shrink_for_heat_maps
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.imaging.overlay import draw_overlay, shrink_for_overlay
from hemascope.imaging.photographed import photographed_figures
from hemascope.imaging.quality import broken_limits, gate_figures, measure_quality
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Answer, Classifier
from hemascope.model.decision import decide, names_of

Timer = Callable[[], float]


@dataclass(frozen=True)
class SmearPictures:
    """What was seen, uint8 RGB: segmented picture (working size), overlay and, by branch, heat maps (shape of the original)."""

    segmented: Picture
    overlay: Picture
    heat_maps: Mapping[str, Picture]


@dataclass(frozen=True)
class Screening:
    """Outcome of one smear; a rejected smear has no pictures, nor has a screening that was asked for none."""

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
    microscope: MicroscopeUse | None = None,
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
    microscope
        That took the picture: how it is corrected, and whether an answer may be given. None: it is judged as one of the
        reference microscope, whose pictures need neither correction nor proof.
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
        return _judge(data, specimen, classifier, microscope, identity, _Laps(timer), draw)
    except RejectedSmear as refusal:
        return reject(refusal, specimen, classifier.artifact, identity, microscope)


def reject(
    refusal: RejectedSmear,
    specimen: Specimen | None,
    artifact: Artifact,
    object_id: str,
    microscope: MicroscopeUse | None = None,
) -> Screening:
    """Make the report on a picture that can't be judged."""
    texts = artifact.texts
    rejection = Rejection(reason=refusal.reason, message=str(refusal), advice=texts.advice[refusal.reason])
    report = Report(
        object_id=object_id,
        specimen=specimen,
        state=State.REJECTED,
        rejection=rejection,
        microscope=microscope.reported if microscope else None,
        model=artifact.reference,
    )
    return Screening(report, summarize(report, artifact), None)


def _judge(
    data: bytes,
    specimen: Specimen | None,
    classifier: Classifier,
    microscope: MicroscopeUse | None,
    object_id: str,
    laps: "_Laps",
    draw: bool,
) -> Screening:
    decoded = decode_file(data)
    with ThreadPoolExecutor(1) as beside:
        # A large picture is shrunk for drawing on one processor while it is measured on the other.
        canvases = [beside.submit(shrink, decoded.picture) for shrink in (shrink_for_overlay, shrink_for_heat_maps) if draw]
        return _measure(decoded, specimen, classifier, microscope, object_id, laps, canvases)


def _measure(
    decoded: Decoded,
    specimen: Specimen | None,
    classifier: Classifier,
    microscope: MicroscopeUse | None,
    object_id: str,
    laps: "_Laps",
    canvases: list[Future[Picture]],
) -> Screening:
    artifact, spec = classifier.artifact, classifier.artifact.manifest.preprocessing
    profile = microscope.profile if microscope else None
    working = to_working_picture(decoded.picture, spec, profile)
    laps.mark("decode")
    figures = measure_quality(working)
    score = artifact.colours.score(colour_fingerprint(working))
    laps.mark("quality")
    inputs = to_network_inputs(working, spec)
    found = inputs.segmentation
    measured = gate_figures(working, found)
    findings = _findings(measured, artifact)
    laps.mark("segment")
    answer = classifier.answer(inputs)
    uncorrected = _uncorrected_scores(decoded.picture, working, microscope, classifier)
    laps.mark("network")
    shares = share_of_evidence(positive_sum(answer.maps.values()), found.labels)
    cells = measure_cells(found.labels, working, shares)
    laps.mark("cells")
    pictures = None
    if canvases:
        for_overlay, for_heat_maps = (canvas.result() for canvas in canvases)
        overlay = draw_overlay(for_overlay, found, cells)
        laps.mark("overlay")
        pictures = SmearPictures(inputs.segmented_picture, overlay, draw_heat_maps(for_heat_maps, answer.maps))
        laps.mark("heat_maps")
    evidence = Evidence(
        cell_count=found.cell_count,
        mask_coverage=found.coverage,
        quality=Quality(**dataclasses.asdict(figures), figures=measured, findings=findings),
        out_of_distribution_score=score,
        feature_score=answer.feature_score,
        uncorrected=uncorrected,
        photographed=photographed_figures(decoded.picture),
        source=decoded.source,
        cells=cells,
    )
    report = Report(
        object_id=object_id,
        specimen=specimen,
        state=State.REPORTED,
        result=_decide(answer, evidence, microscope, artifact),
        evidence=evidence,
        microscope=microscope.reported if microscope else None,
        model=artifact.reference,
        timings_ms=laps.milliseconds,
    )
    return Screening(report, summarize(report, artifact), pictures)


def _uncorrected_scores(
    picture: Picture, working: Picture, microscope: MicroscopeUse | None, classifier: Classifier
) -> UncorrectedScores | None:
    """The guards' scores of the picture as photographed. A correction may make a strange picture look known."""
    if microscope is None or microscope.is_verified or microscope.profile is None:
        return None
    spec, artifact = classifier.artifact.manifest.preprocessing, classifier.artifact
    photographed = to_working_picture(picture, spec)
    if np.array_equal(photographed, working):
        return None
    return UncorrectedScores(
        out_of_distribution_score=artifact.colours.score(colour_fingerprint(photographed)),
        feature_score=classifier.answer(to_network_inputs(photographed, spec)).feature_score,
    )


def _findings(measured: dict[QualityFigure, float], artifact: Artifact) -> tuple[QualityFinding, ...]:
    spec, advice = artifact.manifest.quality, artifact.texts.quality
    return tuple(
        QualityFinding(
            reason=limit.reason,
            figure=limit.figure,
            value=measured[limit.figure],
            limit=limit.bound,
            advice=advice[limit.reason],
        )
        for limit in broken_limits(measured, spec)
    )


def _decide(answer: Answer, evidence: Evidence, microscope: MicroscopeUse | None, artifact: Artifact) -> Result:
    spec, disease, probabilities = artifact.manifest.decision, artifact.manifest.disease, answer.probabilities
    found = decide(probabilities, answer.typical, spec, disease.classes)
    findings = evidence.quality.findings
    if findings or evidence.cell_count < spec.minimum_cells:
        decision = Decision.POOR_QUALITY
    elif microscope and not microscope.is_verified:
        decision = Decision.UNVERIFIED
    elif evidence.guard_score > 1.0:
        decision = Decision.OUT_OF_DISTRIBUTION
    else:
        decision = Decision.CONFIDENT if found.is_conclusive else Decision.INDETERMINATE
    advice = artifact.texts.recommend(decision, found.label, found.prediction_set, disease.urgent_classes)
    if findings:
        advice = " ".join(dict.fromkeys(finding.advice for finding in findings))
    return Result(
        label=found.label,
        probabilities={name: float(share) for name, share in zip(disease.class_names, probabilities, strict=True)},
        confidence=float(probabilities.max()),
        prediction_set=found.prediction_set,
        conformal_set=names_of(answer.typical, disease.classes),
        decision=decision,
        recommendation=advice,
    )


def summarize(report: Report, artifact: Artifact) -> PatientSummary:
    """What the patient reads of a report."""
    texts = artifact.texts
    if report.result is None:
        message = texts.patient_rejected
    elif report.result.decision is Decision.CONFIDENT:
        message = texts.patient[report.result.label]
    elif possible := _urgent_possible(report.result, artifact):
        # "It says nothing good or bad" would be untrue: at the same moment a clinician is notified of an urgent smear.
        message = texts.patient[possible]
    else:
        message = texts.patient_unclear
    return PatientSummary(
        object_id=report.object_id,
        slide=report.specimen.slide if report.specimen else None,
        release=report.release,
        headline=message.headline,
        explanation=message.explanation,
        next_step=message.next_step,
        disclaimer=texts.patient_disclaimer,
    )


def _urgent_possible(result: Result, artifact: Artifact) -> str | None:
    """The first urgent class that an indeterminate answer leaves possible: the patient reads the text of a suspicion."""
    urgent = artifact.manifest.disease.urgent_classes
    found = [name for name in result.prediction_set if name in urgent]
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
