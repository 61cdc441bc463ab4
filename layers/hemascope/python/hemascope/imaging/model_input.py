"""RGB picture -> the square that is measured -> the tensors that the network sees. The only resizer."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.profile import MicroscopeProfile
from hemascope.imaging.correction import apply_profile
from hemascope.imaging.decode import Picture
from hemascope.imaging.segment import Segmentation, masked, segment, segment_mask
from hemascope.imaging.stain import normalize_stain


class NetworkInputs(NamedTuple):
    """The two inputs of the fusion network, (input_size, input_size, 3), float32, 0-1, and what lies behind them."""

    original: NDArray[np.float32]
    segmented: NDArray[np.float32]
    segmentation: Segmentation
    segmented_picture: Picture


def to_working_picture(picture: Picture, spec: PreprocessingSpec, profile: MicroscopeProfile | None = None) -> Picture:
    """Bring a decoded picture to the square in which cells are counted and measured.

    The data set's 224 x 224 pictures are whole frames squeezed into a square, so a frame of any other shape is too.

    Parameters
    ----------
    picture
        (height, width, 3), uint8, RGB.
    profile
        Of the microscope; None where it needs no correction.

    Returns
    -------
    array of shape (working_size, working_size, 3), uint8, RGB, its scale-bar corner white
    """
    working = _resize(picture, spec.working_size)
    return paint_mark((working if profile is None else apply_profile(profile, working)).copy(), spec)


def paint_mark(working: Picture, spec: PreprocessingSpec) -> Picture:
    """Make the scale-bar corner of a square picture white, in place; returns the picture."""
    working[spec.mark(len(working))] = 255
    return working


def to_network_inputs(working: Picture, spec: PreprocessingSpec, segmentation: Segmentation | None = None) -> NetworkInputs:
    """Normalize the stain where the specification says so, segment, and make both inputs of the network.

    Parameters
    ----------
    working
        (working_size, working_size, 3), uint8, RGB.
    spec
        What to do.
    segmentation
        To be used instead of the picture's own; for experiments.
    """
    seen, nuclei = normalize_stain(working, spec) if spec.stain else (working, working)
    segmentation = segmentation or _segment(working, nuclei, spec)
    segmented = masked(seen, segmentation)
    return NetworkInputs(to_model_input(seen, spec), to_model_input(segmented, spec), segmentation, segmented)


def _segment(working: Picture, nuclei: Picture, spec: PreprocessingSpec) -> Segmentation:
    """The mask that the network sees, and the cells, be they numbered by it or by a stain of their own."""
    if spec.counting is None:
        return segment(nuclei, spec.segmentation, working)
    mask = segment_mask(nuclei, spec.segmentation)
    counted = normalize_stain(working, spec.model_copy(update={"stain": spec.counting})).nuclei
    cells = segment(counted, spec.segmentation, working)
    return Segmentation(mask, cells.cell_count, cells.labels)


def to_model_input(picture: Picture, spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Turn a working picture (as photographed, or segmented) into one input of the network.

    Returns
    -------
    array of shape (input_size, input_size, 3), float32, RGB, 0.0-1.0

    Examples
    --------
    >>> tensor = to_model_input(np.full((224, 224, 3), 255, np.uint8), PreprocessingSpec())
    >>> tensor.shape, tensor.dtype.name, float(tensor.min())
    ((128, 128, 3), 'float32', 1.0)
    """
    return _resize(picture, spec.input_size).astype(np.float32) / np.float32(255.0)


def _resize(picture: Picture, side: int) -> Picture:
    height, width = picture.shape[:2]
    if (height, width) == (side, side):
        return picture
    # Averaging over the covered area is right for shrinking; enlarging has no area to average.
    method = cv2.INTER_AREA if min(height, width) >= side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=method), np.uint8)
