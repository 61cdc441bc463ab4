"""Contact sheets for visual inspection: smears of each class as photographed, their masks, the overlays.

They show pictures of the data set, so they are never committed.
"""

import random
from pathlib import Path

import cv2
import numpy as np

from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.imaging.overlay import draw_overlay, encode_png
from training.data.dataset import CLASS_NAMES
from training.data.split import PARTS
from training.data.training_data import TrainingData

PER_CLASS = 12


def draw_contact_sheets(data: TrainingData, folder: Path, seed: int = 0) -> list[Path]:
    """Write one PNG for each class, with 12 smears: original, mask, overlay. Returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = [sample for name in PARTS for sample in data.split.part(name)]
    written = []
    for label, name in enumerate(CLASS_NAMES):
        chosen = random.Random(seed).sample([sample for sample in samples if sample.label == label], PER_CLASS)
        cells = [_triple(data, (data.root / sample.path).read_bytes()) for sample in chosen]
        sheet = np.vstack([np.hstack(cells[start : start + 3]) for start in range(0, PER_CLASS, 3)])
        path = folder / f"{name.lower().replace(' ', '-')}.png"
        path.write_bytes(encode_png(sheet))
        written.append(path)
    return written


def _triple(data: TrainingData, content: bytes) -> Picture:
    working = to_working_picture(decode(content), data.spec)
    found = to_network_inputs(working, data.spec).segmentation
    mask = np.repeat(found.mask[..., None], 3, axis=2).astype(np.uint8) * 255
    overlay = draw_overlay(working, found)
    cv2.putText(overlay, f"{found.cell_count} cells", (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (180, 0, 0), 1, cv2.LINE_AA)
    return np.pad(np.hstack([working, mask, overlay]), ((0, 4), (0, 8), (0, 0)), constant_values=128)
