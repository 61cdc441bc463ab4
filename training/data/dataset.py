"""Reads a folder laid out like the Kaggle archive: ``Original/{folder of the class}/*.jpg``.

Classes and folders are those of ``training/export/disease.json``, which becomes a part of the next artifact's manifest.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.domain.dataset import ORIGINAL
from hemascope.domain.disease import Disease
from hemascope.domain.picture_file import SUFFIXES
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.model_input import to_working_picture

DISEASE_FILE = Path(__file__).parents[1] / "export" / "disease.json"
DISEASE = Disease.model_validate_json(DISEASE_FILE.read_bytes())
CLASS_NAMES, CLASS_FOLDERS = DISEASE.class_names, tuple(DISEASE.folders.values())


@dataclass(frozen=True)
class Sample:
    """One smear of the data set: path below its root, class index, sha256 of the file."""

    path: str
    label: int
    sha256: str


def read_dataset(root: Path) -> list[Sample]:
    """List the smears below ``root/Original``, by class and then by name.

    Raises
    ------
    FileNotFoundError
        Where a class folder is missing or empty.
    """
    samples = []
    for label, folder in enumerate(CLASS_FOLDERS):
        files = sorted(path for path in (root / ORIGINAL / folder).glob("*") if path.suffix.lower() in SUFFIXES)
        if not files:
            raise FileNotFoundError(f"expected pictures in {root}/{ORIGINAL}/{folder}, found none")
        for file in files:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            samples.append(Sample(file.relative_to(root).as_posix(), label, digest))
    return samples


def fingerprint(samples: Iterable[Sample]) -> str:
    """sha256 over names, labels and contents, whatever the order: the identity of a copy of the data set."""
    lines = sorted(f"{sample.path} {sample.label} {sample.sha256}" for sample in samples)
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def load_working_pictures(root: Path, samples: Sequence[Sample], spec: PreprocessingSpec) -> Picture:
    """Decode every smear into its working picture: (n, working_size, working_size, 3), uint8, RGB."""

    def load(sample: Sample) -> Picture:
        return to_working_picture(decode((root / sample.path).read_bytes()), spec)

    with ThreadPoolExecutor(2) as pool:
        return np.stack(list(pool.map(load, samples)))


def labels_of(samples: Sequence[Sample]) -> np.ndarray:
    """Class indices of the samples: (n,), int64."""
    return np.array([sample.label for sample in samples], np.int64)
