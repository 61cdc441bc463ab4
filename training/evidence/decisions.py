"""Counts the decisions of the screening pipeline: refused pictures, abstentions, coverage of the prediction sets."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.domain.report import Decision, Report
from hemascope.imaging.overlay import encode_png
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen
from hemascope.screening.selfcheck import SPECIMEN
from training.data.dataset import CLASS_NAMES, Sample, labels_of
from training.data.ood_images import ood_images
from training.evidence.calibration import COVERAGE
from training.evidence.metrics import score
from training.export.reference import fit_typical, served_features

REFUSED = (Decision.OUT_OF_DISTRIBUTION, Decision.POOR_QUALITY)
_HALVINGS = 200
_SEED = 4420


def measure_refusals(classifier: Classifier, other_laboratory: Path) -> list[dict[str, Any]]:
    """Decisions on out-of-distribution pictures: smears of another laboratory, if the folder holds any, and drawn pictures."""
    rows = []
    if files := sorted(path for path in other_laboratory.glob("*") if path.is_file()):
        rows.append(_refusals("another laboratory", (screen(file.read_bytes(), SPECIMEN, classifier).report for file in files)))
    reports: dict[str, list[Report]] = {}
    for kind, picture in ood_images():
        reports.setdefault(kind, []).append(screen(encode_png(picture), SPECIMEN, classifier).report)
    return rows + [_refusals(kind, of_kind) for kind, of_kind in reports.items()]


def measure_decisions(classifier: Classifier, root: Path, samples: Sequence[Sample]) -> dict[str, Any]:
    """Decisions on unseen smears: accuracy of the confident ones, and how often each set holds the truth."""
    reports = [screen((root / sample.path).read_bytes(), SPECIMEN, classifier).report for sample in samples]
    urgent = classifier.artifact.manifest.disease.urgent_classes
    ends = Counter(_end(report) for report in reports)
    truths = [CLASS_NAMES[sample.label] for sample in samples]
    decided = [(report.result, truth) for report, truth in zip(reports, truths, strict=True) if report.result]
    stated = [(result, truth) for result, truth in decided if result.decision is Decision.CONFIDENT]
    wrong = [(result, truth) for result, truth in stated if result.label != truth]
    probabilities = np.array([list(result.probabilities.values()) for result, _ in decided])
    decided_labels = np.array([CLASS_NAMES.index(truth) for _, truth in decided])
    return {
        "smears": len(samples),
        "ends": dict(ends),
        "abstained": 1.0 - len(stated) / len(samples),
        "stated": len(stated),
        "stated_wrong": len(wrong),
        "stated_wrong_share": len(wrong) / max(len(stated), 1),
        "leukemia_stated_benign": sum(truth in urgent and result.label not in urgent for result, truth in stated),
        "expected_calibration_error": score(decided_labels, probabilities)["expected_calibration_error"],
        "possible_coverage": float(np.mean([truth in result.prediction_set for result, truth in decided])),
        "possible_size": float(np.mean([len(result.prediction_set) for result, _ in decided])),
        "conformal": _conformal([(result.conformal_set, truth) for result, truth in decided]),
    }


def measure_coverage(classifier: Classifier, root: Path, samples: Sequence[Sample]) -> dict[str, float]:
    """Coverage of the conformal set over many random halvings of the unseen smears.

    One calibration on a few hundred smears misses its level by a point or two either way; the mean over many tells whether
    the method keeps it.
    """
    reference = classifier.artifact.features
    rng, labels = np.random.default_rng(_SEED), labels_of(samples)
    ratios = np.array([reference.ratios(feature) for feature in served_features(classifier, root, samples)])
    of_truth = ratios[np.arange(len(labels)), labels]
    coverages = []
    for _ in range(_HALVINGS):
        order = rng.permutation(len(labels))
        fitted, tested = order[: len(order) // 2], order[len(order) // 2 :]
        coverages.append(float((of_truth[tested] <= fit_typical(ratios[fitted], labels[fitted])[labels[tested]]).mean()))
    return {
        "level": COVERAGE,
        "halvings": _HALVINGS,
        "mean": float(np.mean(coverages)),
        "deviation": float(np.std(coverages)),
    }


def _conformal(sets: Sequence[tuple[tuple[str, ...], str]]) -> dict[str, Any]:
    by_class = {name: [truth in members for members, truth in sets if truth == name] for name in CLASS_NAMES}
    return {
        "coverage": float(np.mean([truth in members for members, truth in sets])),
        "by_class": {name: float(np.mean(held)) for name, held in by_class.items() if held},
        "empty": float(np.mean([not members for members, _ in sets])),
        "several": float(np.mean([len(members) > 1 for members, _ in sets])),
    }


def _refusals(kind: str, reports: Iterable[Report]) -> dict[str, Any]:
    reports = list(reports)
    ends = Counter(_end(report) for report in reports)
    refused = sum(report.result is None or report.result.decision in REFUSED for report in reports)
    scores = [
        max(report.evidence.out_of_distribution_score, report.evidence.feature_score) for report in reports if report.evidence
    ]
    return {
        "pictures": kind,
        "count": len(reports),
        "refused": refused / len(reports),
        "ends": dict(ends),
        "lowest_score": min(scores, default=None),
    }


def _end(report: Report) -> str:
    return str(report.result.decision) if report.result else "rejected"
