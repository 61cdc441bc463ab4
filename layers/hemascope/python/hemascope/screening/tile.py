"""Segments, measures and judges the tiles of a field, each as a picture of its own."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from hemascope.domain.quality import QualityFigure, QualityFinding, QualityLimit
from hemascope.domain.report import UncorrectedScores
from hemascope.domain.texts import Texts
from hemascope.domain.tiles import TileUse
from hemascope.imaging.decode import Picture
from hemascope.imaging.fingerprint import colour_fingerprint
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs
from hemascope.imaging.quality import (
    QualityFigures,
    broken_limits,
    gate_figures,
    measure_quality,
    quality_figures,
    shows_no_cells,
)
from hemascope.imaging.tiles import WorkingTile
from hemascope.model.classifier import Answer, Classifier
from hemascope.screening.laps import Laps


@dataclass(frozen=True)
class JudgedTile:
    """What was found in one tile. ``answer`` is the network's; ``uncorrected`` the guards' scores before the correction."""

    tile: WorkingTile
    figures: QualityFigures
    measured: dict[QualityFigure, float]
    findings: tuple[QualityFinding, ...]
    inputs: NetworkInputs
    answer: Answer
    colour_score: float
    uncorrected: UncorrectedScores | None
    use: TileUse

    @property
    def cells(self) -> int:
        """White cells that were counted."""
        return self.inputs.segmentation.cell_count


def judge_tiles(
    tiles: Sequence[WorkingTile], photographed: Sequence[WorkingTile] | None, classifier: Classifier, laps: Laps
) -> list[JudgedTile]:
    """Judge each tile.

    Parameters
    ----------
    tiles
        As corrected.
    photographed
        The same before the correction, where the guards shall look at them too.
    laps
        Times the steps of a single tile. Several are judged on two processors, and timed as one step.

    Raises
    ------
    RejectedSmear
        ``blank`` where none shows anything.
    """
    before = [tile.working for tile in photographed] if photographed else [None] * len(tiles)
    if len(tiles) == 1:
        return [_judge(tiles[0], before[0], measure_quality(tiles[0].working), classifier, laps)]
    untimed = Laps(None)
    figures = [quality_figures(tile.working) for tile in tiles]
    if all(own.is_blank for own in figures):
        measure_quality(tiles[0].working)  # raises

    def judge(tile: WorkingTile, photographed: Picture | None, figures: QualityFigures) -> JudgedTile:
        return _judge(tile, photographed, figures, classifier, untimed)

    with ThreadPoolExecutor(2) as threads:  # one tile is segmented while the network looks at another
        found = list(threads.map(judge, tiles, before, figures))
    laps.mark("tiles")
    return found


def make_findings(
    measured: Mapping[QualityFigure, float], limits: Iterable[QualityLimit], texts: Texts
) -> list[QualityFinding]:
    """A finding for each broken limit, with the advice of the artifact's texts."""
    return [
        QualityFinding(
            reason=limit.reason,
            figure=limit.figure,
            value=measured[limit.figure],
            limit=limit.bound,
            advice=texts.quality[limit.reason],
        )
        for limit in limits
    ]


def _judge(
    tile: WorkingTile, photographed: Picture | None, figures: QualityFigures, classifier: Classifier, laps: Laps
) -> JudgedTile:
    artifact, working = classifier.artifact, tile.working
    score = artifact.colours.score(colour_fingerprint(working))
    laps.mark("quality")
    inputs = to_network_inputs(working, artifact.manifest.preprocessing)
    measured = gate_figures(working, inputs.segmentation)
    findings = tuple(make_findings(measured, broken_limits(measured, artifact.manifest.quality), artifact.texts))
    laps.mark("segment")
    answer = classifier.answer(inputs)
    uncorrected = _uncorrected_scores(photographed, working, classifier)
    laps.mark("network")
    minimum = artifact.manifest.decision.minimum_cells
    use = TileUse.UNREADABLE
    if not figures.is_blank:
        use = _use_of(findings, inputs.segmentation.cell_count, minimum, score, answer.feature_score)
    return JudgedTile(tile, figures, measured, findings, inputs, answer, score, uncorrected, use)


def _use_of(findings: Sequence[QualityFinding], cells: int, minimum: int, colour_score: float, feature_score: float) -> TileUse:
    if not findings and cells >= minimum:
        is_known = max(colour_score, feature_score) <= 1.0
        return TileUse.COUNTED if is_known else TileUse.OUT_OF_DISTRIBUTION
    # In strange colours no cell is found, however many there are.
    return TileUse.EMPTY if shows_no_cells(findings, cells) and colour_score <= 1.0 else TileUse.UNREADABLE


def _uncorrected_scores(photographed: Picture | None, working: Picture, classifier: Classifier) -> UncorrectedScores | None:
    """The guards' scores of the picture as photographed. A correction may make a strange picture look known."""
    if photographed is None or np.array_equal(photographed, working):
        return None
    spec, artifact = classifier.artifact.manifest.preprocessing, classifier.artifact
    return UncorrectedScores(
        out_of_distribution_score=artifact.colours.score(colour_fingerprint(photographed)),
        feature_score=classifier.answer(to_network_inputs(photographed, spec)).feature_score,
    )
