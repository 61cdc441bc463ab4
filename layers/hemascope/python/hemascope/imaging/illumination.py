"""Flat field of a microscope's session: fitted to its own pictures of blood, chosen by fit without labels, taken out."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.profile import ILLUMINATION_DEGREE, ILLUMINATION_TERMS, IlluminationState
from hemascope.imaging.decode import Picture

Array = NDArray[np.float64]
FIELDS_FOR_A_STATE = 10  # more make a state no better
NO_TERMS = (0.0,) * ILLUMINATION_TERMS
_GRID = 48  # columns and rows in which a field is fitted: light varies slowly
_QUANTILE = 0.75  # of the pictures at one place: in one of four at least the slide is empty there
_BLOCKS = 4  # a side, in which the light that is left is compared
_EMPTY = 0.8  # quantile of a block that shows the empty slide
_CELLS = 1.5  # standard deviations below the surface, where cells lie in nearly all pictures
_EVEN = 0.035  # unevenness that cells alone leave: less teaches nothing
_WORTH_IT = 0.65  # of the unevenness that is left with the states so far: what a new state must reach


def fit_illumination(pictures: Sequence[Picture]) -> IlluminationState:
    """Fit one flat field to pictures of one session.

    At each place it takes the 0.75 quantile, over the pictures, of the logarithm of the light less the picture's own level, and
    through these a polynomial of degree 4 in each channel.

    Parameters
    ----------
    pictures
        At least one (height, width, 3), uint8, RGB, all of the whole frame; ``FIELDS_FOR_A_STATE`` are enough.
    """
    surface = np.quantile([_grid(picture) for picture in pictures], _QUANTILE, axis=0)
    terms = _terms(_GRID, _GRID)
    kept = np.ones(len(surface), np.bool_)
    for _ in range(4):
        coefficients = np.linalg.lstsq(terms[kept], surface[kept], rcond=None)[0]
        rest = (surface - terms @ coefficients).sum(axis=1)
        kept = rest > -_CELLS * max(float(rest[kept].std()), 1e-6)
    coefficients[0] -= (terms @ coefficients).mean(axis=0)
    red, green, blue = (tuple(round(float(term), 6) for term in channel) for channel in coefficients.T)
    return IlluminationState(red=red, green=green, blue=blue, fields=len(pictures))


def flatten(picture: Picture, state: IlluminationState) -> Picture:
    """Take a flat field out: each pixel is divided by the light at its place, and the picture's level stays.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB.

    Returns
    -------
    array of the same shape, uint8, RGB, rounded and cut to 0-255
    """
    return np.asarray(cv2.multiply(picture, _gain(state, *picture.shape[:2]), dtype=cv2.CV_8U), np.uint8)


def unevenness(picture: Picture, states: Sequence[IlluminationState] = ()) -> Array:
    """How much the light of the empty slide varies over a picture: a spread of its logarithm.

    Returns
    -------
    array of shape (1 + states,), float64
        Of the picture as it is, and with each of the states taken out.
    """
    light = _terms(_GRID, _GRID) @ np.array([(NO_TERMS,) * 3, *(state.channels for state in states)]).transpose(0, 2, 1)
    left = (_grid(picture) - light).astype(np.float32)
    side = _GRID // _BLOCKS
    blocks = left.reshape(-1, _BLOCKS, side, _BLOCKS, side, 3).transpose(0, 1, 3, 5, 2, 4).reshape(-1, _BLOCKS**2, 3, side**2)
    empty = np.partition(blocks, int(_EMPTY * side**2), axis=3)[..., int(_EMPTY * side**2)]
    return np.asarray(np.sqrt(empty.var(axis=1, dtype=np.float64).mean(axis=1)), np.float64)


def choose_state(picture: Picture, states: Sequence[IlluminationState]) -> IlluminationState | None:
    """The state that leaves a picture's light the most even; None where it is more even as it is."""
    best = int(unevenness(picture, states).argmin())
    return states[best - 1] if best else None


def learn_states(states: Sequence[IlluminationState], pictures: Sequence[Picture]) -> tuple[IlluminationState, ...]:
    """The states, and a new one where a session's light is much more even with it than with any of them, or as it is.

    It is judged on pictures that it was not fitted on, each half of the session's by the other. What cells leave of unevenness
    no state takes away, so light that is even teaches none.

    Parameters
    ----------
    pictures
        Of one session: (height, width, 3), uint8, RGB. Fewer than ``FIELDS_FOR_A_STATE`` teach nothing.
    """
    if len(pictures) < FIELDS_FOR_A_STATE:
        return tuple(states)
    known = float(np.median([unevenness(picture, states).min() for picture in pictures]))
    if known <= _EVEN:
        return tuple(states)
    halves = pictures[::2], pictures[1::2]
    crossed = [(fit_illumination(half), other) for half, other in (halves, halves[::-1])]
    own = float(np.median([unevenness(picture, [state])[1] for state, other in crossed for picture in other]))
    if own > _WORTH_IT * known:
        return tuple(states)
    return (*states, fit_illumination(pictures))


def _grid(picture: Picture) -> Array:
    """Logarithm of the light at each place, less its 0.75 quantile in the picture: (places, 3)."""
    small = cv2.resize(picture, (_GRID, _GRID), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    light = np.log(small.astype(np.float64) + 1.0)
    return np.asarray(light - np.quantile(light, _QUANTILE, axis=0), np.float64)


@lru_cache(maxsize=4)
def _terms(rows: int, columns: int) -> Array:
    """The polynomial's terms at each place: (rows x columns, 15)."""
    down, across = np.linspace(-1.0, 1.0, rows)[:, None], np.linspace(-1.0, 1.0, columns)[None]
    powers = [(degree - row, row) for degree in range(ILLUMINATION_DEGREE + 1) for row in range(degree + 1)]
    return np.stack([(across**column * down**row).ravel() for column, row in powers], axis=1)


@lru_cache(maxsize=8)
def _gain(state: IlluminationState, rows: int, columns: int) -> NDArray[np.float32]:
    """What each pixel is multiplied by: (rows, columns, 3)."""
    light = _terms(_GRID, _GRID) @ np.array(state.channels).T
    gain = np.exp(-light).astype(np.float32).reshape(_GRID, _GRID, 3)
    return np.asarray(cv2.resize(gain, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)
