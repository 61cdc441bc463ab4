import cv2
import numpy as np
import pytest

from hemascope.imaging.cells import measure_cells


def drawn(*shapes: tuple[tuple[int, int], tuple[int, int]]) -> np.ndarray:
    """Labels of ellipses: (row, column) of the middle, (half height, half width)."""
    labels = np.zeros((224, 224), np.int32)
    for number, ((row, column), (high, wide)) in enumerate(shapes, start=1):
        labels[cv2.ellipse(np.zeros((224, 224), np.uint8), (column, row), (wide, high), 0, 0, 360, 1, cv2.FILLED) > 0] = number
    return labels


def test_each_cell_has_a_row_in_the_order_of_its_number() -> None:
    labels = drawn(((50, 60), (12, 12)), ((40, 150), (10, 10)), ((160, 90), (9, 18)))

    cells = measure_cells(labels, np.zeros((224, 224, 3), np.uint8), np.array([0.25, 0.5, 0.0]))

    assert [cell.number for cell in cells] == [1, 2, 3]
    assert [(cell.row, cell.column) for cell in cells] == [(50.0, 60.0), (40.0, 150.0), (160.0, 90.0)]
    assert [cell.evidence_share for cell in cells] == [0.25, 0.5, 0.0]


def test_area_is_in_pixels() -> None:
    labels = np.zeros((224, 224), np.int32)
    labels[10:20, 30:37] = 1

    (cell,) = measure_cells(labels, np.zeros((224, 224, 3), np.uint8), np.zeros(1))

    assert cell.area == 70
    assert (cell.row, cell.column) == (14.5, 33.0)


def test_a_disc_is_round_an_oval_less_and_a_bar_hardly() -> None:
    bar = np.zeros((224, 224), np.int32)
    bar[100:104, 50:90] = 1

    disc, oval = measure_cells(
        drawn(((60, 60), (15, 15)), ((150, 150), (10, 20))), np.zeros((224, 224, 3), np.uint8), np.zeros(2)
    )
    (line,) = measure_cells(bar, np.zeros((224, 224, 3), np.uint8), np.zeros(1))

    assert disc.roundness == pytest.approx(1.0, abs=0.08)
    assert oval.roundness == pytest.approx(0.5, abs=0.06)  # an ellipse fills the ratio of its axes of the circle around it
    assert line.roundness == pytest.approx(4 * 40 / (np.pi * 20.1**2), abs=0.01)


def test_brightness_is_the_mean_grey_of_the_cell_alone() -> None:
    labels = np.zeros((224, 224), np.int32)
    labels[10:20, 10:20] = 1
    labels[50:60, 50:60] = 2
    working = np.full((224, 224, 3), 240, np.uint8)
    working[10:15, 10:20] = 40
    working[15:20, 10:20] = 60
    working[50:60, 50:60] = (255, 0, 0)

    cells = measure_cells(labels, working, np.zeros(2))

    assert [cell.brightness for cell in cells] == [50.0, 76.0]  # 0.299 of red


def test_a_single_pixel_is_a_cell_and_no_cells_are_no_rows() -> None:
    labels = np.zeros((224, 224), np.int32)
    labels[7, 9] = 1

    (cell,) = measure_cells(labels, np.zeros((224, 224, 3), np.uint8), np.zeros(1))

    assert (cell.row, cell.column, cell.area) == (7.0, 9.0, 1)
    assert measure_cells(np.zeros((224, 224), np.int32), np.zeros((224, 224, 3), np.uint8), np.zeros(0)) == ()
