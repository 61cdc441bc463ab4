"""Probes: simple classifiers that can't see what makes a blast. The accuracy they reach can't be credited to a network.

Each sees one kind of feature only; a logistic regression is trained on the same training part as the network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.fingerprint import colour_fingerprint
from hemascope.imaging.model_input import to_working_picture
from hemascope.imaging.segment import segment
from training.data.dataset import Sample

PATCHES, PATCH = 64, 8  # patches a smear, pixels a side: a cell is about 25 pixels wide
WORDS = 96
_GREY_LEVELS = 32
_RIM = 9  # pixels around a cell that still belong to it
_SEED = 4420

Features = NDArray[Any]
Mask = NDArray[np.bool_]


class View(NamedTuple):
    """One smear at working size: with its scale bar, without it, and the mask (height, width), True in its cells."""

    whole: Picture
    working: Picture
    cells: Mask


class BagOfPatches(TransformerMixin, BaseEstimator):
    """Patches (n, patches, values) -> how often each word of a codebook occurs, (n, words): a bag without order."""

    def fit(self, patches: Features, _labels: NDArray[np.int64] | None = None) -> "BagOfPatches":
        """Cluster the patches into a codebook of words."""
        flat = patches.reshape(-1, patches.shape[-1]).astype(np.float32)
        words = min(WORDS, len(flat))
        self.words_ = MiniBatchKMeans(words, n_init=1, init_size=1024, batch_size=1024, random_state=_SEED).fit(flat)
        return self

    def transform(self, patches: Features) -> NDArray[np.float64]:
        """Count the words of each smear."""
        words = self.words_.predict(patches.reshape(-1, patches.shape[-1]).astype(np.float32))
        counts = [
            np.bincount(words_of_smear, minlength=self.words_.n_clusters) for words_of_smear in words.reshape(patches.shape[:2])
        ]
        return np.array(counts, np.float64)


def _linear() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000, class_weight="balanced"))


def _bag() -> Pipeline:
    return make_pipeline(BagOfPatches(), *(step for _, step in _linear().steps))


@dataclass(frozen=True)
class Probe:
    """Name of a probe, what it sees of a smear, and how it learns."""

    name: str
    sees: str
    features: Callable[[View], Features]
    learner: Callable[[], Pipeline] = _linear


def _background(view: View) -> Features:
    corner = np.zeros(view.cells.shape, np.bool_)
    corner[PreprocessingSpec().mark(len(corner))] = True
    rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RIM + 1, 2 * _RIM + 1))
    outside = (cv2.dilate(view.cells.astype(np.uint8), rim) == 0) & ~corner
    return colour_fingerprint(view.working[outside if outside.any() else ~corner][:, None])


def _corner(view: View) -> Features:
    grey = cv2.cvtColor(view.whole[PreprocessingSpec().mark(len(view.whole))], cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    return cv2.resize(grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA).ravel() / 255.0


def _grey(view: View) -> Features:
    grey = cv2.cvtColor(view.working, cv2.COLOR_RGB2GRAY)
    return np.histogram(grey, bins=_GREY_LEVELS, range=(0, 256))[0] / grey.size


def _patches(view: View) -> Features:
    inside = np.argwhere(view.cells)
    if not len(inside):
        return np.zeros((PATCHES, PATCH * PATCH * 3), np.uint8)
    centres = np.random.default_rng(_SEED).choice(inside, PATCHES)
    corners = np.clip(centres - PATCH // 2, 0, view.working.shape[0] - PATCH)
    return np.stack([view.working[top : top + PATCH, left : left + PATCH].ravel() for top, left in corners])


PROBES = (
    Probe("colour", "twelve values: mean and deviation of H, S, V, L, a, b", lambda view: colour_fingerprint(view.working)),
    Probe("background", "the same twelve values of everything outside of cells", _background),
    Probe("corner", "the corner with the scale bar, which the network never sees", _corner),
    Probe("grey", "a histogram of 32 grey levels", _grey),
    Probe(
        "shuffled cells",
        "64 patches of 8 x 8 pixels from inside cells, in no order: colour and grain, no shape",
        _patches,
        _bag,
    ),
)


def probe_features(root: Path, samples: Sequence[Sample]) -> dict[str, Features]:
    """Features that every probe sees of every smear: name -> (n, ...) in the order of the samples."""
    seen: dict[str, list[Features]] = {probe.name: [] for probe in PROBES}
    for sample in samples:
        view = view_of((root / sample.path).read_bytes())
        for probe in PROBES:
            seen[probe.name].append(probe.features(view))
    return {name: np.stack(features) for name, features in seen.items()}


def view_of(data: bytes) -> View:
    """Decode and segment one smear, by the serving code."""
    spec = PreprocessingSpec()
    picture = decode(data)
    whole = to_working_picture(picture, spec.model_copy(update={"mark_width": 0.0, "mark_height": 0.0}))
    working = to_working_picture(picture, spec)
    return View(whole, working, segment(working, spec.segmentation).mask)
