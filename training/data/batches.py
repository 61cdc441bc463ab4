"""Batches of augmented smears for Keras, made by the code that serves: augment -> segment -> network inputs."""

from collections.abc import Sequence

import cv2
import keras
import numpy as np

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs
from training.data.augment import augment


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches; the same (seed, epoch, position) gives the same pixels, so a killed run goes on.

    Parameters
    ----------
    pictures
        (n, working_size, working_size, 3), uint8, RGB: working pictures.
    labels
        (n,), class indices.
    augmented
        False gives the pictures as they are and in order, for evaluation.
    jitter
        Strength of the stain jitter that augmented pictures get, 0 for none.
    """

    def __init__(
        self,
        pictures: Picture,
        labels: np.ndarray,
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

    def __getitem__(self, index: int) -> tuple[object, np.ndarray]:
        cv2.setNumThreads(1)
        order = np.arange(len(self.labels))
        if self.augmented:
            np.random.default_rng((self.seed, self.epoch)).shuffle(order)
        chosen = order[index * self.batch : (index + 1) * self.batch]
        return self.inputs(chosen), self.labels[chosen]

    def inputs(self, chosen: Sequence[int]) -> object:
        """Both inputs of the fusion network: two arrays (n, 128, 128, 3), float32, 0-1."""
        pairs = [self.pair(number) for number in chosen]
        return {
            "original": np.stack([pair.original for pair in pairs]),
            "segmented": np.stack([one.segmented for one in pairs]),
        }

    def pair(self, number: int) -> NetworkInputs:
        """Network inputs of one smear, augmented if these batches are."""
        picture = self.pictures[number]
        if self.augmented:
            picture = augment(picture, self.chance(number), self.jitter)
        return to_network_inputs(picture, self.spec)

    def chance(self, number: int) -> np.random.Generator:
        """The random numbers of one smear in this epoch."""
        return np.random.default_rng((self.seed, self.epoch, int(number)))


class PooledBatches(Batches):
    """Single pictures of both kinds: each smear as photographed or segmented, by chance, optionally a square crop."""

    def __init__(self, *args: object, segmented_share: float, crop: int | None, **settings: object) -> None:
        super().__init__(*args, **settings)
        self.segmented_share, self.crop = segmented_share, crop

    def inputs(self, chosen: Sequence[int]) -> object:
        """One array (n, side, side, 3), float32, 0-1."""
        return np.stack([self._one(number) for number in chosen])

    def _one(self, number: int) -> np.ndarray:
        chance = np.random.default_rng((self.seed, self.epoch, int(number), 1))
        pair = self.pair(number)
        picture = pair.segmented if chance.random() < self.segmented_share else pair.original
        if self.crop is None:
            return picture
        # Centred near a cell: a crop of empty slide says nothing, and a segmented one would be black.
        cells = np.argwhere(pair.segmented.any(axis=-1))
        centre = cells[chance.integers(len(cells))] if len(cells) else np.array(picture.shape[:2]) // 2
        offset = centre - self.crop // 2 + chance.integers(-self.crop // 4, self.crop // 4 + 1, 2)
        top, left = np.clip(offset, 0, picture.shape[0] - self.crop)
        return picture[top : top + self.crop, left : left + self.crop]


class EpochClock(keras.callbacks.Callback):
    """Tells the batches which epoch it is, also after a restart."""

    def __init__(self, batches: keras.utils.PyDataset) -> None:
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Set the epoch before its first batch is drawn."""
        self.batches.epoch = epoch
