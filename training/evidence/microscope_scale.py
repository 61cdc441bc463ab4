"""The ruler and the tiles: mosaics and crops of smears, other magnifications, a strange microscope, pictures without blood."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.report import Decision, Evidence, Result
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.scale import Reading, microscope_diameter, red_cell_diameter
from hemascope.imaging.tiles import cut_tile, plan_tiles
from hemascope.model.aggregate import FieldAnswer, TileAnswer, aggregate
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from hemascope.screening.selfcheck import SPECIMEN
from training.data.dataset import CLASS_NAMES, DISEASE, Sample
from training.data.ood_images import ood_images
from training.evidence.evaluated_artifact import EvaluatedArtifact

WIDE, HIGH = 299, 224  # pixels of a smear with round cells
EXACT = 19.3  # width of its red cells in pixels
ZOOMS = (0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 4.0, 6.0)
CROPS = (0.55, 0.6, 0.7, 0.8, 0.9)
STRANGE_CELL = 78.0  # pixels: red cells of the Chula fields, measured by hand
SINGLE_CELL = 75.0 * 160.0 / 361.0  # pixels: of the Barcelona cells, measured at 361 pixels
_READ = 120  # smears for the ruler
_SINGLE = 30  # cells of each type
_BENIGN = CLASS_NAMES.index("Benign")
_SEED = 14


def measure_ruler(root: Path, tested: Sequence[Sample], white_cells: Path | None) -> dict[str, Any]:
    """Read red cells of the data set by class, of two other laboratories where their folder is given, and where there are none.

    Returns
    -------
    dict
        ``sources``: rows; ``picture_error``: median over all pictures of the distance from their source's median;
        ``zooms``: rows of magnifications; ``silent``: how many pictures without blood were read.
    """
    some = tested[:: max(1, len(tested) // _READ)]
    smears = [_round_cells(decode((root / sample.path).read_bytes())) for sample in some]
    sources = {
        f"data set, {name}": ([smear for smear, sample in zip(smears, some, strict=True) if sample.label == label], EXACT)
        for label, name in enumerate(CLASS_NAMES)
    }
    if white_cells is not None:
        sources |= {f"slide {slide}": (fields, STRANGE_CELL) for slide, fields in strange_fields(white_cells).items()}
        sources |= {f"single cells, {kind}": (cells, SINGLE_CELL) for kind, cells in _single_cells(white_cells)}
    read = {name: [red_cell_diameter(picture) for picture in pictures] for name, (pictures, _) in sources.items()}
    rows = [_row(name, readings, sources[name][1]) for name, readings in read.items()]
    own = [reading for name, readings in read.items() if name.startswith("data set") for reading in readings]
    by_class = [picture for name, (pictures, _) in sources.items() if name.startswith("data set") for picture in pictures]
    away = [
        abs(reading.diameter / row["diameter"] - 1.0)
        for row, readings in zip(rows, read.values(), strict=True)
        for reading in readings
        if reading.diameter
    ]
    strange = [picture for kind, picture in ood_images() if kind != "tissue"]
    return {
        "sources": [_row("data set, all", own, EXACT), *rows],
        "picture_error": float(np.median(away)) if away else None,
        "zooms": [_zoom(by_class, own, zoom) for zoom in ZOOMS],
        "silent": {
            "pictures": len(strange),
            "read": sum(red_cell_diameter(picture).diameter is not None for picture in strange),
        },
    }


def measure_tiles(artifact: EvaluatedArtifact, root: Path, tested: Sequence[Sample]) -> dict[str, Any]:
    """Judge mosaics and crops of smears by tiles: rows of what was right."""
    smears = [_round_cells(decode((root / sample.path).read_bytes())) for sample in tested]
    labels = [sample.label for sample in tested]
    ruler = microscope_diameter([red_cell_diameter(smear) for smear in smears[:: max(1, len(smears) // _READ)]]) or EXACT
    return {
        "red_cell": ruler,
        "mosaics": _mosaics(artifact.classifier, smears, labels, ruler),
        "crops": [_crop(artifact.classifier, smears, labels, share, ruler) for share in CROPS],
    }


def _single_cells(white_cells: Path) -> Iterator[tuple[str, list[Picture]]]:
    """Some pictures of each type of the Barcelona cells, which have a few red cells around."""
    for folder in sorted((white_cells / "pbc").glob("*")):
        yield folder.name, [decode(file.read_bytes()) for file in sorted(folder.glob("*"))[:_SINGLE]]


def strange_fields(white_cells: Path) -> dict[str, list[Picture]]:
    """The fields of the Chula microscope by slide, of slides with at least ten."""
    slides: dict[str, list[Picture]] = {}
    for entry in json.loads((white_cells / "chula" / "cells.json").read_text()):
        file = white_cells / "chula" / "fields" / entry["file"]
        slides.setdefault(entry["slide"], []).append(decode(file.read_bytes()))
    return {slide: fields for slide, fields in sorted(slides.items()) if len(fields) >= 10}


def judge_tiles(classifier: Classifier, field: Picture, red_cell: float) -> FieldAnswer:
    """Cut a field into tiles, screen each as served, and make one answer of them."""
    found = []
    for tile in plan_tiles(field.shape[0], field.shape[1], red_cell):
        result, evidence = _screen(classifier, cut_tile(field, tile, red_cell))
        shares = np.array([result.probabilities[name] for name in CLASS_NAMES])
        found.append(TileAnswer(shares, evidence.cell_count, result.decision is Decision.CONFIDENT))
    return aggregate(found, DISEASE.classes)


def _screen(classifier: Classifier, picture: Picture) -> tuple[Result, Evidence]:
    report = screen(encode_png(picture), SPECIMEN, classifier, draw=False).report
    if report.result is None or report.evidence is None:
        raise ValueError("expected a field that can be judged, one was rejected")
    return report.result, report.evidence


def _round_cells(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, (WIDE, HIGH), interpolation=cv2.INTER_CUBIC), np.uint8)


def _row(name: str, readings: Sequence[Reading], expected: float) -> dict[str, Any]:
    told = np.array([reading.diameter for reading in readings if reading.diameter is not None])
    median = float(np.median(told)) if len(told) else None
    error = float(np.median(np.abs(told / median - 1.0))) if median else None
    return {
        "source": name,
        "pictures": len(readings),
        "told": len(told),
        "diameter": median,
        "expected": expected,
        "picture_error": error,
        "microscope_error": abs(median / expected - 1.0) if median else None,
    }


def _zoom(smears: Sequence[Picture], read: Sequence[Reading], zoom: float) -> dict[str, Any]:
    method = cv2.INTER_AREA if zoom < 1.0 else cv2.INTER_CUBIC
    zoomed = [np.asarray(cv2.resize(smear, None, fx=zoom, fy=zoom, interpolation=method), np.uint8) for smear in smears]
    pairs = [
        (own.diameter * zoom, found.diameter)
        for own, found in zip(read, (red_cell_diameter(picture) for picture in zoomed), strict=True)
        if own.diameter and found.diameter
    ]
    ratios = np.array([found / expected for expected, found in pairs])
    return {
        "zoom": zoom,
        "both_told": len(pairs),
        "median_ratio": float(np.median(ratios)) if len(ratios) else None,
        "within_2.5_percent": float((np.abs(ratios - 1.0) <= 0.025).mean()) if len(ratios) else None,
    }


def _mosaics(classifier: Classifier, smears: Sequence[Picture], labels: Sequence[int], ruler: float) -> list[dict[str, Any]]:
    """Fields of four smears: of one class, and of three benign ones with a malignant one among them."""
    chance = np.random.default_rng(_SEED)
    fours = []
    for label in range(len(CLASS_NAMES)):
        own = chance.permutation([place for place, other in enumerate(labels) if other == label])
        fours += [(label, [smears[place] for place in own[start : start + 4]]) for start in range(0, len(own) - 3, 4)]
    fields = [(label, _mosaic(four)) for label, four in fours]
    ways: dict[str, Callable[[Picture], tuple[int, bool, bool]]] = {
        "exact tiles": lambda field: _tiled(classifier, field, EXACT),
        "tiles by the ruler": lambda field: _tiled(classifier, field, ruler),
        "tiles by a ruler 25 % too short": lambda field: _tiled(classifier, field, 0.75 * EXACT),
        "tiles by a ruler 30 % too long": lambda field: _tiled(classifier, field, 1.3 * EXACT),
        "the whole, squeezed": lambda field: _whole(classifier, field),
    }
    rows = []
    for name, judge in ways.items():
        found = [(label, *judge(field)) for label, field in fields]
        benign = [forbidden for label, _, forbidden, _ in found if label == _BENIGN]
        rows.append(
            {
                "way": name,
                "fields": len(found),
                "right": float(np.mean([label == answer for label, answer, _, _ in found])),
                "refused": sum(refused for *_, refused in found),
                "benign_fields": len(benign),
                "benign_forbidden": sum(benign),
            }
        )
    return [*rows, _hidden(classifier, smears, labels, ruler)]


def _hidden(classifier: Classifier, smears: Sequence[Picture], labels: Sequence[int], ruler: float) -> dict[str, Any]:
    """One malignant smear among three benign ones: how often the field is not called benign."""
    chance = np.random.default_rng(_SEED)
    benign = [place for place, label in enumerate(labels) if label == _BENIGN]
    malignant = [place for place, label in enumerate(labels) if label != _BENIGN][::3]
    flagged = []
    for place in malignant:
        four = [smears[other] for other in chance.choice(benign, 3, replace=len(benign) < 3)]
        four.insert(int(chance.integers(4)), smears[place])
        answer = judge_tiles(classifier, _mosaic(four), ruler)
        flagged.append(answer.is_forbidden or answer.label != _BENIGN)
    return {"way": "one malignant smear among three benign", "fields": len(flagged), "flagged": float(np.mean(flagged))}


def _mosaic(four: Sequence[Picture]) -> Picture:
    return np.vstack([np.hstack(four[:2]), np.hstack(four[2:])])


def _tiled(classifier: Classifier, field: Picture, red_cell: float) -> tuple[int, bool, bool]:
    answer = judge_tiles(classifier, field, red_cell)
    return answer.label, answer.is_forbidden, False


def _whole(classifier: Classifier, field: Picture) -> tuple[int, bool, bool]:
    result, _ = _screen(classifier, field)
    refused = result.decision in {Decision.OUT_OF_DISTRIBUTION, Decision.POOR_QUALITY}
    return CLASS_NAMES.index(result.label), False, refused


def _crop(
    classifier: Classifier, smears: Sequence[Picture], labels: Sequence[int], share: float, ruler: float
) -> dict[str, Any]:
    """The middle of smears, so much of each side: mirrored, or refused for showing too little."""
    answers = []
    some = list(zip(smears, labels, strict=True))[::3]
    for smear, label in some:
        high, wide = round(HIGH * share), round(WIDE * share)
        top, left = (HIGH - high) // 2, (WIDE - wide) // 2
        try:
            answer = judge_tiles(classifier, smear[top : top + high, left : left + wide], ruler)
        except RejectedSmear:
            continue
        answers.append(answer.label == label)
    judged = len(answers)
    return {
        "share": share,
        "fields": len(some),
        "refused": len(some) - judged,
        "right": float(np.mean(answers)) if judged else None,
    }
