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

_REFERENCE_CELL, _REFERENCE_HEIGHT = 19.3, 224.0  # pixels
_ASPECT = 4.0 / 3.0
_SMALLEST_FIELD = 0.6  # of a tile's side: what mirrors can complete
_LARGEST_TILE, _SMALLEST_TILE = 1.3, 0.75  # of a tile's exact side: the network does not mind such errors of scale
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
        ``too_small`` where a side is below 60 % of a tile's: the field shows too little of the slide.

    Examples
    --------
    >>> plan_tiles(448, 597, 19.3)[-1]
    Tile(top=224, left=298, height=224, width=299)
    """
    rows, columns = (_cut(side, exact) for side, exact in zip((height, width), tile_side(red_cell), strict=True))
    return tuple(Tile(top, left, high, wide) for top, high in rows for left, wide in columns)


def cut_tile(picture: Picture, tile: Tile, red_cell: float) -> Picture:
    """One tile of a field (height, width, 3), uint8, RGB; where the field is smaller than an exact tile, mirrored at its edges.

    Returns
    -------
    array of shape (height, width, 3), uint8, RGB, C-contiguous
    """
    part = picture[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
    exact = tile_side(red_cell)
    missing = [
        round(side) - have if len_of_field < _NEARLY_WHOLE * side else 0
        for side, have, len_of_field in zip(exact, part.shape, picture.shape, strict=False)
    ]
    if max(missing) <= 0:
        return np.ascontiguousarray(part)
    down, across = (max(0, pixels) for pixels in missing)
    edges = (down // 2, down - down // 2, across // 2, across - across // 2)
    return np.asarray(cv2.copyMakeBorder(part, *edges, borderType=cv2.BORDER_REFLECT_101), np.uint8)


def working_tiles(picture: Picture, spec: PreprocessingSpec, profile: MicroscopeProfile) -> list[tuple[Tile, Picture]]:
    """Correct a whole field and cut it: each tile, in pixels of the field, with its working picture.

    The field is first shrunk to the scale of the working pictures. Without a ruler it is one tile, however large.

    Raises
    ------
    RejectedSmear
        ``too_small`` where it shows too little of the slide.
    """
    height, width = picture.shape[:2]
    if profile.ruler is None:
        return [(Tile(0, 0, height, width), to_working_picture(picture, spec, profile))]
    red_cell = profile.ruler.red_cell * width / profile.ruler.width
    shrunk = min(1.0, spec.working_size / tile_side(red_cell)[0])
    if shrunk < 1.0:
        shape = (max(1, round(width * shrunk)), max(1, round(height * shrunk)))
        picture = np.asarray(cv2.resize(picture, shape, interpolation=cv2.INTER_AREA), np.uint8)
    corrected = apply_profile(profile, picture)
    tiles = plan_tiles(picture.shape[0], picture.shape[1], red_cell * shrunk)
    return [
        (_enlarged(tile, 1.0 / shrunk), to_working_picture(cut_tile(corrected, tile, red_cell * shrunk), spec))
        for tile in tiles
    ]


def _enlarged(tile: Tile, by: float) -> Tile:
    return Tile(*(round(pixels * by) for pixels in tile))


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
