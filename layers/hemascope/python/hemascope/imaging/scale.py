"""The ruler: how wide a red cell is in a picture. Red cells of a person's blood are equally wide on any microscope.

It looks for discs of one size in what the paler half of the stained pixels absorb, whatever their colour: the edge of a disc
points at its centre from everywhere (a circular Hough transform by gradients), and only at the right radius.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.imaging.colour import DENSITY
from hemascope.imaging.decode import Picture

Plane = NDArray[np.float32]
# "RBCs are 7-8 micrometers in diameter" in a prepared blood sample (NIH, Virtual Microscope, Medical Reference Manual). In iron
# deficiency they are smaller and in megaloblastic anemia larger, and sizes in micrometres are wrong by as much.
RED_CELL_MICROMETRES = 7.5
_LONGEST_SIDE = 900  # pixels in which discs are looked for
_SMALLEST, _LARGEST = 8.0, 260.0  # pixels: diameters that are looked for, in that picture
_STEP = 1.05  # from one diameter to the next
_LEVEL = (18.0, 25.5)  # pixels: diameters in the picture of a level; levels are half an octave apart
_LEVEL_PIXELS = 250_000  # of a level at most
_EDGE = 0.25  # of the 90th percentile of the slopes: what is an edge
_EDGE_SMOOTHING = 1.2  # pixels of a level: standard deviation
_BLUR = 0.11  # of the radius: how far an edge's vote reaches
_PEAK, _FLOOR = 0.36, 0.28  # share of a disc's circumference that must point at its centre, and that chance gives
_FEWEST_PEAKS = 3
_LEAST_SHARE = 0.55  # of the evidence must lie around one diameter
_LARGEST_SECOND = 0.55  # of the evidence of the best diameter: what another one may have
_LEAST_COVER = 0.02  # of the picture must be red cells
_SMOOTHING = 1.5  # steps of diameter
_AROUND = 5  # steps of diameter to either side of the best one that belong to it
_LEAST_DENSITY = 0.06  # what a stained pixel absorbs at least
_INK = 0.7  # optical density along the stain half-way up an edge; red cells of four laboratories stay below 0.45


class Reading(NamedTuple):
    """What the ruler saw: diameter of a red cell in pixels, None where it can't tell, and the figures that it decides by.

    ``peaks``: discs at that diameter. ``share``: of all evidence that lies around it. ``second``: evidence of the next best
    diameter, as a share of the best. ``cover``: share of the picture that the discs cover.
    """

    diameter: float | None
    peaks: int = 0
    share: float = 0.0
    second: float = 0.0
    cover: float = 0.0


class _Spectrum(NamedTuple):
    """Diameters in pixels; for each the evidence, the share of the picture that its discs cover, and their number."""

    diameters: NDArray[np.float64]
    evidence: NDArray[np.float64]
    covers: NDArray[np.float64]
    peaks: NDArray[np.int64]


class _Edges(NamedTuple):
    """Edges one pixel wide: places, the unit vector towards what absorbs more, and the median optical density on them."""

    rows: Plane
    columns: Plane
    down: Plane
    across: Plane
    density: float


def red_cell_diameter(picture: Picture) -> Reading:
    """Measure the diameter of the red cells.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB, of square pixels.
    """
    longest = max(picture.shape[:2])
    scale = min(1.0, _LONGEST_SIDE / longest)
    if scale < 1.0:
        picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    stain = _red_stain(picture)
    if stain is None:
        return Reading(None)
    return _read(_spectrum(stain), scale)


def microscope_diameter(readings: Sequence[Reading]) -> float | None:
    """Median of the pictures that tell, in pixels; None where none does.

    Examples
    --------
    >>> microscope_diameter([Reading(20.0), Reading(None), Reading(22.0), Reading(21.0)])
    21.0
    """
    told = [reading.diameter for reading in readings if reading.diameter is not None]
    return float(np.median(told)) if told else None


def _red_stain(picture: Picture) -> Plane | None:
    """Optical density over the background, along the colour of the paler half of what is stained; None where nothing is."""
    density = DENSITY[picture]
    density -= _background(density)
    total = density.sum(axis=2)
    strongest = float(np.percentile(total, 99))
    if strongest < 3.0 * _LEAST_DENSITY:
        return None
    grey = np.asarray(np.clip(255.0 * total / strongest, 0, 255), np.uint8)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    stained = total > max(threshold / 255.0 * strongest * 0.6, _LEAST_DENSITY)
    pale = stained & (total <= np.median(total[stained])) if stained.any() else stained
    if not pale.any():
        return None
    direction = density[pale].mean(axis=0)
    length = float(np.linalg.norm(direction))
    if length < _LEAST_DENSITY / 3.0:
        return None
    return np.asarray(density @ (direction / length).astype(np.float32), np.float32)


def _background(density: Plane) -> Plane:
    """A quadratic surface through the empty slide, of each channel: (height, width, 3)."""
    height, width = density.shape[:2]
    small = cv2.resize(density, (48, 36), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float64)
    terms = _quadratic(36, 48)
    kept = np.ones(len(small), np.bool_)
    for _ in range(6):
        surface = terms @ np.linalg.lstsq(terms[kept], small[kept], rcond=None)[0]
        above = (small - surface).sum(axis=1)
        kept = above <= np.percentile(above, 40)
    coefficients = np.linalg.lstsq(terms[kept], small[kept], rcond=None)[0]
    rough = (terms @ coefficients).reshape(36, 48, 3).astype(np.float32)
    return np.asarray(cv2.resize(rough, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _quadratic(rows: int, columns: int) -> NDArray[np.float64]:
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)


def _spectrum(stain: Plane) -> _Spectrum:
    count = int(np.log(_LARGEST / _SMALLEST) / np.log(_STEP)) + 1
    diameters = np.asarray(_SMALLEST * _STEP ** np.arange(count), np.float64)
    evidence, covers, peaks = np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
    levels = np.floor(2.0 * np.log2(diameters / _LEVEL[0])) / 2.0
    for level in np.unique(levels):
        zoom = float(2.0**-level)
        part = _middle(stain, zoom)
        if min(part.shape) * zoom < _LEVEL[0]:
            continue
        method = cv2.INTER_AREA if zoom < 1.0 else cv2.INTER_LINEAR
        seen = np.asarray(cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=method), np.float32)
        edges = _find_edges(seen)
        if edges.density > _INK:
            continue
        for index in np.flatnonzero(levels == level):
            width = float(diameters[index]) * zoom
            found = _find_discs(edges, width, seen.shape)
            evidence[index] = float(np.square(found - _FLOOR).sum()) * width**2 / seen.size
            covers[index] = len(found) * np.pi / 4.0 * width**2 / seen.size
            peaks[index] = len(found)
    return _Spectrum(diameters, evidence, covers, peaks)


def _middle(stain: Plane, zoom: float) -> Plane:
    """The middle of a picture, of as many pixels as a level may have when it is zoomed: small cells are many."""
    keep = min(1.0, float(np.sqrt(_LEVEL_PIXELS / (stain.size * zoom * zoom))))
    height, width = (max(1, round(side * keep)) for side in stain.shape)
    top, left = (stain.shape[0] - height) // 2, (stain.shape[1] - width) // 2
    return stain[top : top + height, left : left + width]


def _find_edges(seen: Plane) -> _Edges:
    smooth = np.asarray(cv2.GaussianBlur(seen, (0, 0), _EDGE_SMOOTHING), np.float32)
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3), np.float32)
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3), np.float32)
    slope = np.asarray(cv2.magnitude(across, down), np.float32)
    inner = slope[1:-1, 1:-1] > max(_EDGE * float(np.percentile(slope, 90)), 1e-6)
    rows, columns = (places + 1 for places in np.nonzero(inner))
    own = slope[rows, columns]
    unit_down, unit_across = down[rows, columns] / own, across[rows, columns] / own
    step_down, step_across = np.rint(unit_down).astype(np.intp), np.rint(unit_across).astype(np.intp)
    ahead, behind = slope[rows + step_down, columns + step_across], slope[rows - step_down, columns - step_across]
    # The ridge's top between the pixels, by a parabola through three slopes.
    bend = np.minimum(ahead + behind - 2.0 * own, -1e-9)
    offset = np.clip(0.5 * (behind - ahead) / bend, -0.5, 0.5)
    thin = (own >= ahead) & (own > behind)
    planes = (rows + offset * unit_down, columns + offset * unit_across, unit_down, unit_across)
    density = float(np.median(smooth[rows[thin], columns[thin]])) if thin.any() else 0.0
    top_rows, top_columns, to_row, to_column = (np.asarray(plane[thin], np.float32) for plane in planes)
    return _Edges(top_rows, top_columns, to_row, to_column, density)


def _find_discs(edges: _Edges, diameter: float, shape: tuple[int, ...]) -> Plane:
    """Of each disc of a diameter, the share of its circumference that points at its centre."""
    radius = diameter / 2.0
    row = np.rint(edges.rows + radius * edges.down).astype(np.intp)
    column = np.rint(edges.columns + radius * edges.across).astype(np.intp)
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    votes = np.bincount(row[inside] * shape[1] + column[inside], minlength=shape[0] * shape[1]).reshape(shape)
    reach = _BLUR * radius
    shares = cv2.GaussianBlur(votes.astype(np.float32), (0, 0), reach) * np.float32(2.0 * np.pi * reach**2 / (np.pi * diameter))
    size = 2 * max(1, round(0.5 * radius)) + 1
    highest = cv2.dilate(shares, np.ones((size, size), np.uint8))
    return np.asarray(shares[(shares >= highest) & (shares > _PEAK)], np.float32)


def _read(found: _Spectrum, scale: float) -> Reading:
    smooth = np.asarray(cv2.GaussianBlur(found.evidence[None], (0, 0), _SMOOTHING, borderType=cv2.BORDER_CONSTANT)[0])
    best = int(smooth.argmax())
    if smooth[best] <= 0.0:
        return Reading(None)
    around, beside = slice(max(0, best - _AROUND), best + _AROUND + 1), slice(max(0, best - 1), best + 2)
    far = np.abs(np.arange(len(smooth)) - best) > _AROUND // 2
    highest = np.asarray(cv2.dilate(smooth[None], np.ones((1, 5), np.uint8))[0])
    second = float(smooth[far & (smooth == highest)].max(initial=0.0) / smooth[best])
    share = float(smooth[around].sum() / smooth.sum())
    peaks, cover = int(found.peaks[beside].max()), float(found.covers[beside].max())
    diameter = float(np.exp(np.average(np.log(found.diameters[around]), weights=smooth[around]))) / scale
    told = peaks >= _FEWEST_PEAKS and share > _LEAST_SHARE and second < _LARGEST_SECOND and cover >= _LEAST_COVER
    return Reading(diameter if told else None, peaks, share, second, cover)
