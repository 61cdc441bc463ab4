"""A data set on disk with its stored split and the preprocessing of the model: what every training step reads."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture
from training.data.dataset import labels_of, load_working_pictures, read_dataset
from training.data.split import Split, load_split, split_samples


@dataclass(frozen=True)
class TrainingData:
    """A data set on disk, its stored split, and the preprocessing that the model will be served with."""

    root: Path
    split: Split
    spec: PreprocessingSpec

    @classmethod
    def open(cls, root: Path, split_file: Path, spec: PreprocessingSpec | None = None) -> "TrainingData":
        """Read the data set; make and store the split where there is none yet."""
        samples = read_dataset(root)
        if not split_file.exists():
            split_samples(samples).save(split_file)
        return cls(root, load_split(split_file, samples), spec or PreprocessingSpec())

    def part(self, name: str) -> tuple[Picture, NDArray[np.int64]]:
        """Working pictures (n, 224, 224, 3), uint8, and labels (n,) of ``train``, ``test`` or ``validation``."""
        return load_working_pictures(self.root, self.split.part(name), self.spec), self.labels(name)

    def labels(self, name: str) -> NDArray[np.int64]:
        """Labels (n,) of a part."""
        return labels_of(self.split.part(name))
