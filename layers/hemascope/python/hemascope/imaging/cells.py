"""One row a cell: where it lies and what it looks like."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.report import CellRow
from hemascope.imaging.decode import Picture


def measure_cells(
    labels: NDArray[np.int32], working: Picture, shares: NDArray[np.float64], pixel_area: float | None = None
) -> tuple[CellRow, ...]:
    """Measure each numbered cell.

    Parameters
    ----------
    labels
        (height, width), int32: 0 outside of cells, 1 to n in them, without gaps.
    working
        (height, width, 3), uint8, RGB.
    shares
        (n,), float64, 0-1: of the evidence for the label, by cell.
    pixel_area
        Of a pixel of the labels, in square micrometres; None where it is not known, and cells have no diameter.

    Returns
    -------
    tuple of CellRow
        In the order of the numbers.

    Examples
    --------
    >>> labels = np.zeros((224, 224), np.int32)
    >>> labels[50:60, 100:110] = 1
    >>> (cell,) = measure_cells(labels, np.full((224, 224, 3), 90, np.uint8), np.array([0.25]))
    >>> cell.number, cell.row, cell.column, cell.area, cell.brightness, cell.evidence_share
    (1, 54.5, 104.5, 100, 90.0, 0.25)
    >>> measure_cells(labels, np.full((224, 224, 3), 90, np.uint8), np.array([0.25]), pixel_area=0.7854)[0].diameter
    10.0
    """
    rows, columns = np.nonzero(labels)
    numbers = labels[rows, columns]
    order = np.argsort(numbers, kind="stable")
    places = np.column_stack([columns, rows])[order].astype(np.float32)
    grey = np.asarray(cv2.cvtColor(working, cv2.COLOR_RGB2GRAY), np.uint8)[rows, columns][order]
    ends = np.cumsum(np.bincount(numbers)[1:])[:-1] if len(numbers) else np.zeros(0, np.int64)
    cells = zip(np.split(places, ends), np.split(grey, ends), strict=True) if len(numbers) else ()
    return tuple(_row(number, *cell, shares[number - 1], pixel_area) for number, cell in enumerate(cells, start=1))


def _row(
    number: int, pixels: NDArray[np.float32], levels: NDArray[np.uint8], share: float, pixel_area: float | None
) -> CellRow:
    column, row = pixels.mean(axis=0, dtype=np.float64)
    _, radius = cv2.minEnclosingCircle(pixels)
    around = np.pi * (radius + 0.5) ** 2  # the circle goes through the middles of pixels
    return CellRow(
        number=number,
        row=round(float(row), 1),
        column=round(float(column), 1),
        area=len(pixels),
        diameter=round(2.0 * math.sqrt(len(pixels) * pixel_area / math.pi), 1) if pixel_area else None,
        roundness=round(min(1.0, len(pixels) / around), 3),
        brightness=round(float(levels.mean()), 1),
        evidence_share=float(share),
    )
