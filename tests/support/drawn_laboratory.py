"""A data set of drawn smears and a backbone so small that an experiment takes a second."""

from pathlib import Path

import keras
import pytest

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from training.data.dataset import CLASS_FOLDERS
from training.experiments.run import Data
from training.networks import backbones
from training.networks.weights import load_weights, save_weights

SPEC = PreprocessingSpec(input_size=32)
TINY = "tiny"


def draw_data(folder: Path, smears: int = 10) -> Data:
    """So many smears a class, one class with more blasts than the other."""
    for label, name in enumerate(CLASS_FOLDERS):
        place = folder / "drawn" / "Original" / name
        place.mkdir(parents=True, exist_ok=True)
        for number in range(smears):
            smear = draw_synthetic_smear(100 * label + number, side=224, cells=3 + 4 * label)
            (place / f"{number}.jpg").write_bytes(encode_jpeg(smear))
    return Data.open(folder / "drawn", folder / "split.json", SPEC)


def tiny(weights: str | None = None) -> keras.Model:
    """Two convolutions: (n, h, w, 3) -> (n, h/4, w/4, 8)."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((None, None, 3))
    flow = keras.layers.Conv2D(8, 3, strides=2, activation="relu", padding="same", name="tiny_conv1")(inputs)
    flow = keras.layers.Conv2D(8, 3, strides=2, activation="relu", padding="same", name="tiny_conv2")(flow)
    model = keras.Model(inputs, flow, name=TINY)
    if weights:
        load_weights(model, Path(weights))
    return model


def with_tiny_backbone(monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """Make the tiny backbone one of the laboratory's; return its weights file."""
    monkeypatch.setitem(backbones.BACKBONES, TINY, tiny)
    file = folder / TINY / f"{TINY}.npz"
    save_weights(tiny(), file)
    return str(file)
