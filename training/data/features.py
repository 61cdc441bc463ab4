"""Cache of pooled features of frozen backbones: computed once for each picture and augmented copy, read by memory mapping.

A table on disk belongs to one backbone with its weights, one preprocessing, one kind of picture and one copy. Its rows are
identified by the sha256 of the smear's file, not by a place in a split, so all splits, folds, experiments and searches share
them.
"""

import fcntl
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import decode
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from training.data.augment import augment
from training.data.dataset import Sample
from training.data.training_data import TrainingData
from training.networks.backbones import BACKBONES
from training.networks.handmade import HANDMADE, REVISION, handmade_features

INPUT_OF = {"vgg16": "original", "densenet121": "segmented"}
BATCH = 32
_LINE = 65  # bytes of a line of the index: sha256 and line feed

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Extraction:
    """The features to compute of a smear.

    Parameters
    ----------
    backbone
        A name of :data:`training.networks.backbones.BACKBONES`, or ``handmade``, which needs no weights.
    weights
        ``imagenet``, or the path of a weights file.
    picture
        ``original`` or ``segmented``.
    copy
        0 for the smear as it is, k > 0 for its k-th augmented copy; ``seed`` determines the augmentations.
    jitter
        Strength of the stain jitter of augmented copies.
    """

    backbone: str
    weights: str
    picture: str
    copy: int = 0
    seed: int = 1
    jitter: float = 0.0

    @property
    def origin(self) -> str:
        """What the features depend on apart from the picture: digest of the weights, ``imagenet``, or revision of the code."""
        if self.backbone == HANDMADE:
            return f"revision {REVISION}"
        return self.weights if self.weights == "imagenet" else hashlib.sha256(Path(self.weights).read_bytes()).hexdigest()


def cached_features(
    data: TrainingData, part: str, backbone: str, weights: str, copy: int, seed: int, cache: Path, jitter: float = 0.0
) -> Floats:
    """Features of a part of the split, of the picture that this backbone gets in the fusion network: (n, width), float32."""
    extraction = Extraction(backbone, weights, INPUT_OF[backbone], copy, seed, jitter)
    return features_of(data, data.split.part(part), extraction, cache)


def features_of(data: TrainingData, samples: Sequence[Sample], extraction: Extraction, cache: Path) -> Floats:
    """Features of smears; those that the table lacks are computed first.

    Returns
    -------
    array of shape (n, width), float32, in the order of the samples: read from a memory-mapped table
    """
    table = Table(cache, _key(data, extraction))
    if table.missing(samples):
        table.fill(data, samples, extraction)
    return table.read(samples)


class Table:
    """Append-only table of features, so that an interrupted computation can be resumed."""

    def __init__(self, folder: Path, key: str) -> None:
        self.index, self.rows, self.about = (folder / f"{key}.{suffix}" for suffix in ("index", "f32", "json"))
        folder.mkdir(parents=True, exist_ok=True)

    def missing(self, samples: Sequence[Sample]) -> list[Sample]:
        """Samples without a row, byte-identical ones once."""
        known = self._places()
        return list({sample.sha256: sample for sample in samples if sample.sha256 not in known}.values())

    def read(self, samples: Sequence[Sample]) -> Floats:
        """Rows of the samples, in their order."""
        places, width = self._places(), self._width()
        rows = np.memmap(self.rows, np.float32, "r", shape=(self.rows.stat().st_size // (4 * width), width))
        return np.asarray(rows[[places[sample.sha256] for sample in samples]])

    def fill(self, data: TrainingData, samples: Sequence[Sample], extraction: Extraction) -> None:
        """Compute and append missing rows, batch by batch; a second process waits for the first."""
        with self._locked():
            wanted = self.missing(samples)
            for start, features, seconds in extract(data, wanted, extraction):
                width = features.shape[1]
                if start == 0:
                    self._trim(width)
                names = [sample.sha256 for sample in wanted[start : start + len(features)]]
                with self.rows.open("ab") as rows, self.index.open("a") as index:
                    rows.write(features.tobytes())
                    rows.flush()
                    index.write("".join(f"{name}\n" for name in names))
                self._account(width, len(features), seconds)

    def _places(self) -> dict[str, int]:
        if not self.about.exists():
            return {}
        whole = self.rows.stat().st_size // (4 * self._width())
        return {name: place for place, name in enumerate(self.index.read_text().split()[:whole])}

    def _width(self) -> int:
        return int(json.loads(self.about.read_text())["width"])

    def _trim(self, width: int) -> None:
        """Truncate both files to whole rows, in case a process was killed while it wrote."""
        for file in (self.rows, self.index):
            file.touch()
        whole = min(self.rows.stat().st_size // (4 * width), self.index.stat().st_size // _LINE)
        for file, size in ((self.rows, 4 * width), (self.index, _LINE)):
            with file.open("r+b") as content:
                content.truncate(whole * size)

    def _account(self, width: int, count: int, seconds: float) -> None:
        before = json.loads(self.about.read_text()) if self.about.exists() else {"pictures": 0, "seconds": 0.0}
        after = {"width": width, "pictures": before["pictures"] + count, "seconds": before["seconds"] + seconds}
        unfinished = self.about.with_suffix(".part")
        unfinished.write_text(json.dumps(after) + "\n")
        unfinished.replace(self.about)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.index.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def extract(data: TrainingData, samples: Sequence[Sample], extraction: Extraction) -> Iterator[tuple[int, Floats, float]]:
    """Compute features batch by batch: index of the first, features (up to 32, width), float32, and the seconds taken."""
    compute = _computation(extraction)
    picture = partial(_picture, data, extraction)
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(samples), BATCH):
            began = time.perf_counter()
            features = compute(np.stack(list(pool.map(picture, samples[start : start + BATCH]))))
            yield start, np.asarray(features, np.float32), time.perf_counter() - began
            done = start + len(features)
            print(f"\r{_title(extraction)}: {done}/{len(samples)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def pooled(backbone: str, weights: str | None) -> keras.Model:
    """A backbone with its global average pooling: (n, h, w, 3) -> (n, width)."""
    network = BACKBONES[backbone](weights)
    network.trainable = False
    return keras.Sequential([network, keras.layers.GlobalAveragePooling2D()])


def _computation(extraction: Extraction) -> Callable[[Floats], Floats]:
    if extraction.backbone == HANDMADE:
        return lambda pictures: np.stack([handmade_features(picture) for picture in pictures])
    network = pooled(extraction.backbone, extraction.weights)
    return lambda pictures: keras.ops.convert_to_numpy(network.predict_on_batch(pictures))


def _picture(data: TrainingData, extraction: Extraction, sample: Sample) -> Floats:
    cv2.setNumThreads(1)
    working = to_working_picture(decode((data.root / sample.path).read_bytes()), data.spec)
    if extraction.copy:
        # Seeded by content, so that both branches of a fusion see the same copy, in any split.
        rng = np.random.default_rng((extraction.seed, extraction.copy, int(sample.sha256[:16], 16)))
        working = augment(working, rng, extraction.jitter)
    inputs: Floats = getattr(to_network_inputs(working, data.spec), extraction.picture)
    return inputs


def _title(extraction: Extraction) -> str:
    return f"{extraction.backbone}-{extraction.picture}-{extraction.copy}"


def _key(data: TrainingData, extraction: Extraction) -> str:
    seed = extraction.seed if extraction.copy else "-"
    jitter = f" jitter {extraction.jitter}" if extraction.copy and extraction.jitter else ""
    text = f"{data.spec.digest} {extraction.backbone} {extraction.origin} {extraction.picture} {extraction.copy} {seed}{jitter}"
    return f"{_title(extraction)}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
