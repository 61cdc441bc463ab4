"""Out-of-distribution images: pictures that are no smears and must be refused, however confident the network is.

All are drawn except crops, rotated and tinted, of two sample photographs of scikit-learn (a temple and a dahlia). The tissue
imitates a stain of hematoxylin and eosin, pink fibres and clusters of purple nuclei, since stained tissue resembles a smear
most.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture

SIDE = 320
PER_KIND = 40
_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz0123456789")


def ood_images() -> Iterator[tuple[str, Picture]]:
    """Kind and picture, (320, 320, 3), uint8, RGB: forty of each of five kinds, always the same two hundred."""
    for number, (kind, draw) in enumerate(_KINDS.items()):
        for repetition in range(PER_KIND):
            yield kind, draw(np.random.default_rng((number, repetition)))


@lru_cache
def _sample_image(name: str) -> Picture:
    from sklearn.datasets import load_sample_image

    return np.asarray(load_sample_image(name), np.uint8)


def _photograph(rng: np.random.Generator) -> Picture:
    photograph = _sample_image(str(rng.choice(["china.jpg", "flower.jpg"])))
    side = int(rng.integers(120, 420))
    top, left = (int(rng.integers(0, length - side + 1)) for length in photograph.shape[:2])
    part = cv2.resize(photograph[top : top + side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    tint = rng.uniform(0.7, 1.0, 3)
    return np.asarray(np.rot90(part, int(rng.integers(4))) * tint, np.uint8)


def _document(rng: np.random.Generator) -> Picture:
    paper = np.full((SIDE, SIDE, 3), rng.integers(225, 256, 3), np.uint8)
    size = float(rng.uniform(0.3, 0.9))
    step = int(40 * size) + 4
    for row in range(step, SIDE, step):
        if rng.random() < 0.9:
            text = "".join(rng.choice([*_LETTERS, " "], int(rng.integers(10, 45))))
            ink = _integers(rng.integers(0, 120, 3))
            cv2.putText(paper, text, (int(rng.integers(5, 30)), row), cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)
    return paper


def _screenshot(rng: np.random.Generator) -> Picture:
    screen = np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(int(rng.integers(4, 25))):
        first, second = (_integers(rng.integers(0, SIDE, 2)) for _ in range(2))
        colour = _integers(rng.integers(0, 256, 3))
        cv2.rectangle(screen, first, second, colour, cv2.FILLED if rng.random() < 0.7 else 2)
        cv2.putText(screen, "OK Cancel", first, cv2.FONT_HERSHEY_SIMPLEX, 0.4, tuple(255 - value for value in colour), 1)
    return screen


def _noise(rng: np.random.Generator) -> Picture:
    grain = int(rng.choice([1, 2, 4, 8, 16, 40]))
    coarse = rng.integers(0, 256, (SIDE // grain, SIDE // grain, int(rng.choice([1, 3]))), np.uint8)
    noise = cv2.resize(np.broadcast_to(coarse, (*coarse.shape[:2], 3)).copy(), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.5:  # around a mean colour, like a sensor's noise
        noise = rng.uniform(60, 230, 3) + (noise.astype(float) - 128.0) * rng.uniform(0.1, 0.5)
    return np.asarray(np.clip(noise, 0, 255), np.uint8)


def _tissue(rng: np.random.Generator) -> Picture:
    fibres = rng.normal(0.0, 1.0, (SIDE, SIDE)).astype(np.float32)
    along = cv2.GaussianBlur(fibres, (0, 0), sigmaX=float(rng.uniform(8, 20)), sigmaY=float(rng.uniform(1, 4)))
    along = along / along.std()
    stroma = np.array(rng.uniform((215, 140, 170), (240, 185, 210)))
    tissue = stroma + 12.0 * along[..., None] * np.array([0.6, 1.2, 0.8])
    tissue = np.asarray(np.clip(np.rot90(tissue, int(rng.integers(4))), 0, 255), np.uint8).copy()
    for _ in range(int(rng.integers(30, 220))):
        centre = _integers(rng.integers(0, SIDE, 2))
        axes = _integers(rng.integers(4, 12, 2))
        purple = _integers(rng.uniform((70, 40, 110), (130, 90, 165)))
        cv2.ellipse(tissue, centre, axes, float(rng.uniform(0, 180)), 0, 360, purple, cv2.FILLED, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 6))):  # lumina and gaps
        centre = _integers(rng.integers(0, SIDE, 2))
        cv2.ellipse(tissue, centre, _integers(rng.integers(8, 40, 2)), 0, 0, 360, (245, 240, 245), cv2.FILLED)
    return np.asarray(cv2.GaussianBlur(tissue, (0, 0), 0.8), np.uint8)


def _integers(values: NDArray[Any]) -> tuple[int, ...]:
    """Coordinates or a colour as OpenCV takes them."""
    return tuple(int(value) for value in values)


_KINDS: dict[str, Callable[[np.random.Generator], Picture]] = {
    "photograph": _photograph,
    "document": _document,
    "screenshot": _screenshot,
    "noise": _noise,
    "tissue": _tissue,
}
