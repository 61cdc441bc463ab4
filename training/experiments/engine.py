"""Runs a row on a split: features from the cache, a head, figures; done once for all that it depends on, then read back."""

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

from hemascope.model.classifier import usable_cores
from training.data.dataset import Sample
from training.data.split import Split, without_copies
from training.evidence.scores import judge
from training.experiments.examples import Sources, labels
from training.experiments.heads import HEADS, HeadSettings
from training.experiments.registry import Row
from training.experiments.run import versions


@dataclass(frozen=True)
class Engine:
    """What all rows share.

    Parameters
    ----------
    groups
        Path of a smear -> its group: smears that show the same field (:mod:`training.data.duplicates`).
    results
        Folder of finished results, each named by what it depends on.
    """

    sources: Sources
    groups: Mapping[str, str]
    results: Path
    settings: HeadSettings = field(default_factory=HeadSettings)

    def run(self, row: Row, split: Split) -> dict[str, Any]:
        """The result of a row on a split: read where it stands, else made and stored."""
        file = self.results / f"{self.digest(row, split)}.json"
        if not file.exists():
            result = self._made(row, split) | {"depends": self.depends(row, split), "machine": machine()}
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".part")
            unfinished.write_text(json.dumps(result, indent=1) + "\n")
            unfinished.replace(file)
        return dict(json.loads(file.read_text()))

    def with_weights(self, weights: Mapping[str, str]) -> "Engine":
        """The same with other backbones' weights."""
        return replace(self, sources=replace(self.sources, weights=weights))

    def digest(self, row: Row, split: Split) -> str:
        """A name for all that a result depends on."""
        return hashlib.sha256(json.dumps(self.depends(row, split), sort_keys=True).encode()).hexdigest()[:24]

    def depends(self, row: Row, split: Split) -> dict[str, Any]:
        """Everything that changes a result; not the row's name, so that rows that are one experiment are run once."""
        data = self.sources.data
        origins = {one.backbone: one.origin for view in self.sources.extractions(row, 0) for one in view}
        return {
            "backbones": [[name, origins[name]] for name in row.backbones],
            "views": row.views,
            "twins_leaked": row.twins_leaked,
            "head": row.head,
            "settings": asdict(self.settings),
            "copies": self.sources.copies,
            "copies_seed": self.sources.seed,
            "dataset": split.dataset,
            "split": split.digest,
            "preprocessing": data.spec.digest,
            "groups": hashlib.sha256(json.dumps(sorted(self.groups.items())).encode()).hexdigest(),
        }

    def _made(self, row: Row, split: Split) -> dict[str, Any]:
        began = time.perf_counter()
        unseen = without_copies(split.test)
        training = self.sources.training(row, split.train)
        scored = Scored(row, unseen, self.sources.features(row, unseen))
        if row.twins_leaked:
            training = _with_twins(training, self.sources.training(row, unseen), len(unseen))
            scored = scored.first_view()
        read = time.perf_counter()
        probabilities = HEADS[row.head](training, [scored.features], self.settings)[0]
        trained = time.perf_counter()
        known = {self.groups[one.path] for one in split.train}
        return {
            "test": scored.judged(probabilities, self.groups),
            "unrelated": scored.judged(probabilities, self.groups, without=known),
            "by_view": scored.by_view(probabilities),
            "smears": {"train": len(split.train), "test": len(unseen)},
            "mistakes": scored.mistakes(probabilities),
            "seconds": {"features": round(read - began, 1), "head": round(trained - read, 1)},
        }


@dataclass(frozen=True)
class Scored:
    """Examples that are scored: all smears in a row's first view, then all in the next."""

    row: Row
    smears: Sequence[Sample]
    features: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """Class indices of the examples."""
        return labels(self.row, self.smears)[: len(self.features)]

    def first_view(self) -> "Scored":
        """The smears in the first view alone."""
        return Scored(self.row, self.smears, self.features[: len(self.smears)])

    def judged(
        self, probabilities: np.ndarray, groups: Mapping[str, str], without: frozenset[str] | set[str] = frozenset()
    ) -> dict[str, Any] | None:
        """Figures of merit; ``without`` the examples of some groups. None where none is left."""
        names = np.tile([groups[smear.path] for smear in self.smears], len(self.features) // len(self.smears))
        kept = np.array([name not in without for name in names])
        return judge(self.labels[kept], probabilities[kept], list(names[kept])) if kept.any() else None

    def by_view(self, probabilities: np.ndarray) -> dict[str, float]:
        """Accuracy on each kind of picture."""
        right = (probabilities.argmax(axis=1) == self.labels).reshape(-1, len(self.smears))
        return {"+".join(view): float(one.mean()) for view, one in zip(self.row.views, right, strict=False)}

    def mistakes(self, probabilities: np.ndarray) -> list[str]:
        """Files that were called something else, in any view."""
        wrong = (probabilities.argmax(axis=1) != self.labels).reshape(-1, len(self.smears)).any(axis=0)
        return [one.path for one, missed in zip(self.smears, wrong, strict=True) if missed]


def machine() -> dict[str, Any]:
    """What the wall times belong to."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": usable_cores(),
        "backend": keras.backend.backend(),
        "versions": versions(),
    }


def _with_twins(training: Any, others: Any, count: int) -> Any:
    """Training examples and, from the unseen smears, every view but the first: the leak that a split by picture has."""
    (copies, known), (twins, twin_labels) = training, others
    return [np.concatenate([one, two[count:]]) for one, two in zip(copies, twins, strict=True)], np.concatenate(
        [known, twin_labels[count:]]
    )
