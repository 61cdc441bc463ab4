"""Whatever is photographed: segmentation keeps its promises, and whatever is sent, decoding ends in a picture or a refusal."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hemascope.domain.errors import RejectedSmear
from hemascope.domain.preprocessing import PreprocessingSpec, SegmentationSpec, SeparationSpec, StainSpec
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg

PICTURES = st.tuples(st.integers(64, 90), st.integers(64, 90)).flatmap(
    lambda shape: arrays(np.uint8, (*shape, 3), elements=st.integers(0, 255), fill=st.integers(0, 255))
)
SPECS = st.builds(
    PreprocessingSpec,
    segmentation=st.builds(
        SegmentationSpec,
        hue_low=st.integers(0, 179),
        hue_high=st.integers(0, 179),
        saturation_low=st.integers(0, 255),
        opening_size=st.integers(1, 9),
        minimum_area=st.integers(1, 400),
    ),
    stain=st.none()
    | st.builds(
        StainSpec,
        network_sees=st.sampled_from(["photographed", "balanced", "normalized"]),
        nuclei_share=st.floats(0.001, 0.5),
        smoothing=st.floats(0.3, 3.0),
    ),
)
SMEAR = encode_jpeg(draw_synthetic_smear(3))


@given(PICTURES, SPECS)
@settings(max_examples=50, deadline=None)
def test_the_mask_holds_no_mark_and_no_component_that_is_too_small(picture: Picture, spec: PreprocessingSpec) -> None:
    working = to_working_picture(picture, spec)

    inputs = to_network_inputs(working, spec)

    mask = inputs.segmentation.mask
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    assert (stats[1:, cv2.CC_STAT_AREA] >= spec.segmentation.minimum_area).all()
    assert not inputs.segmented_picture[~mask].any()
    for item in (inputs.original, inputs.segmented):
        assert item.shape == (spec.input_size, spec.input_size, 3)
        assert item.dtype == np.float32
        assert 0.0 <= item.min() <= item.max() <= 1.0


@given(PICTURES, SPECS, st.floats(0.3, 4.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
@settings(max_examples=50, deadline=None)
def test_separated_cells_are_numbered_without_gaps_and_lie_in_the_mask(
    picture: Picture, spec: PreprocessingSpec, smoothing: float, share: float, core: float
) -> None:
    separation = SeparationSpec(depth_smoothing=smoothing, relative_rise=share, relative_stain=share, core=core)
    separating = spec.model_copy(update={"segmentation": spec.segmentation.model_copy(update={"separation": separation})})
    working = to_working_picture(picture, spec)

    plain, found = (to_network_inputs(working, item).segmentation for item in (spec, separating))

    assert (found.mask == plain.mask).all()
    assert not found.labels[~found.mask].any()
    assert set(np.unique(found.labels)) | {0} == set(range(found.cell_count + 1))


@given(st.integers(0, 99), st.tuples(*[st.floats(0.6, 1.0)] * 3), st.floats(0.8, 1.25))
@settings(max_examples=25, deadline=None)
def test_any_lamp_and_gamma_leave_the_mask_of_a_normalized_smear(seed: int, gains: tuple[float, ...], gamma: float) -> None:
    spec = PreprocessingSpec(stain=StainSpec())
    smear = draw_synthetic_smear(seed, side=224, cells=6)
    other = np.rint(255 * (smear / 255.0) ** gamma * gains).astype(np.uint8)

    masks = [to_network_inputs(to_working_picture(item, spec), spec).segmentation.mask for item in (smear, other)]

    assert (masks[0] & masks[1]).sum() > 0.93 * (masks[0] | masks[1]).sum() > 0


@given(PICTURES)
@settings(max_examples=25, deadline=None)
def test_a_lossless_picture_is_decoded_exactly(picture: Picture) -> None:
    assert (decode(encode_png(picture)) == picture).all()


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_any_bytes_are_a_picture_or_a_typed_refusal(data: bytes) -> None:
    try:
        picture = decode(data)
    except RejectedSmear:
        return
    assert (picture.dtype, picture.shape[2]) == (np.uint8, 3)


@given(st.integers(0, len(SMEAR) - 1), st.integers(0, 255), st.integers(1, len(SMEAR)))
@settings(max_examples=150, deadline=None)
def test_a_damaged_jpeg_is_a_picture_or_a_typed_refusal(position: int, value: int, length: int) -> None:
    damaged = bytearray(SMEAR)
    damaged[position] = value

    for data in (bytes(damaged), SMEAR[:length]):
        try:
            picture = decode(data)
        except RejectedSmear:
            continue
        assert picture.dtype == np.uint8
        assert picture.shape[2] == 3
