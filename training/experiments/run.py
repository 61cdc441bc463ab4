"""What every training step shares: the data it reads, and a folder in which it can be killed and resumed."""

import json
import platform
from dataclasses import MISSING, asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture
from training.data.dataset import labels_of, load_working_pictures, read_dataset
from training.data.split import Split, load_split, split_samples

JIT = (
    keras.backend.backend() != "tensorflow"
)  # compiling by XLA takes TensorFlow longer here than it saves; JAX is nothing without


@dataclass(frozen=True)
class Data:
    """A data set on disk, its stored split, and the preprocessing that the model will be served with."""

    root: Path
    split: Split
    spec: PreprocessingSpec

    @classmethod
    def open(cls, root: Path, split_file: Path, spec: PreprocessingSpec | None = None) -> "Data":
        """Read the data set; make and store the split where there is none yet."""
        samples = read_dataset(root)
        if not split_file.exists():
            split_samples(samples).save(split_file)
        return cls(root, load_split(split_file, samples), spec or PreprocessingSpec())

    def part(self, name: str) -> tuple[Picture, np.ndarray]:
        """Working pictures (n, 224, 224, 3) and labels (n,) of ``train``, ``test`` or ``validation``."""
        return load_working_pictures(self.root, self.split.part(name), self.spec), self.labels(name)

    def labels(self, name: str) -> np.ndarray:
        """Labels (n,) of a part."""
        return labels_of(self.split.part(name))


def versions() -> dict[str, str]:
    """Libraries that a result depends on, with the one that Keras runs on (``KERAS_BACKEND``)."""
    return {name: version(name) for name in ("keras", keras.backend.backend(), "numpy", "opencv-python-headless")}


class Run:
    """A folder with ``settings.json``, ``log.csv``, a checkpoint after each epoch and, at the end, ``result.json``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.result = folder / "result.json"
        folder.mkdir(parents=True, exist_ok=True)

    def finished(self, settings: Any, data: Data, target: Path) -> bool:
        """Tell whether this very step was done before; refuse a folder that holds a step with other settings.

        Raises
        ------
        ValueError
            Where the folder was made with other settings or another data set.
        """
        wanted = self._describe(settings, data)
        file = self.folder / "settings.json"
        known = json.loads(file.read_text()) if file.exists() else wanted
        # A setting that didn't exist when the run began had what is its default today.
        defaults = {field.name: field.default for field in fields(settings) if field.default is not MISSING}
        known["settings"] = defaults | known["settings"]
        if known != wanted:
            changed = sorted(key for key in wanted if wanted[key] != known.get(key))
            raise ValueError(f"{self.folder} holds a run with other {', '.join(changed)}: choose another folder")
        file.write_text(json.dumps(wanted, indent=1) + "\n")
        return self.result.exists() and target.exists()

    def callbacks(self) -> list[keras.callbacks.Callback]:
        """Checkpoint after each epoch (weights, optimizer, epoch) and a line in ``log.csv``."""
        return [
            keras.callbacks.BackupAndRestore(self.folder / "checkpoint", delete_checkpoint=False),
            keras.callbacks.CSVLogger(self.folder / "log.csv", append=True),
        ]

    def finish(self, result: dict[str, Any]) -> None:
        """Write the step's result, which marks it as done."""
        self.result.write_text(json.dumps(result, indent=1) + "\n")

    @staticmethod
    def _describe(settings: Any, data: Data) -> dict[str, Any]:
        return {
            "settings": asdict(settings),
            "dataset": data.split.dataset,
            "split": data.split.digest,
            "preprocessing": data.spec.digest,
            "versions": versions(),
            "python": platform.python_version(),
        }
