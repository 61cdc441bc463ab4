"""What the accuracy is worth: an artifact beside every probe, on every split, with the margin between them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from training.data.dataset import Sample, labels_of
from training.data.split import Split, without_copies
from training.data.splits import KINDS, block_of
from training.evidence.candidate import Candidate
from training.evidence.intervals import accuracies, margin
from training.evidence.probes import PROBES, probe_features


def probe(
    root: Path,
    samples: Sequence[Sample],
    splits: Mapping[str, Split],
    groups: Mapping[str, str],
    candidates: Sequence[Candidate],
    kinds: Sequence[str] = KINDS,
) -> dict[str, Any]:
    """Score every probe, and the artifacts, on every split.

    Folds of one kind are pooled: each smear is answered by the probe that was trained without it. For each kind the
    artifacts that were trained for one of its splits are asked; where there is none, the first artifact is asked about what
    it has not seen.
    """
    features, position = probe_features(root, samples), {sample.path: number for number, sample in enumerate(samples)}
    report: dict[str, Any] = {}
    for kind in kinds:
        folds = [split for name, split in splits.items() if name.split("-")[0] == kind]
        answers = {one.name: _by_probe(one.name, features, samples, position, folds) for one in PROBES}
        by_artifact, trained_for_it = _by_artifact(root, folds, groups, candidates)
        report[kind] = _score(kind, folds, groups, answers, by_artifact) | {"artifact_trained_for_it": trained_for_it}
    return report


def _by_probe(
    name: str,
    features: Mapping[str, np.ndarray],
    samples: Sequence[Sample],
    position: Mapping[str, int],
    folds: Sequence[Split],
) -> dict[str, int]:
    learner = next(one.learner for one in PROBES if one.name == name)
    answers: dict[str, int] = {}
    for fold in folds:
        train, test = ([position[sample.path] for sample in part] for part in (fold.train, fold.test))
        with threadpool_limits(1):  # small matrices: threads would wait for each other
            fitted = learner().fit(features[name][train], labels_of([samples[one] for one in train]))
            found = fitted.predict(features[name][test])
        answers |= dict(zip([samples[one].path for one in test], map(int, found), strict=True))
    return answers


def _by_artifact(
    root: Path, folds: Sequence[Split], groups: Mapping[str, str], candidates: Sequence[Candidate]
) -> tuple[dict[str, int], bool]:
    """Answers by path, and whether they come from artifacts that were trained for these very splits."""
    own = [(one, fold) for fold in folds for one in candidates if one.split and one.split.digest == fold.digest]
    asked = own or [(candidates[0], fold) for fold in folds if candidates]
    answers: dict[str, int] = {}
    for candidate, fold in asked:
        answers |= candidate.answer(root, candidate.unseen(fold, groups))
    return answers, bool(own)


def _score(
    kind: str,
    folds: Sequence[Split],
    groups: Mapping[str, str],
    answers: Mapping[str, Mapping[str, int]],
    by_artifact: Mapping[str, int],
) -> dict[str, Any]:
    test = without_copies([sample for fold in folds for sample in fold.test])
    common = [sample for sample in test if sample.path in by_artifact]
    report: dict[str, Any] = {"smears": len(test), "probes": {}, "artifact": None}

    def belongs(some: Sequence[Sample]) -> list[object]:
        return [block_of(one) if kind == "sessions" else groups[one.path] for one in some]

    def said(by: Mapping[str, int], some: Sequence[Sample]) -> np.ndarray:
        return np.array([by[one.path] for one in some])

    for name, by in answers.items():
        report["probes"][name] = accuracies(labels_of(test), said(by, test), belongs(test))._asdict()
    if common:
        labels, ours, units = labels_of(common), said(by_artifact, common), belongs(common)
        report["artifact"] = {"smears": len(common), **accuracies(labels, ours, units)._asdict()}
        for name, by in answers.items():
            report["probes"][name]["margin"] = margin(labels, ours, said(by, common), units)
    return report
