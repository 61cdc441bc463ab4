"""The ruler and the tiles: mosaics and crops of smears, other magnifications, a strange microscope, pictures without blood."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from hemascope.domain.microscope import MicroscopeUse
from hemascope.domain.profile import MicroscopeProfile, ProfileLimits, Ruler
from hemascope.domain.report import Decision, MicroscopeState, Report
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.scale import Reading, microscope_diameter, red_cell_diameter
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from hemascope.screening.selfcheck import SPECIMEN
from training.data.dataset import CLASS_NAMES, Sample
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


def judge_field(classifier: Classifier, field: Picture, red_cell: float) -> Report:
    """Screen a field of a verified microscope with this ruler, which is not compared with the field."""
    ruler = Ruler(red_cell=red_cell, width=field.shape[1], height=field.shape[0], fields=1)
    profile = MicroscopeProfile(ruler=ruler, limits=ProfileLimits(smallest_red_cell=0.01, largest_red_cell=100.0))
    use = MicroscopeUse(None, MicroscopeState.VERIFIED, profile)
    return screen(encode_png(field), SPECIMEN, classifier, microscope=use, draw=False).report


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
    rulers = {
        "exact tiles": EXACT,
        "tiles by the ruler": ruler,
        "tiles by a ruler 25 % too short": 0.75 * EXACT,
        "tiles by a ruler 30 % too long": 1.3 * EXACT,
        "the whole, squeezed": None,
    }
    rows = []
    for name, red_cell in rulers.items():
        found = [(label, _answer(classifier, field, red_cell)) for label, field in fields]
        benign = [answer for label, answer in found if label == _BENIGN]
        rows.append(
            {
                "way": name,
                "fields": len(found),
                "right": float(np.mean([label == answer.label for label, answer in found])),
                "refused": sum(answer.is_refused for _, answer in found),
                "confident": sum(answer.is_confident for _, answer in found),
                "confident_wrong": sum(answer.is_confident and label != answer.label for label, answer in found),
                "benign_fields": len(benign),
                "benign_forbidden": sum(answer.is_forbidden for answer in benign),
                "benign_confident": sum(answer.is_confident for answer in benign),
            }
        )
    return [*rows, _hidden(classifier, smears, labels, ruler)]


def _hidden(classifier: Classifier, smears: Sequence[Picture], labels: Sequence[int], ruler: float) -> dict[str, Any]:
    """One malignant smear among three benign ones: how often the field is not called benign."""
    chance = np.random.default_rng(_SEED)
    benign = [place for place, label in enumerate(labels) if label == _BENIGN]
    malignant = [place for place, label in enumerate(labels) if label != _BENIGN][::3]
    flagged, called_benign = [], 0
    for place in malignant:
        four = [smears[other] for other in chance.choice(benign, 3, replace=len(benign) < 3)]
        four.insert(int(chance.integers(4)), smears[place])
        answer = _answer(classifier, _mosaic(four), ruler)
        flagged.append(answer.is_forbidden or answer.label != _BENIGN)
        called_benign += answer.is_confident and answer.label == _BENIGN
    return {
        "way": "one malignant smear among three benign",
        "fields": len(flagged),
        "flagged": float(np.mean(flagged)),
        "called_benign": called_benign,
    }


def _mosaic(four: Sequence[Picture]) -> Picture:
    return np.vstack([np.hstack(four[:2]), np.hstack(four[2:])])


class _Answer(NamedTuple):
    """What is said of a field: the label's index; whether it is stated, refused, or spoken against by a tile."""

    label: int
    is_confident: bool
    is_refused: bool
    is_forbidden: bool


def _answer(classifier: Classifier, field: Picture, red_cell: float | None) -> _Answer:
    """Judge a field by tiles; as a whole where there is no ruler."""
    if red_cell is None:
        report = screen(encode_png(field), SPECIMEN, classifier, draw=False).report
    else:
        report = judge_field(classifier, field, red_cell)
    if report.result is None or report.evidence is None:
        raise ValueError("expected a field that can be judged, one was rejected")
    decision, label = report.result.decision, report.result.label
    forbidden = any(tile.forbids for tile in report.evidence.tiles)
    refused = decision in {Decision.OUT_OF_DISTRIBUTION, Decision.POOR_QUALITY}
    return _Answer(CLASS_NAMES.index(label), decision is Decision.CONFIDENT, refused, forbidden)


def _crop(
    classifier: Classifier, smears: Sequence[Picture], labels: Sequence[int], share: float, ruler: float
) -> dict[str, Any]:
    """The middle of smears, so much of each side: mirrored, or refused for showing too little."""
    answers = []
    some = list(zip(smears, labels, strict=True))[::3]
    for smear, label in some:
        high, wide = round(HIGH * share), round(WIDE * share)
        top, left = (HIGH - high) // 2, (WIDE - wide) // 2
        result = judge_field(classifier, smear[top : top + high, left : left + wide], ruler).result
        if result is not None:
            answers.append(CLASS_NAMES.index(result.label) == label)
    judged = len(answers)
    return {
        "share": share,
        "fields": len(some),
        "refused": len(some) - judged,
        "right": float(np.mean(answers)) if judged else None,
    }
