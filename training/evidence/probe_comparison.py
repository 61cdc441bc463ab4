"""Compares an artifact with every probe, on every split: accuracy of each, and the margin between them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from training.data.dataset import Sample, labels_of
from training.data.split import Split, without_copies
from training.data.splits import KINDS, block_of
from training.evidence.evaluated_artifact import EvaluatedArtifact
from training.evidence.metrics import accuracies, margin
from training.evidence.probes import PROBES, Features, probe_features


def compare_with_probes(
    root: Path,
    samples: Sequence[Sample],
    splits: Mapping[str, Split],
    groups: Mapping[str, str],
    artifacts: Sequence[EvaluatedArtifact],
    kinds: Sequence[str] = KINDS,
) -> dict[str, Any]:
    """Score every probe, and the artifacts, on every split.

    Folds of one kind are pooled: each smear is classified by the probe that was trained without it. For each kind the
    artifacts that were trained on one of its splits are scored; where there is none, the first artifact is scored on the
    smears that it was not trained on.
    """
    features, position = probe_features(root, samples), {sample.path: number for number, sample in enumerate(samples)}
    report: dict[str, Any] = {}
    for kind in kinds:
        folds = [split for name, split in splits.items() if name.split("-")[0] == kind]
        answers = {probe.name: _by_probe(probe.name, features, samples, position, folds) for probe in PROBES}
        by_artifact, trained_for_it = _by_artifact(root, folds, groups, artifacts)
        report[kind] = _score(kind, folds, groups, answers, by_artifact) | {"artifact_trained_for_it": trained_for_it}
    return report


def _by_probe(
    name: str,
    features: Mapping[str, Features],
    samples: Sequence[Sample],
    position: Mapping[str, int],
    folds: Sequence[Split],
) -> dict[str, int]:
    learner = next(probe.learner for probe in PROBES if probe.name == name)
    answers: dict[str, int] = {}
    for fold in folds:
        train, test = ([position[sample.path] for sample in part] for part in (fold.train, fold.test))
        with threadpool_limits(1):  # matrices are small: threads would only wait for each other
            fitted = learner().fit(features[name][train], labels_of([samples[number] for number in train]))
            predicted = fitted.predict(features[name][test])
        answers |= dict(zip([samples[number].path for number in test], map(int, predicted), strict=True))
    return answers


def _by_artifact(
    root: Path, folds: Sequence[Split], groups: Mapping[str, str], artifacts: Sequence[EvaluatedArtifact]
) -> tuple[dict[str, int], bool]:
    """Answers by path, and whether they come from artifacts that were trained for these very splits."""
    own = [
        (artifact, fold) for fold in folds for artifact in artifacts if artifact.split and artifact.split.digest == fold.digest
    ]
    scored = own or [(artifacts[0], fold) for fold in folds if artifacts]
    answers: dict[str, int] = {}
    for artifact, fold in scored:
        answers |= artifact.answer(root, artifact.unseen(fold, groups))
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

    def units_of(smears: Sequence[Sample]) -> list[object]:
        return [block_of(smear) if kind == "sessions" else groups[smear.path] for smear in smears]

    def answers_for(smears: Sequence[Sample], by_path: Mapping[str, int]) -> NDArray[np.int64]:
        return np.array([by_path[smear.path] for smear in smears], np.int64)

    for name, by_path in answers.items():
        report["probes"][name] = accuracies(labels_of(test), answers_for(test, by_path), units_of(test))._asdict()
    if common:
        labels, ours, units = labels_of(common), answers_for(common, by_artifact), units_of(common)
        report["artifact"] = {"smears": len(common), **accuracies(labels, ours, units)._asdict()}
        for name, by_path in answers.items():
            report["probes"][name]["margin"] = margin(labels, ours, answers_for(common, by_path), units)
    return report
