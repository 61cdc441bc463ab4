"""Bytes of a picture -> report, summary and pictures. Pure: no clock, no network, no disk in here or below."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import MicroscopeProfile
from hemascope.domain.quality import QualityFigure, QualityFinding
from hemascope.domain.report import (
    CellGrid,
    Decision,
    Evidence,
    PatientSummary,
    Rejection,
    Report,
    Result,
    State,
)
from hemascope.domain.specimen import Specimen
from hemascope.imaging.cells import measure_cells
from hemascope.imaging.decode import Decoded, Picture, decode_file
from hemascope.imaging.heat_map import draw_heat_maps, positive_sum, share_of_evidence, shrink_for_heat_maps
from hemascope.imaging.overlay import draw_overlay, shrink_for_overlay
from hemascope.imaging.photographed import photographed_figures
from hemascope.imaging.scale import RED_CELL_MICROMETRES
from hemascope.imaging.stitch import stitch_maps, stitch_pictures, stitch_segmentations, weigh_maps
from hemascope.imaging.tiles import cut_field, red_cell_in, relative_scale, tiles_across
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.field import field_quality, judge_field, tile_rows, worst_scores
from hemascope.screening.laps import Laps, Timer
from hemascope.screening.tile import judge_tiles, make_findings


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
        return _judge(data, specimen, classifier, microscope, identity, Laps(timer), draw)
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
    laps: Laps,
    draw: bool,
) -> Screening:
    decoded = decode_file(data)
    with ThreadPoolExecutor(1) as beside:
        # A large picture is shrunk for drawing on one processor while it is measured on the other.
        profile = microscope.profile if microscope else None
        canvases = []
        if draw:
            canvases.append(beside.submit(shrink_for_overlay, decoded.picture, tiles_across(decoded.picture, profile)))
            canvases.append(beside.submit(shrink_for_heat_maps, decoded.picture))
        scale = beside.submit(relative_scale, decoded.picture, profile)
        return _measure(decoded, specimen, classifier, microscope, object_id, laps, canvases, scale)


def _measure(
    decoded: Decoded,
    specimen: Specimen | None,
    classifier: Classifier,
    microscope: MicroscopeUse | None,
    object_id: str,
    laps: Laps,
    canvases: list[Future[Picture]],
    scale: Future[float | None],
) -> Screening:
    artifact, spec = classifier.artifact, classifier.artifact.manifest.preprocessing
    profile = microscope.profile if microscope else None
    cut = cut_field(decoded.picture, spec, profile)
    photographed = None
    if microscope and microscope.profile and not microscope.is_verified:  # nothing proves that the correction is harmless
        photographed = cut_field(decoded.picture, spec, MicroscopeProfile(ruler=microscope.profile.ruler)).tiles
    laps.mark("decode")
    tiles = judge_tiles(cut.tiles, photographed, classifier, laps)
    found = stitch_segmentations(cut, [tile.inputs.segmentation for tile in tiles])
    red_cell = scale.result()
    judged = judge_field(tiles, _scale_findings(red_cell, profile, artifact), microscope, artifact)
    heat = weigh_maps([positive_sum(tile.answer.maps.values()) for tile in tiles], judged.weights)
    shares = share_of_evidence(stitch_maps(cut, heat), found.labels)
    seen = stitch_pictures(cut, [tile.tile.working for tile in tiles])
    cells = measure_cells(found.labels, seen, shares, _pixel_area(decoded.picture, found.labels, profile))
    laps.mark("cells")
    pictures = None
    if canvases:
        for_overlay, for_heat_maps = (canvas.result() for canvas in canvases)
        overlay = draw_overlay(for_overlay, found, cells, tiles_across(decoded.picture, profile))
        laps.mark("overlay")
        maps = {branch: stitch_maps(cut, [tile.answer.maps[branch] for tile in tiles]) for branch in tiles[0].answer.maps}
        segmented = stitch_pictures(cut, [tile.inputs.segmented_picture for tile in tiles])
        pictures = SmearPictures(segmented, overlay, draw_heat_maps(for_heat_maps, maps))
        laps.mark("heat_maps")
    colours, features, uncorrected = worst_scores(tiles)
    evidence = Evidence(
        cell_count=found.cell_count,
        mask_coverage=found.coverage,
        quality=field_quality(tiles, found.cell_count, red_cell, judged.findings),
        out_of_distribution_score=colours,
        feature_score=features,
        uncorrected=uncorrected,
        photographed=photographed_figures(decoded.picture),
        source=decoded.source,
        grid=CellGrid(width=cut.width, height=cut.height),
        tiles=tile_rows(tiles, judged.result.label, artifact),
        cells=cells,
    )
    report = Report(
        object_id=object_id,
        specimen=specimen,
        state=State.REPORTED,
        result=judged.result,
        evidence=evidence,
        microscope=microscope.reported if microscope else None,
        model=artifact.reference,
        timings_ms=laps.milliseconds,
    )
    return Screening(report, summarize(report, artifact), pictures)


def _scale_findings(
    red_cell: float | None, profile: MicroscopeProfile | None, artifact: Artifact
) -> tuple[QualityFinding, ...]:
    """A finding where the red cells of a field are not as wide as the ruler of its microscope: another objective."""
    if red_cell is None or profile is None:
        return ()
    broken = [limit for limit in profile.limits.scale if limit.broken_by(red_cell)]
    return tuple(make_findings({QualityFigure.RED_CELL: red_cell}, broken, artifact.texts))


def _pixel_area(picture: Picture, labels: NDArray[np.int32], profile: MicroscopeProfile | None) -> float | None:
    """Square micrometres that a pixel of the labels covers; None where the microscope has no ruler."""
    red_cell = red_cell_in(picture, profile)
    if red_cell is None:
        return None
    return (RED_CELL_MICROMETRES / red_cell) ** 2 * float(picture.shape[0] * picture.shape[1] / labels.size)


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
