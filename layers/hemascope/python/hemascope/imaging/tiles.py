"""Cuts a field into tiles of the size that the network knows, by the ruler of the microscope.

The pictures that the network learned from are frames of 4:3, squeezed into a square, in which red cells were 19.3 pixels wide
at 299 x 224. So a tile shows as much of a slide as one of them: 224 / 19.3 red cells by 4/3 of that.
"""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.profile import MicroscopeProfile
from hemascope.imaging.correction import apply_profile
from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import to_working_picture
from hemascope.imaging.scale import red_cell_diameter

_REFERENCE_CELL, _REFERENCE_HEIGHT = 19.3, 224.0  # pixels
_ASPECT = 4.0 / 3.0
_SMALLEST_FIELD = 0.6  # of a tile's side: what mirrors can complete
_LARGEST_TILE, _SMALLEST_TILE = 1.3, 0.75  # of a tile's exact side: the network does not mind such errors of scale
_MOST_TILES = 100  # a square field whose red cells are as small as the ruler sees has 70; each costs time
_NEARLY_WHOLE = 0.95  # of a tile's side, from which on a field is not mirrored


class Tile(NamedTuple):
    """Rows ``top`` to ``top + height`` and columns ``left`` to ``left + width`` of a field, in pixels."""

    top: int
    left: int
    height: int
    width: int


def tile_side(red_cell: float) -> tuple[float, float]:
    """Height and width of an exact tile in pixels, for the width of a red cell in pixels.

    Examples
    --------
    >>> tuple(round(side) for side in tile_side(19.3))
    (224, 299)
    """
    height = _REFERENCE_HEIGHT * red_cell / _REFERENCE_CELL
    return height, height * _ASPECT


def plan_tiles(height: int, width: int, red_cell: float) -> tuple[Tile, ...]:
    """The tiles of a field of ``height`` x ``width`` pixels, row by row.

    They cover all of it. They do not overlap but where that would make them smaller than three quarters of an exact tile.

    Raises
    ------
    RejectedSmear
        ``too_small`` where a side is below 60 % of a tile's: the field shows too little of the slide. ``too_many_pixels`` where
        there would be more than 100 tiles.

    Examples
    --------
    >>> plan_tiles(448, 597, 19.3)[-1]
    Tile(top=224, left=298, height=224, width=299)
    """
    rows, columns = (_cut(side, exact) for side, exact in zip((height, width), tile_side(red_cell), strict=True))
    if (count := len(rows) * len(columns)) > _MOST_TILES:
        raise RejectedSmear(
            RejectionReason.TOO_MANY_PIXELS,
            f"expected a field of at most {_MOST_TILES} tiles at this magnification, received one of {count}; photograph less "
            "of the slide at once",
        )
    return tuple(Tile(top, left, high, wide) for top, high in rows for left, wide in columns)


def cut_tile(picture: Picture, tile: Tile, red_cell: float) -> Picture:
    """One tile of a field (height, width, 3), uint8, RGB; where the field is smaller than an exact tile, mirrored at its edges.

    Returns
    -------
    array of shape (height, width, 3), uint8, RGB, C-contiguous
    """
    part = picture[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
    down, across = _missing((tile.height, tile.width), picture.shape, red_cell)
    if not down and not across:
        return np.ascontiguousarray(part)
    edges = (down // 2, down - down // 2, across // 2, across - across // 2)
    return np.asarray(cv2.copyMakeBorder(part, *edges, borderType=cv2.BORDER_REFLECT_101), np.uint8)


class WorkingTile(NamedTuple):
    """A tile with its working picture.

    ``place`` is where it lies in the field as photographed, ``scaled`` where it lies in the field at working scale, and
    ``shown`` the part of the working picture that it fills: all of it, unless mirrors complete it.
    """

    place: Tile
    scaled: Tile
    shown: Tile
    working: Picture


class CutField(NamedTuple):
    """The tiles of a field, row by row, and ``height`` and ``width`` of the field at working scale.

    A field of one tile that needs no mirrors has the working picture itself as its working scale.
    """

    height: int
    width: int
    tiles: tuple[WorkingTile, ...]


def cut_field(picture: Picture, spec: PreprocessingSpec, profile: MicroscopeProfile | None = None) -> CutField:
    """Correct a whole field and cut it into tiles.

    It is first shrunk to the scale of the working pictures, at which it is corrected. Without a ruler it is one tile, however
    large; a field of one tile is brought to its working picture like a picture of a microscope without a ruler.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: a whole frame.
    profile
        Of the microscope; None where it needs no correction.

    Raises
    ------
    RejectedSmear
        ``too_small`` where it shows too little of the slide, ``too_many_pixels`` where it would be more than 100 tiles.
    """
    red_cell = red_cell_in(picture, profile)
    if profile is None or red_cell is None:
        return _uncut(picture, spec, profile)
    shrunk = min(1.0, spec.working_size / tile_side(red_cell)[0])
    height, width = (max(1, round(side * shrunk)) for side in picture.shape[:2])
    places = plan_tiles(height, width, red_cell * shrunk)
    if len(places) == 1 and not any(_missing((height, width), (height, width), red_cell * shrunk)):
        return _uncut(picture, spec, profile)
    corrected = apply_profile(profile, picture if shrunk == 1.0 else _shrink(picture, height, width))
    tiles = [
        WorkingTile(
            _enlarged(place, picture.shape[0] / height, picture.shape[1] / width),
            place,
            _shown(place, (height, width), red_cell * shrunk, spec.working_size),
            to_working_picture(cut_tile(corrected, place, red_cell * shrunk), spec),
        )
        for place in places
    ]
    return CutField(height, width, tuple(tiles))


def red_cell_in(picture: Picture, profile: MicroscopeProfile | None) -> float | None:
    """Width of a red cell in a picture of a microscope, in pixels: the ruler's frame is the picture, at any resolution."""
    if profile is None or profile.ruler is None:
        return None
    return profile.ruler.red_cell * float(picture.shape[1] / profile.ruler.width)


def tiles_across(picture: Picture, profile: MicroscopeProfile | None) -> int:
    """About how many tiles lie along the longer side of a field; 1 where it is not cut."""
    red_cell = red_cell_in(picture, profile)
    if red_cell is None:
        return 1
    high, wide = tile_side(red_cell)
    return max(1, round(float(picture.shape[0] / high)), round(float(picture.shape[1] / wide)))


def relative_scale(picture: Picture, profile: MicroscopeProfile | None) -> float | None:
    """How wide the red cells of a field are, as a multiple of its microscope's ruler; None where nobody can tell.

    Four tiles in the middle are measured at the scale of the working pictures, since the ruler takes longer than a tile.
    """
    red_cell = red_cell_in(picture, profile)
    if red_cell is None:
        return None
    height, width = (min(round(2.0 * exact), side) for exact, side in zip(tile_side(red_cell), picture.shape, strict=False))
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    middle = picture[top : top + height, left : left + width]
    shrunk = min(1.0, _REFERENCE_CELL / red_cell)
    if shrunk < 1.0:
        middle = _shrink(middle, max(1, round(height * shrunk)), max(1, round(width * shrunk)))
    reading = red_cell_diameter(middle)
    return None if reading.diameter is None else reading.diameter / (red_cell * shrunk)


def _uncut(picture: Picture, spec: PreprocessingSpec, profile: MicroscopeProfile | None) -> CutField:
    side = spec.working_size
    whole = Tile(0, 0, side, side)
    place = Tile(0, 0, *picture.shape[:2])
    return CutField(side, side, (WorkingTile(place, whole, whole, to_working_picture(picture, spec, profile)),))


def _shrink(picture: Picture, height: int, width: int) -> Picture:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _enlarged(tile: Tile, down: float, across: float) -> Tile:
    """A tile of the field at working scale, in pixels of the field, which is so many times as high and wide."""
    top, left = round(tile.top * down), round(tile.left * across)
    bottom, right = round((tile.top + tile.height) * down), round((tile.left + tile.width) * across)
    return Tile(top, left, bottom - top, right - left)


def _shown(tile: Tile, field: tuple[int, int], red_cell: float, side: int) -> Tile:
    """The part of a square working picture that is no mirror."""
    down, across = _missing((tile.height, tile.width), field, red_cell)
    (top, height), (left, width) = (
        (round(missing // 2 * side / (have + missing)), round(have * side / (have + missing)))
        for have, missing in ((tile.height, down), (tile.width, across))
    )
    return Tile(top, left, height, width)


def _missing(tile: tuple[int, int], field: tuple[int, ...], red_cell: float) -> tuple[int, int]:
    """Rows and columns by which a tile is mirrored: where the field itself is clearly smaller than an exact tile."""
    down, across = (
        max(0, round(side) - have) if length < _NEARLY_WHOLE * side else 0
        for side, have, length in zip(tile_side(red_cell), tile, field, strict=False)
    )
    return down, across


def _cut(side: int, exact: float) -> list[tuple[int, int]]:
    """Start and length of the tiles along one side."""
    if side < _SMALLEST_FIELD * exact:
        raise RejectedSmear(
            RejectionReason.TOO_SMALL,
            f"expected a field of at least {round(_SMALLEST_FIELD * exact)} pixels a side at this magnification, "
            f"received {side}; use an objective of lower power or photograph the whole frame",
        )
    count = max(1, round(side / exact))
    if side > _LARGEST_TILE * exact * count:
        count += 1
    smallest = round(_SMALLEST_TILE * exact)
    if count > 1 and side < count * smallest:
        starts = np.rint(np.linspace(0, side - smallest, count)).astype(int)
        return [(int(start), smallest) for start in starts]
    edges = [round(side * place / count) for place in range(count + 1)]
    return [(start, stop - start) for start, stop in pairwise(edges)]
