"""Draws what was found on what was photographed."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.contracts.errors import HemascopeError
from hemascope.contracts.report import CellRow
from hemascope.imaging.decode import Picture
from hemascope.imaging.segment import Segmentation

_CONTOUR = (0, 150, 60)  # green: the one colour that no stain has
_NO_CELL = (150, 150, 150)  # what the mask holds beside cells
_BRIGHT, _DARK = (255, 255, 255), (40, 0, 70)  # of a number and its halo: bright on a dark cell, dark on a pale one
_PALE_CELL = 155.0  # grey level
_SLIVER = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
_LONGEST_SIDE = 1024  # pixels; more is for nobody's eyes and costs time to encode
_NUMBERED_SIDE = 448  # pixels; below it a number hides the cell it names


def draw_overlay(picture: Picture, segmentation: Segmentation, cells: Sequence[CellRow] = ()) -> Picture:
    """Draw the outline of every segmented cell on the original picture, and its number where there is a table of cells.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB: as decoded, of any size.
    segmentation
        Of its working picture.
    cells
        To be numbered: the rows of :func:`hemascope.imaging.cells.measure_cells`.

    Returns
    -------
    array of at most 1,024 pixels a side and of the picture's shape, uint8, RGB; small ones with numbers are doubled
    """
    height, width = picture.shape[:2]
    scale = min(1.0, _LONGEST_SIDE / max(height, width))
    if cells and max(height, width) < _NUMBERED_SIDE:
        scale = 2.0
    shown = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    canvas = picture.copy() if scale == 1.0 else np.asarray(cv2.resize(picture, shown, interpolation=method), np.uint8)
    if not cells:
        return _outline(canvas, segmentation.mask, _CONTOUR)
    _outline(canvas, _beside_cells(segmentation), _NO_CELL)
    for cell in cells:
        _outline(canvas, segmentation.labels == cell.number, _CONTOUR)
    for cell in cells:
        _write(canvas, cell, segmentation.mask.shape)
    return canvas


def _beside_cells(segmentation: Segmentation) -> NDArray[np.bool_]:
    """What the mask holds beside cells, without the slivers where it reaches a little further than a cell."""
    beside = (segmentation.mask & (segmentation.labels == 0)).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(beside, cv2.MORPH_OPEN, _SLIVER), np.bool_)


def _outline(canvas: Picture, mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> Picture:
    height, width = canvas.shape[:2]
    shown = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(shown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    thickness = max(1, round(max(height, width) / 400))
    return np.asarray(cv2.drawContours(canvas, contours, -1, colour, thickness, cv2.LINE_AA), np.uint8)


def _write(canvas: Picture, cell: CellRow, working: tuple[int, ...]) -> None:
    """The number in the middle of its cell."""
    height, width = canvas.shape[:2]
    size = max(height, width) / 1100
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
    _, data = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()
