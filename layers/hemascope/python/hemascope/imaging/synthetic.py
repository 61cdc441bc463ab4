"""A drawn smear for demonstrations and self-checks. It shows nobody's blood, and whoever shows it says so."""

import cv2
import numpy as np

from hemascope.imaging.decode import Picture

_RED_CELL, _RED_CENTRE = (176, 182, 210), (226, 230, 240)
_WHITE_CELL, _NUCLEOLUS = (126, 82, 206), (98, 58, 178)


def draw_synthetic_smear(seed: int = 0, side: int = 448, cells: int = 9) -> Picture:
    """Draw round red cells with pale centres, purple white cells, a scale bar and the word "synthetic" on a bright slide.

    Parameters
    ----------
    seed
        The same seed draws the same smear.
    side
        Width and height in pixels, at least 64.
    cells
        How many purple cells to draw; they don't touch each other, the border or the scale bar.

    Returns
    -------
    array of shape (side, side, 3), uint8, RGB
    """
    chance = np.random.default_rng(seed)
    unit = side / 448
    smear = np.full((side, side, 3), (238, 240, 246), np.uint8)
    for _ in range(110):
        centre = chance.integers(0, side, 2)
        radius = chance.uniform(15, 19) * unit
        _disc(smear, centre, radius, _vary(_RED_CELL, chance, 8))
        _disc(smear, centre, radius * 0.45, _vary(_RED_CENTRE, chance, 4))
    for centre in _apart(chance, cells, side, distance=60 * unit, margin=34 * unit):
        radius = chance.uniform(20, 25) * unit
        colour = _vary(_WHITE_CELL, chance, 10)
        _disc(smear, centre, radius, colour, squeeze=chance.uniform(0.85, 1.0))
        for _ in range(3):
            offset = chance.uniform(-0.45, 0.45, 2) * radius
            _disc(smear, centre + offset, radius * 0.22, _vary(_NUCLEOLUS, chance, 8))
    _scale_bar(smear, unit)
    noise = chance.normal(0, 3, smear.shape)
    soft = cv2.GaussianBlur(smear, (0, 0), 1.1 * unit).astype(np.float64) + noise
    return np.clip(np.rint(soft), 0, 255).astype(np.uint8)


def encode_jpeg(picture: Picture, quality: int = 92) -> bytes:
    """JPEG file of an RGB picture."""
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _vary(colour: tuple[int, int, int], chance: np.random.Generator, by: int) -> tuple[int, ...]:
    return tuple(int(value) for value in np.clip(np.array(colour) + chance.integers(-by, by + 1), 0, 255))


def _disc(smear: Picture, centre: np.ndarray, radius: float, colour: tuple[int, ...], squeeze: float = 1.0) -> None:
    axes = (max(1, round(radius)), max(1, round(radius * squeeze)))
    cv2.ellipse(smear, (int(centre[0]), int(centre[1])), axes, 0, 0, 360, colour, cv2.FILLED, cv2.LINE_AA)


def _apart(chance: np.random.Generator, count: int, side: int, distance: float, margin: float) -> list[np.ndarray]:
    chosen: list[np.ndarray] = []
    for _ in range(400 * count):
        if len(chosen) == count:
            break
        centre = chance.uniform(margin, side - margin, 2)
        in_corner = centre[0] > side * 0.7 and centre[1] > side * 0.8
        if not in_corner and all(np.hypot(*(centre - other)) > distance for other in chosen):
            chosen.append(centre)
    return chosen


def _scale_bar(smear: Picture, unit: float) -> None:
    """A white corner with a bar, and the word that says what this picture is, wherever it is shown."""
    side = smear.shape[0]
    left, right = side - round(100 * unit), side - round(8 * unit)
    smear[side - round(46 * unit) :, left:] = 255
    bottom = side - round(8 * unit)
    cv2.line(smear, (right - round(50 * unit), bottom), (right, bottom), (0, 0, 0), 2)
    for text, start, above, size in (("synthetic", 6, 30, 0.5), ("100 px", 50, 14, 0.36)):
        where = (left + round(start * unit), side - round(above * unit))
        cv2.putText(smear, text, where, cv2.FONT_HERSHEY_SIMPLEX, size * unit, (0, 0, 0), 1, cv2.LINE_AA)
