"""Brings a smear to the colours of a reference stain and lamp, by three anchors that it holds itself.

Each picture is seen as light that an empty slide lets through, less what red cells and stained nuclei absorb (Ruifrok and
Johnston, Anal. Quant. Cytol. Histol. 23 (2001) 291-299, here in absorbed light rather than optical density: a dark
nucleus then doesn't outweigh the pale ones). The anchors are ranks of channels that a shift of hue, saturation,
brightness or gamma leaves in order: red cells are darkest in blue, nuclei differ most between blue and green. So a shift
moves the anchors with the picture, and mapping the anchors to a reference takes it out again; what a sensor lost by
overexposure it can't bring back.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.preprocessing import PreprocessingSpec, StainSpec
from hemascope.imaging.decode import Picture

Vector = NDArray[np.float64]
_DARKEST = 1.0  # grey level; keeps a black picture from dividing by nothing


class Anchors(NamedTuple):
    """Colour of the empty slide, 0-255, and what red cells and nuclei absorb of it, 0-1: (3,) each, RGB."""

    slide: Vector
    red_cells: Vector
    nuclei: Vector


class NormalizedStain(NamedTuple):
    """Two pictures of the working picture's shape, uint8, RGB: in reference colours, and its nuclear stain alone."""

    picture: Picture
    nuclei: Picture


def normalize_stain(working: Picture, spec: PreprocessingSpec) -> NormalizedStain:
    """Map the picture's own anchors to those of the reference, by one affine matrix of colours.

    Parameters
    ----------
    working
        (side, side, 3), uint8, RGB: a working picture, its scale-bar corner white.
    spec
        With a ``stain``.

    Returns
    -------
    NormalizedStain
        ``picture`` is what ``network_sees`` says; normalized, it keeps what lies outside of the two stains as it is.
        ``nuclei`` holds one hue, in a saturation that grows with the stain, smoothed, and is what HSV thresholds are for.
        Both are white in the scale bar's corner.
    """
    stain = _stain_of(spec)
    anchors = find_anchors(working, spec)
    stains = np.column_stack([anchors.red_cells, anchors.nuclei])
    other = np.cross(anchors.red_cells, anchors.nuclei)
    reference = np.column_stack([stain.red_cells, stain.nuclei])
    reference_other = np.cross(stain.red_cells, stain.nuclei)
    to_amounts = np.linalg.inv(np.column_stack([stains, other / np.linalg.norm(other)]))
    to_colours = np.column_stack([reference, reference_other / np.linalg.norm(reference_other)])
    # Of the nuclei alone: least squares in the plane of both stains, the rest is noise.
    alone = np.outer(stain.nuclei, np.linalg.pinv(stains)[1])
    colours = to_colours @ to_amounts if stain.network_sees == "normalized" else np.eye(3)
    picture = working.copy() if stain.network_sees == "photographed" else _apply(working, anchors.slide, colours)
    nuclei = _apply(working, anchors.slide, alone)
    nuclei = np.asarray(cv2.GaussianBlur(nuclei, (0, 0), stain.smoothing), np.uint8)
    for result in (picture, nuclei):
        result[spec.mark(len(result))] = 255
    return NormalizedStain(picture, nuclei)


def find_anchors(working: Picture, spec: PreprocessingSpec) -> Anchors:
    """Find empty slide, red cells and nuclei in a working picture, at half its size; they span a plane in any picture."""
    return _steady(measure_anchors(working, spec), _stain_of(spec))


def measure_anchors(working: Picture, spec: PreprocessingSpec) -> Anchors:
    """Anchors as they are measured, at half the size of a working picture, without what is assumed of red cells."""
    stain = _stain_of(spec)
    pixels = seen_pixels(working, spec).astype(np.float32)
    slide = np.maximum(np.quantile(pixels, stain.slide_quantile, axis=0), _DARKEST)
    absorbed = np.asarray(1.0 - pixels / slide, np.float64)
    blue = pixels[:, 2]
    dark = blue <= np.quantile(blue, stain.red_cell_share)
    balanced = pixels / np.maximum(np.median(pixels[dark], axis=0), _DARKEST)
    purple = balanced[:, 2] - balanced[:, 1]
    red_cells = dark & (purple <= np.quantile(purple, stain.red_cell_purple))
    nuclei = purple >= np.quantile(purple, 1.0 - stain.nuclei_share)
    return Anchors(slide, _median(absorbed[red_cells]), _median(absorbed[nuclei]))


def seen_pixels(working: Picture, spec: PreprocessingSpec) -> Picture:
    """The pixels of a working picture at half its size, without the scale bar's corner: (n, 3), uint8, RGB."""
    side = max(1, len(working) // 2)
    small = np.asarray(cv2.resize(working, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    seen = np.ones((side, side), np.bool_)
    seen[spec.mark(side)] = False
    return np.asarray(small[seen], np.uint8)


def _steady(measured: Anchors, stain: StainSpec) -> Anchors:
    """Anchors that span a plane, whatever was photographed."""
    prior = np.array(stain.red_cell_prior)
    nuclei, red_cells = measured.nuclei, measured.red_cells + stain.prior_weight * prior
    if nuclei[1] <= nuclei[2] or _distance(nuclei, red_cells) < stain.faintest:
        nuclei = np.array(stain.nuclei)
    if _distance(nuclei, red_cells) < stain.faintest:
        red_cells = prior
    return Anchors(measured.slide, red_cells, nuclei)


def _distance(vector: Vector, line: Vector) -> float:
    """How far a vector's end is from a line through the origin."""
    along = float(vector @ line) / max(float(line @ line), 1e-9)
    return float(np.linalg.norm(vector - along * line))


def _median(absorbed: Vector) -> Vector:
    return np.asarray(np.median(absorbed, axis=0) if len(absorbed) else np.zeros(3), np.float64)


def _apply(working: Picture, slide: Vector, matrix: NDArray[np.float64]) -> Picture:
    """255 (1 - matrix (1 - colour / slide)), rounded and cut to 0-255."""
    affine = np.column_stack([255.0 * matrix / slide, 255.0 * (1.0 - matrix.sum(axis=1))])
    return np.asarray(cv2.transform(working, affine), np.uint8)


def _stain_of(spec: PreprocessingSpec) -> StainSpec:
    if spec.stain is None:
        raise ValueError("expected a specification with a stain, received one without")
    return spec.stain
