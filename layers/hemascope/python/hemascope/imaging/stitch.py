"""Puts together what was found in the tiles of a field: one mask, one picture, one map, and each cell once.

Every pixel of the field belongs to one tile: where tiles overlap, to the one whose middle is nearer. A field of one tile that
fills its working picture is left as it is, bit for bit.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.decode import Picture
from hemascope.imaging.segment import Segmentation
from hemascope.imaging.separate import Labels
from hemascope.imaging.tiles import CutField, Tile, WorkingTile

_CONTACT = 0.5  # of the shorter of two cells' edges along a border: from so much contact on they are one cell that it cuts
_SLIVER = 40  # pixels: what a border and a white corner leave of a cell; segmentation itself keeps nothing that is so small


def stitch_segmentations(cut: CutField, found: Sequence[Segmentation]) -> Segmentation:
    """The mask and the cells of a field; a cell that borders of tiles cut is one cell.

    Returns
    -------
    Segmentation
        (height, width) of the field at working scale; its cells are numbered from top to bottom.
    """
    if _is_whole(cut):
        return found[0]
    mask, labels = np.zeros((cut.height, cut.width), np.bool_), np.zeros((cut.height, cut.width), np.int32)
    first = 0
    for tile, own, segmentation in zip(cut.tiles, _owned(cut), found, strict=True):
        place = np.s_[own.top : own.top + own.height, own.left : own.left + own.width]
        mask[place] = _part(segmentation.mask.astype(np.uint8), tile, own, cv2.INTER_NEAREST) > 0
        part = _part(segmentation.labels, tile, own, cv2.INTER_NEAREST)
        labels[place] = np.where(part > 0, part + first, 0)
        first += segmentation.cell_count
    borders = _borders(cut)
    cells = _ordered(_without_slivers(_joined(labels, borders, first), borders))
    return Segmentation(mask, int(cells.max(initial=0)), cells)


def stitch_pictures(cut: CutField, pictures: Sequence[Picture]) -> Picture:
    """One picture of the tiles' working pictures: (height, width, 3) of the field at working scale, uint8, RGB."""
    if _is_whole(cut):
        return pictures[0]
    whole = np.zeros((cut.height, cut.width, 3), np.uint8)
    for tile, own, picture in zip(cut.tiles, _owned(cut), pictures, strict=True):
        whole[own.top : own.top + own.height, own.left : own.left + own.width] = _part(picture, tile, own, cv2.INTER_LINEAR)
    return whole


def stitch_maps(cut: CutField, maps: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """One map of the tiles' maps, each (rows, columns), float32.

    Returns
    -------
    array of shape (height, width), float32
        Of the field at working scale, at least 0; the map itself, as it is, where nothing was cut.
    """
    if _is_whole(cut):
        return maps[0]
    whole = np.zeros((cut.height, cut.width), np.float32)
    for tile, own, contributions in zip(cut.tiles, _owned(cut), maps, strict=True):
        spread = cv2.resize(
            np.maximum(contributions, np.float32(0.0)), tile.working.shape[1::-1], interpolation=cv2.INTER_LINEAR
        )
        part = _part(np.asarray(spread, np.float32), tile, own, cv2.INTER_LINEAR)
        whole[own.top : own.top + own.height, own.left : own.left + own.width] = part
    return whole


def weigh_maps(maps: Sequence[NDArray[np.float32]], weights: Sequence[float]) -> list[NDArray[np.float32]]:
    """Maps (rows, columns), float32, at least 0, of which each sums to its weight; a single one stays as it is."""
    if len(maps) == 1:
        return list(maps)
    return [
        np.asarray(contributions * (weight / max(float(contributions.sum(dtype=np.float64)), 1e-12)), np.float32)
        for contributions, weight in zip(maps, weights, strict=True)
    ]


def _is_whole(cut: CutField) -> bool:
    """Whether the field at working scale is the working picture of its only tile."""
    first = cut.tiles[0]
    return len(cut.tiles) == 1 and first.scaled == first.shown == Tile(0, 0, *first.working.shape[:2])


def _part(working: NDArray[Any], tile: WorkingTile, own: Tile, method: int) -> NDArray[Any]:
    """What a tile found, brought to the field's working scale and cut to what belongs to the tile."""
    shown = tile.shown
    seen = working[shown.top : shown.top + shown.height, shown.left : shown.left + shown.width]
    scaled = cv2.resize(np.ascontiguousarray(seen), (tile.scaled.width, tile.scaled.height), interpolation=method)
    top, left = own.top - tile.scaled.top, own.left - tile.scaled.left
    return np.asarray(scaled)[top : top + own.height, left : left + own.width]


def _owned(cut: CutField) -> list[Tile]:
    """Of each tile the part of the field that belongs to it; together they are the field, without overlap."""
    rows = _edges({(tile.scaled.top, tile.scaled.height) for tile in cut.tiles})
    columns = _edges({(tile.scaled.left, tile.scaled.width) for tile in cut.tiles})
    return [
        Tile(top, left, bottom - top, right - left)
        for (top, bottom), (left, right) in ((rows[tile.scaled.top], columns[tile.scaled.left]) for tile in cut.tiles)
    ]


def _edges(sides: set[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """By the start of a tile along one side, where its own part begins and ends."""
    ordered = sorted(sides)
    middles = [(start + length + following) // 2 for (start, length), (following, _) in pairwise(ordered)]
    ends = [ordered[0][0], *middles, sum(ordered[-1])]
    return {start: between for (start, _), between in zip(ordered, pairwise(ends), strict=True)}


def _borders(cut: CutField) -> tuple[list[int], list[int]]:
    """The first rows and the first columns behind a border between tiles."""
    owned = _owned(cut)
    return sorted({own.top for own in owned} - {0}), sorted({own.left for own in owned} - {0})


def _joined(labels: Labels, borders: tuple[list[int], list[int]], count: int) -> Labels:
    """Labels in which two cells that touch along most of their edge at a border are one."""
    of = np.arange(count + 1)
    edges = [(labels[row - 1], labels[row]) for row in borders[0]]
    edges += [(labels[:, column - 1], labels[:, column]) for column in borders[1]]
    for before, behind in edges:
        for (one, other), contact in _contacts(before, behind).items():
            if contact >= _CONTACT * min((before == one).sum(), (behind == other).sum()):
                first, second = sorted((of[one], of[other]))
                of[of == second] = first
    return np.asarray(of[labels], np.int32)


def _contacts(before: Labels, behind: Labels) -> dict[tuple[int, int], int]:
    """Along how many pixels of a border (n,) two cells touch; what a tile found may be off by a pixel."""
    found: dict[tuple[int, int], int] = {}
    for shifted in (behind, np.append(behind[1:], 0), np.append(0, behind[:-1])):
        pairs, contacts = np.unique(np.stack([before, shifted])[:, (before > 0) & (shifted > 0)], axis=1, return_counts=True)
        for (one, other), contact in zip(pairs.T.tolist(), contacts.tolist(), strict=True):
            found[one, other] = max(contact, found.get((one, other), 0))
    return found


def _without_slivers(labels: Labels, borders: tuple[list[int], list[int]]) -> Labels:
    areas = np.bincount(labels.ravel())
    rows, columns = ([line for border in side for line in (border - 1, border)] for side in borders)
    cut = np.union1d(labels[rows], labels[:, columns])
    dropped = np.zeros(len(areas), np.bool_)
    dropped[cut[areas[cut] < _SLIVER]] = True
    return np.asarray(np.where(dropped[labels], 0, labels), np.int32)


def _ordered(labels: Labels) -> Labels:
    """Labels without gaps, in the order in which they appear from top to bottom."""
    numbers, places = np.unique(labels, return_index=True)
    cells = numbers > 0
    order = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    order[numbers[cells][np.argsort(places[cells])]] = np.arange(1, int(cells.sum()) + 1)
    return np.asarray(order[labels], np.int32)
