"""The quality gate on real smears: limits fitted to training pictures, asked about others, and about spoilt ones."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from hemascope.domain.preprocessing import PreprocessingSpec, SegmentationSpec, SeparationSpec, StainSpec
from hemascope.domain.quality import QualityReason, QualitySpec
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.imaging.quality import broken_limits, gate_figures
from hemascope.model.artifact import Artifact
from training.data.dataset import load_working_pictures, read_dataset
from training.data.split import Split, load_split
from training.export.quality import fit_quality, measure_all

pytestmark = pytest.mark.dataset
SPEC = PreprocessingSpec(segmentation=SegmentationSpec(separation=SeparationSpec()), stain=StainSpec())


@pytest.fixture(scope="module")
def split(artifact: Artifact, dataset: Path) -> Split:
    return load_split(artifact.folder / "split.json", read_dataset(dataset))


@pytest.fixture(scope="module")
def gate(artifact: Artifact, dataset: Path, split: Split) -> QualitySpec:
    """That of the shipped model; where it has none, as export would fit it."""
    if artifact.manifest.quality:
        return artifact.manifest.quality
    return fit_quality(measure_all(load_working_pictures(dataset, split.train, SPEC), SPEC))


@pytest.fixture(scope="module")
def smears(dataset: Path, split: Split) -> list[Picture]:
    """26 of the test part, as decoded."""
    return [decode((dataset / sample.path).read_bytes()) for sample in split.test[::20]][:26]


def reasons(picture: Picture, gate: QualitySpec) -> set[QualityReason]:
    working = to_working_picture(picture, SPEC)
    return {limit.reason for limit in broken_limits(gate_figures(working, to_network_inputs(working, SPEC).segmentation), gate)}


def half(picture: Picture, level: int) -> Picture:
    spoilt = picture.copy()
    spoilt[:, : picture.shape[1] // 2] = level
    return spoilt


def dim_half(picture: Picture) -> Picture:
    return np.hstack([(picture[:, :112] * 0.4).astype(np.uint8), picture[:, 112:]])


def from_afar(picture: Picture) -> Picture:
    """A third of the magnification; the rest of the field shows the same again."""
    third = cv2.resize(picture, (75, 75), interpolation=cv2.INTER_AREA)
    return np.tile(third, (3, 3, 1))[:224, :224]


def grey(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def test_at_most_one_in_a_hundred_unseen_smears_is_refused(dataset: Path, split: Split, gate: QualitySpec) -> None:
    unseen = measure_all(load_working_pictures(dataset, split.test[::2], SPEC), SPEC)

    refused = [picture for picture in unseen if broken_limits(picture, gate)]

    assert len(refused) <= 0.01 * len(unseen)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda picture: cv2.GaussianBlur(picture, (0, 0), 4.0), QualityReason.OUT_OF_FOCUS),
        (lambda picture: cv2.GaussianBlur(picture, (0, 0), 6.0), QualityReason.OUT_OF_FOCUS),
        (lambda picture: (picture * 0.4).astype(np.uint8), QualityReason.TOO_DARK),
        (lambda picture: np.minimum(picture * 2.0, 255).astype(np.uint8), QualityReason.TOO_BRIGHT),
        (lambda picture: half(picture, 0), QualityReason.UNEVEN_LIGHT),
        (lambda picture: half(picture, 255), QualityReason.UNEVEN_LIGHT),
        (dim_half, QualityReason.UNEVEN_LIGHT),
        (grey, QualityReason.UNSTAINED),
        (lambda picture: picture[84:140, 84:140], QualityReason.WRONG_MAGNIFICATION),
        (from_afar, QualityReason.WRONG_MAGNIFICATION),
    ],
    ids=["blur-4", "blur-6", "dark", "bright", "half-black", "half-white", "half-dim", "grey", "zoomed-4", "zoomed-out-3"],
)
def test_a_spoilt_smear_is_refused_for_what_was_done_to_it(
    spoil: Callable[[Picture], Picture], reason: QualityReason, smears: list[Picture], gate: QualitySpec
) -> None:
    missed = [number for number, smear in enumerate(smears) if reason not in reasons(spoil(smear), gate)]

    assert missed == []
