"""Training and test examples of an experiment, from cached features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Sample, labels_of
from training.data.features import Extraction, features_of
from training.data.training_data import TrainingData
from training.experiments.heads import Examples
from training.experiments.registry import Row
from training.networks.handmade import HANDMADE


@dataclass(frozen=True)
class FeatureSource:
    """Where features come from: the data, weights of each backbone (``imagenet`` or a file), augmented copies, the cache."""

    data: TrainingData
    weights: Mapping[str, str]
    cache: Path
    copies: int = 4
    seed: int = 1

    def extractions(self, row: Row, copy: int) -> list[list[Extraction]]:
        """What an experiment computes of a smear: for each view, one extraction a branch."""
        return [
            [
                Extraction(backbone, self.weights.get(backbone, HANDMADE), kind, copy, self.seed)
                for backbone, kind in zip(row.backbones, view, strict=True)
            ]
            for view in row.views
        ]

    def features(self, row: Row, samples: Sequence[Sample], copy: int = 0) -> NDArray[np.float32]:
        """Features (views x n, width): all smears in the first view, then all in the next."""
        views = [
            np.hstack([features_of(self.data, samples, extraction, self.cache) for extraction in view])
            for view in self.extractions(row, copy)
        ]
        return np.concatenate(views)

    def training(self, row: Row, samples: Sequence[Sample]) -> Examples:
        """Training examples: the smears as they are, and their augmented copies."""
        return [self.features(row, samples, copy) for copy in range(self.copies + 1)], example_labels(row, samples)


def example_labels(row: Row, samples: Sequence[Sample]) -> NDArray[np.int64]:
    """Labels of an experiment's examples: (views x n,)."""
    return np.tile(labels_of(samples), len(row.views))
