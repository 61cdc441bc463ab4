"""Runs an experiment on a split (cached features, a head, metrics) and stores the result by everything that it depends on."""

import hashlib
import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from hemascope.model.classifier import usable_cores
from training.data.dataset import Sample
from training.data.split import Split, without_copies
from training.evidence.metrics import score_with_intervals
from training.experiments.examples import FeatureSource, example_labels
from training.experiments.heads import HEADS, Examples, HeadSettings
from training.experiments.registry import Row
from training.experiments.run import versions

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Engine:
    """Runs experiments, with what they share.

    Parameters
    ----------
    groups
        Path of a smear -> its group: smears that show the same field (:mod:`training.data.duplicates`).
    results
        Folder of finished results; a file's name is a digest of what the result depends on.
    """

    source: FeatureSource
    groups: Mapping[str, str]
    results: Path
    settings: HeadSettings = field(default_factory=HeadSettings)

    def run(self, row: Row, split: Split) -> dict[str, Any]:
        """The result of an experiment on a split: read if it is stored, else computed and stored."""
        file = self.results / f"{self.digest(row, split)}.json"
        if not file.exists():
            result = self._compute(row, split) | {"depends_on": self.dependencies(row, split), "machine": machine()}
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".part")
            unfinished.write_text(json.dumps(result, indent=1) + "\n")
            unfinished.replace(file)
        return dict(json.loads(file.read_text()))

    def with_weights(self, weights: Mapping[str, str]) -> "Engine":
        """The same engine with other weights of the backbones."""
        return replace(self, source=replace(self.source, weights=weights))

    def digest(self, row: Row, split: Split) -> str:
        """Digest of everything that a result depends on: 24 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.dependencies(row, split), sort_keys=True).encode()).hexdigest()[:24]

    def dependencies(self, row: Row, split: Split) -> dict[str, Any]:
        """Everything that changes a result; not the row's name, so that equal experiments under two names run once."""
        data = self.source.data
        origins = {extraction.backbone: extraction.origin for view in self.source.extractions(row, 0) for extraction in view}
        return {
            "backbones": [[name, origins[name]] for name in row.backbones],
            "views": row.views,
            "twins_leaked": row.twins_leaked,
            "head": row.head,
            "settings": asdict(self.settings),
            "copies": self.source.copies,
            "copies_seed": self.source.seed,
            "dataset": split.dataset,
            "split": split.digest,
            "preprocessing": data.spec.digest,
            "groups": hashlib.sha256(json.dumps(sorted(self.groups.items())).encode()).hexdigest(),
        }

    def _compute(self, row: Row, split: Split) -> dict[str, Any]:
        began = time.perf_counter()
        unseen = without_copies(split.test)
        training = self.source.training(row, split.train)
        test = TestExamples(row, unseen, self.source.features(row, unseen))
        if row.twins_leaked:
            training = _with_twins(training, self.source.training(row, unseen), len(unseen))
            test = test.first_view()
        read = time.perf_counter()
        probabilities = HEADS[row.head](training, [test.features], self.settings)[0]
        trained = time.perf_counter()
        known = frozenset(self.groups[sample.path] for sample in split.train)
        return {
            "test": test.metrics(probabilities, self.groups),
            "unrelated": test.metrics(probabilities, self.groups, without=known),
            "by_view": test.by_view(probabilities),
            "smears": {"train": len(split.train), "test": len(unseen)},
            "mistakes": test.mistakes(probabilities),
            "seconds": {"features": round(read - began, 1), "head": round(trained - read, 1)},
        }


@dataclass(frozen=True)
class TestExamples:
    """Test examples: all smears in an experiment's first view, then all in the next."""

    __test__ = False  # no test case, whatever pytest makes of the name

    row: Row
    smears: Sequence[Sample]
    features: NDArray[np.float32]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class indices of the examples."""
        return example_labels(self.row, self.smears)[: len(self.features)]

    def first_view(self) -> "TestExamples":
        """The smears in the first view alone."""
        return TestExamples(self.row, self.smears, self.features[: len(self.smears)])

    def metrics(
        self, probabilities: Probabilities, groups: Mapping[str, str], without: frozenset[str] = frozenset()
    ) -> dict[str, Any] | None:
        """Metrics with intervals, ``without`` the examples of some groups; None where none is left."""
        names = np.tile([groups[smear.path] for smear in self.smears], len(self.features) // len(self.smears))
        kept = np.array([name not in without for name in names])
        return score_with_intervals(self.labels[kept], probabilities[kept], list(names[kept])) if kept.any() else None

    def by_view(self, probabilities: Probabilities) -> dict[str, float]:
        """Accuracy on each kind of picture."""
        right = (probabilities.argmax(axis=1) == self.labels).reshape(-1, len(self.smears))
        return {"+".join(view): float(correct.mean()) for view, correct in zip(self.row.views, right, strict=False)}

    def mistakes(self, probabilities: Probabilities) -> list[str]:
        """Files that were classified wrongly in any view."""
        wrong = (probabilities.argmax(axis=1) != self.labels).reshape(-1, len(self.smears)).any(axis=0)
        return [smear.path for smear, missed in zip(self.smears, wrong, strict=True) if missed]


def machine() -> dict[str, Any]:
    """The machine that the wall times were measured on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": usable_cores(),
        "backend": keras.backend.backend(),
        "versions": versions(),
    }


def _with_twins(training: Examples, others: Examples, count: int) -> Examples:
    """Training examples and, of the unseen smears, every view but the first: the leak of a split by picture."""
    (copies, known), (twins, twin_labels) = training, others
    features = [np.concatenate([copy, twin[count:]]) for copy, twin in zip(copies, twins, strict=True)]
    return features, np.concatenate([known, twin_labels[count:]])
