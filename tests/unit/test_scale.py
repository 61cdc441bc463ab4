import cv2
import numpy as np
import pytest

from hemascope.imaging.decode import Picture
from hemascope.imaging.scale import Reading, microscope_diameter, red_cell_diameter

DIAMETER = 24.0


def red_cells(
    diameter: float, seed: int = 0, shape: tuple[int, int] = (450, 600), colour: tuple[int, ...] = (196, 170, 176)
) -> Picture:
    """Round cells of one size apart from each other, with a paler middle, a few large dark ones, and noise."""
    chance = np.random.default_rng(seed)
    field = np.full((*shape, 3), (238, 236, 240), np.uint8)
    places: list[np.ndarray] = []
    for _ in range(4000):
        place = chance.uniform(0, 1, 2) * shape
        if all(np.hypot(*(place - other)) > 1.3 * diameter for other in places):
            places.append(place)
    for number, (row, column) in enumerate(places[: int(0.5 * shape[0] * shape[1] / diameter**2)]):
        nucleated = number % 25 == 24
        centre, shade = (round(column * 16), round(row * 16)), (110, 60, 170) if nucleated else colour
        cv2.circle(field, centre, round(diameter * (10 if nucleated else 8)), shade, cv2.FILLED, cv2.LINE_AA, shift=4)
        if not nucleated:
            paler = tuple((one + 236) // 2 for one in colour)
            cv2.circle(field, centre, round(diameter * 2.5), paler, cv2.FILLED, cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(field, (0, 0), 0.05 * diameter).astype(np.float64)
    return np.clip(np.rint(soft + chance.normal(0, 2, soft.shape)), 0, 255).astype(np.uint8)


def test_it_measures_red_cells() -> None:
    reading = red_cell_diameter(red_cells(DIAMETER))

    assert reading.diameter == pytest.approx(DIAMETER, rel=0.05)
    assert reading.peaks > 20
    assert 0.0 < reading.cover < 1.0


@pytest.mark.parametrize("colour", [(196, 170, 176), (150, 190, 170), (170, 170, 170), (230, 190, 120)])
def test_it_is_blind_to_colour(colour: tuple[int, ...]) -> None:
    assert red_cell_diameter(red_cells(DIAMETER, colour=colour)).diameter == pytest.approx(DIAMETER, rel=0.05)


@pytest.mark.parametrize("zoom", [0.5, 0.8, 1.7, 3.0, 5.0])
def test_it_grows_with_the_picture(zoom: float) -> None:
    field = red_cells(DIAMETER, seed=1)
    method = cv2.INTER_AREA if zoom < 1.0 else cv2.INTER_CUBIC
    zoomed = np.asarray(cv2.resize(field, None, fx=zoom, fy=zoom, interpolation=method), np.uint8)

    once, again = red_cell_diameter(field).diameter, red_cell_diameter(zoomed).diameter

    assert once is not None
    assert again == pytest.approx(zoom * once, rel=0.04)


def test_uneven_light_does_not_change_it() -> None:
    field = red_cells(DIAMETER, seed=2)
    down, across = np.mgrid[-1 : 1 : field.shape[0] * 1j, -1 : 1 : field.shape[1] * 1j]
    shaded = np.asarray(field * (1.0 - 0.2 * (down**2 + across**2))[..., None], np.uint8)

    assert red_cell_diameter(shaded).diameter == pytest.approx(DIAMETER, rel=0.05)


def _text() -> Picture:
    page = np.full((600, 800, 3), 255, np.uint8)
    for line in range(12):
        cv2.putText(
            page, "of ooze and good food 00", (20, 45 + 45 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 2, cv2.LINE_AA
        )
    return page


@pytest.mark.parametrize(
    "picture",
    [
        np.full((300, 400, 3), 240, np.uint8),
        np.zeros((300, 400, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8),
        np.asarray(cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (300, 400, 3)).astype(np.uint8), (0, 0), 4)),
        _text(),
        np.full((64, 64, 3), 200, np.uint8),
    ],
    ids=["blank", "black", "noise", "clouds", "text", "small"],
)
def test_it_is_silent_where_there_are_no_red_cells(picture: Picture) -> None:
    assert red_cell_diameter(picture).diameter is None


def test_a_microscope_of_which_no_picture_tells_has_no_diameter() -> None:
    assert microscope_diameter([Reading(None), Reading(None)]) is None
    assert microscope_diameter([]) is None
