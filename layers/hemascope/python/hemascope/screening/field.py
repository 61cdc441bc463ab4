"""The judged tiles of a field -> one result, and what it rests on. A picture that was not cut is a field of one tile."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from hemascope.domain.disease import ClassSpec
from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.quality import QualityFigure, QualityFinding
from hemascope.domain.report import Decision, Quality, Result, UncorrectedScores
from hemascope.domain.tiles import TileRow, TileUse
from hemascope.model.aggregate import FieldAnswer, TileAnswer, aggregate
from hemascope.model.artifact import Artifact
from hemascope.model.decision import decide, names_of
from hemascope.screening.tile import JudgedTile

_READ = frozenset({TileUse.COUNTED, TileUse.OUT_OF_DISTRIBUTION})
_LARGEST_UNREADABLE = 0.5  # share of a field that may be unreadable where the rest shows an urgent class


class JudgedField(NamedTuple):
    """``result``, the field's ``findings`` (none where it could be judged), and the part of each tile in the answer, 0-1."""

    result: Result
    findings: tuple[QualityFinding, ...]
    weights: list[float]


def judge_field(
    tiles: Sequence[JudgedTile], findings: Sequence[QualityFinding], microscope: MicroscopeUse | None, artifact: Artifact
) -> JudgedField:
    """Decide on a field.

    Tiles that count give the answer. A tile that is unreadable may hide anything: then a class that is not urgent is never
    stated, and an urgent one only where at least half of the field was read. A tile that the model can't know forbids every
    statement. Neither takes an urgent class away that the tiles which count leave possible.

    Parameters
    ----------
    tiles
        At least one.
    findings
        Of the field as a whole: then it is poor, whatever its tiles show.
    microscope
        None: the reference microscope.
    """
    disease, spec = artifact.manifest.disease, artifact.manifest.decision
    counted = [tile for tile in tiles if tile.use is TileUse.COUNTED]
    read = [tile for tile in tiles if tile.use in _READ]
    speaking = counted or read or list(tiles)
    answer = aggregate([_answer_of(tile) for tile in speaking], spec, disease.classes)
    decision = _decide(tiles, answer, bool(findings), microscope, disease.classes)
    broken: tuple[QualityFinding, ...] = ()
    if decision is Decision.POOR_QUALITY:
        unreadable = [tile for tile in tiles if tile.use is TileUse.UNREADABLE]
        broken = tuple(findings) or _without_repeats(unreadable or tiles)
    advice = artifact.texts.recommend(decision, answer.found.label, answer.found.prediction_set, disease.urgent_classes)
    if broken:
        advice = " ".join(dict.fromkeys(finding.advice for finding in broken))
    result = Result(
        label=answer.found.label,
        probabilities=_by_name(answer.probabilities.tolist(), disease.classes),
        confidence=float(answer.probabilities.max()),
        prediction_set=answer.found.prediction_set,
        conformal_set=names_of(answer.typical, disease.classes),
        decision=decision,
        recommendation=advice,
    )
    parts = {id(tile): float(weight) for tile, weight in zip(speaking, answer.weights, strict=True)}
    return JudgedField(result, broken, [parts.get(id(tile), 0.0) for tile in tiles])


def _decide(
    tiles: Sequence[JudgedTile],
    answer: FieldAnswer,
    is_poor: bool,
    microscope: MicroscopeUse | None,
    classes: Sequence[ClassSpec],
) -> Decision:
    uses = {tile.use for tile in tiles}
    urgent = {known.name for known in classes if known.urgent}
    is_suspected = TileUse.COUNTED in uses and not urgent.isdisjoint(answer.found.prediction_set)
    hidden = _unreadable_share(tiles)
    hides = hidden > (_LARGEST_UNREADABLE if answer.found.label in urgent else 0.0)
    if is_poor or not uses & _READ or (hides and not is_suspected):
        return Decision.POOR_QUALITY
    if microscope and not microscope.is_verified:
        return Decision.UNVERIFIED
    is_strange = TileUse.OUT_OF_DISTRIBUTION in uses
    if is_strange and not is_suspected:
        return Decision.OUT_OF_DISTRIBUTION
    if answer.found.is_conclusive and not hides and not is_strange:
        return Decision.CONFIDENT
    return Decision.INDETERMINATE


def worst_scores(tiles: Sequence[JudgedTile]) -> tuple[float, float, UncorrectedScores | None]:
    """The largest colour score and feature score of the tiles that are read (of all where none is), and before correction."""
    read = [tile for tile in tiles if tile.use in _READ] or tiles
    uncorrected = [tile.uncorrected for tile in read if tile.uncorrected]
    before = UncorrectedScores(
        out_of_distribution_score=max((scores.out_of_distribution_score for scores in uncorrected), default=0.0),
        feature_score=max((scores.feature_score for scores in uncorrected), default=0.0),
    )
    colours, features = (max(tile.colour_score for tile in read), max(tile.answer.feature_score for tile in read))
    return colours, features, before if uncorrected else None


def field_quality(
    tiles: Sequence[JudgedTile], cells: int, red_cell: float | None, findings: tuple[QualityFinding, ...]
) -> Quality:
    """Figures of a field: means of the tiles that are read (of all where none is); ``cells`` is what the field has."""
    read = [tile for tile in tiles if tile.use in _READ] or tiles
    measured = {figure: _mean([tile.measured[figure] for tile in read]) for figure in tiles[0].measured}
    measured[QualityFigure.CELLS] = float(cells)
    if red_cell is not None:
        measured[QualityFigure.RED_CELL] = red_cell
    return Quality(
        sharpness=_mean([tile.figures.sharpness for tile in read]),
        brightness=_mean([tile.figures.brightness for tile in read]),
        contrast=_mean([tile.figures.contrast for tile in read]),
        figures=measured,
        findings=findings,
    )


def tile_rows(tiles: Sequence[JudgedTile], label: str, artifact: Artifact) -> tuple[TileRow, ...]:
    """A row for each tile of a field with this label; none where it was judged as a whole."""
    if len(tiles) == 1:
        return ()
    return tuple(_row(number, tile, label, artifact) for number, tile in enumerate(tiles, start=1))


def _row(number: int, judged: JudgedTile, label: str, artifact: Artifact) -> TileRow:
    place = judged.tile.place._asdict()
    if judged.use not in _READ:
        return TileRow(number=number, **place, use=judged.use, cell_count=judged.cells, findings=judged.findings)
    disease, probabilities = artifact.manifest.disease, judged.answer.probabilities
    found = decide(probabilities, judged.answer.typical, artifact.manifest.decision, disease.classes)
    is_stated = found.is_conclusive and judged.use is TileUse.COUNTED
    return TileRow(
        number=number,
        **place,
        use=judged.use,
        cell_count=judged.cells,
        label=found.label,
        probabilities=_by_name(probabilities.tolist(), disease.classes),
        confidence=float(probabilities.max()),
        is_stated=is_stated,
        forbids=is_stated and found.label != label and found.label in disease.urgent_classes,
        out_of_distribution_score=judged.colour_score,
        feature_score=judged.answer.feature_score,
    )


def _answer_of(tile: JudgedTile) -> TileAnswer:
    return TileAnswer(tile.answer.probabilities, tile.answer.typical, tile.cells)


def _by_name(probabilities: Iterable[float], classes: Sequence[ClassSpec]) -> dict[str, float]:
    return {known.name: share for known, share in zip(classes, probabilities, strict=True)}


def _unreadable_share(tiles: Sequence[JudgedTile]) -> float:
    areas = np.array([tile.tile.scaled.height * tile.tile.scaled.width for tile in tiles], np.float64)
    unreadable = np.array([tile.use is TileUse.UNREADABLE for tile in tiles], np.bool_)
    return float(areas[unreadable].sum() / areas.sum())


def _mean(values: Sequence[float]) -> float:
    return values[0] if len(values) == 1 else float(np.mean(values))


def _without_repeats(tiles: Iterable[JudgedTile]) -> tuple[QualityFinding, ...]:
    """The tiles' findings, each broken limit once."""
    found: dict[tuple[str, str], QualityFinding] = {}
    for tile in tiles:
        for finding in tile.findings:
            found.setdefault((finding.reason, finding.figure), finding)
    return tuple(found.values())
