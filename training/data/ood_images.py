"""Pictures that are no smears: what a service must refuse however sure its network is. Drawn, but for two photographs.

The photographs are scikit-learn's own samples (a temple and a dahlia), cut, turned and tinted. The tissue is drawn after
hematoxylin and eosin: pink fibres, purple nuclei in crowds, since stained tissue is the nearest thing to a smear.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from hemascope.imaging.decode import Picture

SIDE = 320
PER_KIND = 40
_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz0123456789")


def ood_images() -> Iterator[tuple[str, Picture]]:
    """Kind and picture, (320, 320, 3), uint8, RGB: forty of each of five kinds, always the same two hundred."""
    for number, (kind, draw) in enumerate(_KINDS.items()):
        for one in range(PER_KIND):
            yield kind, draw(np.random.default_rng((number, one)))


def _photograph(chance: np.random.Generator) -> Picture:
    from sklearn.datasets import load_sample_image

    photograph = load_sample_image(str(chance.choice(["china.jpg", "flower.jpg"])))
    side = int(chance.integers(120, 420))
    top, left = (int(chance.integers(0, one - side + 1)) for one in photograph.shape[:2])
    part = cv2.resize(photograph[top : top + side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    tint = chance.uniform(0.7, 1.0, 3)
    return np.asarray(np.rot90(part, int(chance.integers(4))) * tint, np.uint8)


def _document(chance: np.random.Generator) -> Picture:
    paper = np.full((SIDE, SIDE, 3), chance.integers(225, 256, 3), np.uint8)
    size = float(chance.uniform(0.3, 0.9))
    step = int(40 * size) + 4
    for row in range(step, SIDE, step):
        if chance.random() < 0.9:
            text = "".join(chance.choice([*_LETTERS, " "], int(chance.integers(10, 45))))
            ink = tuple(int(integer) for integer in chance.integers(0, 120, 3))
            cv2.putText(paper, text, (int(chance.integers(5, 30)), row), cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)
    return paper


def _screenshot(chance: np.random.Generator) -> Picture:
    screen = np.full((SIDE, SIDE, 3), chance.integers(0, 256, 3), np.uint8)
    for _ in range(int(chance.integers(4, 25))):
        first, second = (tuple(int(one) for one in chance.integers(0, SIDE, 2)) for _ in range(2))
        colour = tuple(int(integer) for integer in chance.integers(0, 256, 3))
        cv2.rectangle(screen, first, second, colour, cv2.FILLED if chance.random() < 0.7 else 2)
        cv2.putText(screen, "OK Cancel", first, cv2.FONT_HERSHEY_SIMPLEX, 0.4, tuple(255 - one for one in colour), 1)
    return screen


def _noise(chance: np.random.Generator) -> Picture:
    grain = int(chance.choice([1, 2, 4, 8, 16, 40]))
    coarse = chance.integers(0, 256, (SIDE // grain, SIDE // grain, int(chance.choice([1, 3]))), np.uint8)
    noise = cv2.resize(np.broadcast_to(coarse, (*coarse.shape[:2], 3)).copy(), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    if chance.random() < 0.5:  # about a mean colour, as a sensor's is
        noise = chance.uniform(60, 230, 3) + (noise.astype(float) - 128.0) * chance.uniform(0.1, 0.5)
    return np.asarray(np.clip(noise, 0, 255), np.uint8)


def _tissue(chance: np.random.Generator) -> Picture:
    fibres = chance.normal(0.0, 1.0, (SIDE, SIDE)).astype(np.float32)
    along = cv2.GaussianBlur(fibres, (0, 0), sigmaX=float(chance.uniform(8, 20)), sigmaY=float(chance.uniform(1, 4)))
    along /= along.std()
    stroma = np.array(chance.uniform((215, 140, 170), (240, 185, 210)))
    tissue = stroma + 12.0 * along[..., None] * np.array([0.6, 1.2, 0.8])
    tissue = np.asarray(np.clip(np.rot90(tissue, int(chance.integers(4))), 0, 255), np.uint8).copy()
    for _ in range(int(chance.integers(30, 220))):
        centre = tuple(int(integer) for integer in chance.integers(0, SIDE, 2))
        axes = tuple(int(one) for one in chance.integers(4, 12, 2))
        purple = tuple(int(one) for one in chance.uniform((70, 40, 110), (130, 90, 165)))
        cv2.ellipse(tissue, centre, axes, float(chance.uniform(0, 180)), 0, 360, purple, cv2.FILLED, cv2.LINE_AA)
    for _ in range(int(chance.integers(0, 6))):  # lumina and gaps
        centre = tuple(int(one) for one in chance.integers(0, SIDE, 2))
        cv2.ellipse(
            tissue, centre, tuple(int(one) for one in chance.integers(8, 40, 2)), 0, 0, 360, (245, 240, 245), cv2.FILLED
        )
    return np.asarray(cv2.GaussianBlur(tissue, (0, 0), 0.8), np.uint8)


_KINDS: dict[str, Callable[[np.random.Generator], Picture]] = {
    "photograph": _photograph,
    "document": _document,
    "screenshot": _screenshot,
    "noise": _noise,
    "tissue": _tissue,
}
