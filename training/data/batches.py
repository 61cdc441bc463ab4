"""Batches for Keras: of augmented smears, made by the serving code (augment -> segment -> network inputs), and of features."""

from collections.abc import Sequence
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs
from training.data.augment import augment

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


class SmearBatches(keras.utils.PyDataset):
    """Shuffled, augmented batches; the same (seed, epoch, position) gives the same pixels, so that runs can be resumed.

    Parameters
    ----------
    pictures
        (n, working_size, working_size, 3), uint8, RGB: working pictures.
    labels
        (n,), class indices.
    augmented
        False gives the pictures as they are and in order, for evaluation.
    jitter
        Strength of the stain jitter of augmented pictures, 0 for none.
    """

    def __init__(
        self,
        pictures: Picture,
        labels: Indices,
        spec: PreprocessingSpec,
        *,
        batch: int,
        seed: int,
        augmented: bool,
        jitter: float = 0.0,
    ) -> None:
        super().__init__(workers=1, max_queue_size=8)
        self.pictures, self.labels, self.spec = pictures, labels, spec
        self.batch, self.seed, self.augmented, self.jitter = batch, seed, augmented, jitter
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch)

    def __getitem__(self, index: int) -> tuple[Any, Indices]:
        cv2.setNumThreads(1)
        order = np.arange(len(self.labels))
        if self.augmented:
            np.random.default_rng((self.seed, self.epoch)).shuffle(order)
        chosen = order[index * self.batch : (index + 1) * self.batch]
        return self.inputs(chosen), self.labels[chosen]

    def inputs(self, chosen: Indices) -> Any:
        """Both inputs of the fusion network: two arrays (n, 128, 128, 3), float32, 0-1."""
        pairs = [self.pair(number) for number in chosen]
        return {name: np.stack([getattr(pair, name) for pair in pairs]) for name in ("original", "segmented")}

    def pair(self, number: int) -> NetworkInputs:
        """Network inputs of one smear, augmented if these batches are."""
        picture = self.pictures[number]
        if self.augmented:
            picture = augment(picture, self.rng(number), self.jitter)
        return to_network_inputs(picture, self.spec)

    def rng(self, number: int) -> np.random.Generator:
        """Random generator of one smear in this epoch."""
        return np.random.default_rng((self.seed, self.epoch, int(number)))


class PooledBatches(SmearBatches):
    """Single pictures of both kinds: a random choice of original or segmented for each smear, optionally a square crop.

    Parameters
    ----------
    segmented_share
        Probability of the segmented picture, 0-1.
    crop
        Side of the crop in pixels, or None.
    """

    def __init__(
        self,
        pictures: Picture,
        labels: Indices,
        spec: PreprocessingSpec,
        *,
        batch: int,
        seed: int,
        augmented: bool,
        jitter: float,
        segmented_share: float,
        crop: int | None,
    ) -> None:
        super().__init__(pictures, labels, spec, batch=batch, seed=seed, augmented=augmented, jitter=jitter)
        self.segmented_share, self.crop = segmented_share, crop

    def inputs(self, chosen: Indices) -> Floats:
        """One array (n, side, side, 3), float32, 0-1."""
        return np.stack([self._picture(number) for number in chosen])

    def _picture(self, number: int) -> Floats:
        rng = np.random.default_rng((self.seed, self.epoch, int(number), 1))
        pair = self.pair(number)
        picture = pair.segmented if rng.random() < self.segmented_share else pair.original
        if self.crop is None:
            return picture
        # Near a cell: a crop of empty slide carries no information, and a segmented one would be black.
        cells = np.argwhere(pair.segmented.any(axis=-1))
        centre = cells[rng.integers(len(cells))] if len(cells) else np.array(picture.shape[:2]) // 2
        offset = centre - self.crop // 2 + rng.integers(-self.crop // 4, self.crop // 4 + 1, 2)
        top, left = np.clip(offset, 0, picture.shape[0] - self.crop)
        return picture[top : top + self.crop, left : left + self.crop]


class HalfCachedBatches(SmearBatches):
    """VGG16 features from the cache, segmented pictures augmented anew.

    Parameters
    ----------
    copies
        VGG16 features of each augmented copy, arrays (n, 512), float32; each epoch uses another copy.
    """

    def __init__(
        self,
        pictures: Picture,
        labels: Indices,
        spec: PreprocessingSpec,
        *,
        batch: int,
        seed: int,
        augmented: bool,
        jitter: float,
        copies: Sequence[Floats],
    ) -> None:
        super().__init__(pictures, labels, spec, batch=batch, seed=seed, augmented=augmented, jitter=jitter)
        self.copies = copies

    def inputs(self, chosen: Indices) -> dict[str, Floats]:
        """VGG16 features (n, 512) and segmented pictures (n, 128, 128, 3), float32."""
        segmented = np.stack([self.pair(number).segmented for number in chosen])
        return {"vgg16_features": np.asarray(self.copies[self.epoch % len(self.copies)])[chosen], "segmented": segmented}


class FeatureBatches(keras.utils.PyDataset):
    """Shuffled batches of cached features; each epoch uses another augmented copy.

    Parameters
    ----------
    copies
        Features of each copy, arrays (n, width), float32.
    labels
        (n,), class indices.
    """

    def __init__(self, copies: Sequence[Floats], labels: Indices, batch: int, seed: int) -> None:
        super().__init__()
        self.copies, self.labels, self.batch, self.seed = copies, labels, batch, seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch)

    def __getitem__(self, index: int) -> tuple[Floats, Indices]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.labels))
        chosen = np.sort(order[index * self.batch : (index + 1) * self.batch])
        return np.asarray(self.copies[self.epoch % len(self.copies)][chosen]), self.labels[chosen]


class EpochSetter(keras.callbacks.Callback):
    """Sets the epoch of batches, so that a resumed run goes on with the right one."""

    def __init__(self, batches: keras.utils.PyDataset) -> None:
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, _logs: dict[str, float] | None = None) -> None:
        """Set the epoch before its first batch is drawn."""
        self.batches.epoch = epoch
