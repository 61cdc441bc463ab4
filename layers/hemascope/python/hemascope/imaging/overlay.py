"""Draws what was found on what was photographed."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.errors import HemascopeError
from hemascope.domain.report import CellRow
from hemascope.imaging.decode import Picture
from hemascope.imaging.segment import Segmentation

_CONTOUR = (0, 150, 60)  # green: the one colour that no stain has
_NO_CELL = (150, 150, 150)  # what the mask holds beside cells
_BRIGHT, _DARK = (255, 255, 255), (40, 0, 70)  # of a number and its halo: bright on a dark cell, dark on a pale one
_PALE_CELL = 155.0  # grey level
_SLIVER = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
_LONGEST_SIDE = 1024  # pixels; more is for nobody's eyes and costs time to encode
_TILE_SIDE, _LARGEST_FIELD = 400, 2048  # pixels; of a field that was cut each tile shall be seen, and the file stay small
_NUMBERED_SIDE = 448  # pixels; below it a number hides the cell it names


def shrink_for_overlay(picture: Picture, tiles: int = 1) -> Picture:
    """The picture as large as its overlay will be, itself where it is no larger; the same overlay is drawn on either.

    ``tiles``: how many of a cut field lie along its longer side.
    """
    height, width = picture.shape[:2]
    scale = min(_LARGEST_FIELD, max(_LONGEST_SIDE, _TILE_SIDE * tiles)) / max(height, width)
    if scale >= 1.0:
        return picture
    shown = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, shown, interpolation=cv2.INTER_AREA), np.uint8)


def draw_overlay(picture: Picture, segmentation: Segmentation, cells: Sequence[CellRow] = (), tiles: int = 1) -> Picture:
    """Draw the outline of every segmented cell on the original picture, and its number where there is a table of cells.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: as decoded, of any size.
    segmentation
        Of its working picture.
    cells
        To be numbered: the rows of :func:`hemascope.imaging.cells.measure_cells`.
    tiles
        How many of a cut field lie along its longer side: lines and numbers are drawn finer.

    Returns
    -------
    array of at most 1,024 pixels a side (2,048 of a cut field) and of the picture's shape, uint8, RGB; small ones with numbers
    are doubled
    """
    canvas = shrink_for_overlay(picture, tiles)
    pen = max(canvas.shape) / max(1.0, tiles / 2.0)
    if cells and max(canvas.shape) < _NUMBERED_SIDE:
        canvas, pen = np.asarray(cv2.resize(canvas, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR), np.uint8), 2.0 * pen
    elif canvas is picture:
        canvas = picture.copy()
    if not cells:
        return _outline(canvas, _enlarged(segmentation.mask.astype(np.uint8), canvas), _CONTOUR, pen)
    _outline(canvas, _enlarged(_beside_cells(segmentation), canvas), _NO_CELL, pen)
    labels = _enlarged(segmentation.labels, canvas)
    boxes = _boxes(segmentation.labels, labels.shape)
    for number in (cell.number for cell in cells if cell.number in boxes):
        rows, columns = boxes[number]
        _outline(canvas, (labels[rows, columns] == number).astype(np.uint8), _CONTOUR, pen, (columns.start, rows.start))
    for cell in cells:
        _write(canvas, cell, segmentation.mask.shape, pen)
    return canvas


def _beside_cells(segmentation: Segmentation) -> NDArray[np.uint8]:
    """What the mask holds beside cells, without the slivers where it reaches a little further than a cell."""
    beside = (segmentation.mask & (segmentation.labels == 0)).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(beside, cv2.MORPH_OPEN, _SLIVER), np.uint8)


def _enlarged(working: NDArray[Any], canvas: Picture) -> NDArray[Any]:
    height, width = canvas.shape[:2]
    return np.asarray(cv2.resize(working, (width, height), interpolation=cv2.INTER_NEAREST))


def _boxes(labels: NDArray[np.int32], shown: tuple[int, ...]) -> dict[int, tuple[slice, slice]]:
    """By number, rows and columns of the enlarged labels that hold a cell and a frame around it."""
    rows, columns = np.nonzero(labels)
    numbers = labels[rows, columns]
    count, sides = numbers.max(initial=0), []
    for places, have, want in ((rows, labels.shape[0], shown[0]), (columns, labels.shape[1], shown[1])):
        first, last = np.full(count, have), np.zeros(count, np.intp)
        np.minimum.at(first, numbers - 1, places)
        np.maximum.at(last, numbers - 1, places)
        starts, stops = first * want // have - 2, (last + 1) * want // have + 3
        sides.append([slice(max(0, start), stop) for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)])
    return dict(enumerate(zip(*sides, strict=True), start=1))


def _outline(
    canvas: Picture, mask: NDArray[np.uint8], colour: tuple[int, int, int], pen: float, offset: tuple[int, int] = (0, 0)
) -> Picture:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=offset)
    thickness = max(1, round(pen / 400))
    return np.asarray(cv2.drawContours(canvas, contours, -1, colour, thickness, cv2.LINE_AA), np.uint8)


def _write(canvas: Picture, cell: CellRow, working: tuple[int, ...], pen: float) -> None:
    """The number in the middle of its cell."""
    height, width = canvas.shape[:2]
    size = pen / 1100
    (wide, high), _ = cv2.getTextSize(str(cell.number), cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    column = (cell.column + 0.5) * width / working[1] - wide / 2
    row = (cell.row + 0.5) * height / working[0] + high / 2
    # A number is never cut off by the picture's edge.
    place = (int(min(max(column, 1), width - wide - 1)), int(min(max(row, high + 1), height - 2)))
    colours = (_BRIGHT, _DARK) if cell.brightness > _PALE_CELL else (_DARK, _BRIGHT)
    for colour, thickness in zip(colours, (3, 1), strict=True):
        cv2.putText(canvas, str(cell.number), place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness, cv2.LINE_AA)


def encode_png(picture: Picture) -> bytes:
    """PNG file of an RGB picture.

    Raises
    ------
    HemascopeError
        Where the array is empty.
    """
    if picture.size == 0:
        raise HemascopeError(f"expected an RGB picture, received an array of shape {picture.shape}")
    # OpenCV's own settings: to ask for a level of compression turns its fast filter off, for larger files in twice the time.
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return data.tobytes()


def encode_pngs(pictures: Iterable[Picture]) -> Iterator[bytes]:
    """PNG files of RGB pictures, in their order; the next ones are made while one is used."""
    with ThreadPoolExecutor(max(1, cv2.getNumThreads())) as threads:
        yield from threads.map(encode_png, pictures)
