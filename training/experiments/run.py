"""The folder of a training step: settings, log, checkpoints from which an interrupted step resumes, result."""

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from training.data.training_data import TrainingData

# Compiling by XLA takes TensorFlow longer here than it saves; JAX needs it.
JIT = keras.backend.backend() != "tensorflow"


def versions() -> dict[str, str]:
    """Versions of the libraries that a result depends on, including the Keras backend (``KERAS_BACKEND``)."""
    return {name: version(name) for name in ("keras", keras.backend.backend(), "numpy", "opencv-python-headless")}


class Run:
    """A folder with ``settings.json``, ``log.csv``, a checkpoint after each epoch and, at the end, ``result.json``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.result = folder / "result.json"
        folder.mkdir(parents=True, exist_ok=True)

    def finished(self, settings: Any, data: TrainingData, target: Path) -> bool:
        """Whether this step was finished before, with these settings and data.

        Raises
        ------
        ValueError
            Where the folder holds a step with other settings or of another data set.
        """
        wanted = self._describe(settings, data)
        file = self.folder / "settings.json"
        known = json.loads(file.read_text()) if file.exists() else wanted
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
        """Write the step's result, which marks it as finished."""
        self.result.write_text(json.dumps(result, indent=1) + "\n")

    @staticmethod
    def _describe(settings: Any, data: TrainingData) -> dict[str, Any]:
        return {
            "settings": asdict(settings),
            "dataset": data.split.dataset,
            "split": data.split.digest,
            "preprocessing": data.spec.digest,
            "versions": versions(),
            "python": platform.python_version(),
        }
