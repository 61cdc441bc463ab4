"""A minimizer for a dozen unknowns: OpenCV's take no function of Python's, and SciPy is not in the image."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
_SUFFICIENT = 1e-4  # of the decrease that the gradient promises (Armijo)
_SHORTEST_STEP = 1e-10


def minimize(
    function: Callable[[Vector], tuple[float, Vector]], start: Vector, iterations: int = 150, tolerance: float = 1e-7
) -> tuple[Vector, float]:
    """Minimize a smooth function by BFGS (Nocedal and Wright, Numerical Optimization, algorithm 6.1) with backtracking.

    Parameters
    ----------
    function
        Point (n,) -> value and gradient (n,).
    start
        (n,), float64.
    tolerance
        Relative decrease of the value below which it stops.

    Returns
    -------
    tuple
        The point and its value, which is never above that of the start.

    Examples
    --------
    >>> point, value = minimize(lambda x: (float(((x - 3.0) ** 2).sum()), 2.0 * (x - 3.0)), np.zeros(2))
    >>> point.round(4).tolist()
    [3.0, 3.0]
    """
    point, (value, gradient) = start.copy(), function(start)
    inverse = np.eye(len(start)) / max(float(np.linalg.norm(gradient)), 1e-12)
    for iteration in range(iterations):
        direction = -inverse @ gradient
        slope = float(direction @ gradient)
        if slope >= 0.0:  # rounding made the matrix useless
            inverse = np.eye(len(start)) / max(float(np.linalg.norm(gradient)), 1e-12)
            direction = -inverse @ gradient
            slope = float(direction @ gradient)
        step = 1.0
        next_value, next_gradient = function(point + step * direction)
        while not next_value <= value + _SUFFICIENT * step * slope:
            step *= 0.4
            if step < _SHORTEST_STEP:
                return point, value
            next_value, next_gradient = function(point + step * direction)
        moved, bent = step * direction, next_gradient - gradient
        decrease = value - next_value
        point, value, gradient = point + moved, next_value, next_gradient
        if decrease <= tolerance * max(1.0, abs(value)):
            break
        curvature = float(moved @ bent)
        if curvature > 1e-12 * float(np.linalg.norm(moved) * np.linalg.norm(bent)):
            if iteration == 0:
                inverse = np.eye(len(start)) * curvature / float(bent @ bent)
            along = inverse @ bent
            inverse += (curvature + float(bent @ along)) / curvature**2 * np.outer(moved, moved)
            inverse -= (np.outer(along, moved) + np.outer(moved, along)) / curvature
    return point, value
