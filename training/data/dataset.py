"""Reads a folder laid out like the Kaggle archive: ``Original/{Benign,Early,Pre,Pro}/*.jpg``."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.domain import dataset
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.model_input import to_working_picture

CLASS_NAMES, CLASS_FOLDERS = tuple(dataset.CLASS_FOLDERS), tuple(dataset.CLASS_FOLDERS.values())
_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}


@dataclass(frozen=True)
class Sample:
    """One smear of the data set: path below its root, class index 0-3, sha256 of the file."""

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
        files = sorted(path for path in (root / dataset.ORIGINAL / folder).glob("*") if path.suffix.lower() in _SUFFIXES)
        if not files:
            raise FileNotFoundError(f"expected pictures in {root}/{dataset.ORIGINAL}/{folder}, found none")
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
    with ThreadPoolExecutor(2) as pool:
        return np.stack(list(pool.map(lambda one: to_working_picture(decode((root / one.path).read_bytes()), spec), samples)))


def labels_of(samples: Sequence[Sample]) -> np.ndarray:
    """Class indices of the samples: (n,), int64."""
    return np.array([sample.label for sample in samples], np.int64)
