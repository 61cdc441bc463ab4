"""The third lock against train/serve skew: whoever changes pixels bumps the revision, and old artifacts are refused."""

import hashlib

import numpy as np

from hemascope.domain.preprocessing import PREPROCESSING_REVISION, PreprocessingSpec
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.imaging.overlay import encode_png
from hemascope.model.artifact import Artifact

# Behaviour that belongs to a revision: sha256 of both network inputs of the smear below, as bytes 0-255.
PIXELS = {
    1: "33df1006e52f793b4f5cd3e171dab083d23fb356937e333364d88f372dcfc08b",
}


def drawn_smear() -> Picture:
    """Cells of several colours and sizes in integer arithmetic alone, so that no library draws them otherwise."""
    rows, columns = np.mgrid[0:390, 0:520]
    smear = np.empty((390, 520, 3), np.uint8)
    smear[...] = (240, 238, 246)
    smear[..., 1] -= ((rows * 7 + columns * 13) % 23).astype(np.uint8)
    cells = (
        (70, 90, 30, (126, 82, 206)),
        (200, 300, 42, (140, 90, 190)),
        (310, 120, 24, (110, 60, 170)),
        (120, 420, 36, (176, 182, 210)),
        (320, 260, 12, (150, 40, 120)),
        (368, 470, 20, (120, 60, 200)),  # in the scale-bar corner: must not count
        (250, 60, 5, (126, 82, 206)),  # too small to count
    )
    for row, column, radius, colour in cells:
        inside = (rows - row) ** 2 + (columns - column) ** 2 <= radius * radius
        smear[inside] = colour
    return smear


def test_the_same_revision_makes_the_same_pixels() -> None:
    spec = PreprocessingSpec()
    data = encode_png(drawn_smear())

    inputs = to_network_inputs(to_working_picture(decode(data), spec), spec)

    pair = [np.rint(item * 255.0).astype(np.uint8).tobytes() for item in (inputs.original, inputs.segmented)]
    received = hashlib.sha256(b"".join(pair)).hexdigest()
    assert inputs.segmentation.cell_count == 3  # the paler of the components is no cell
    assert PIXELS.get(PREPROCESSING_REVISION) == received, (
        f"hemascope.imaging makes other pixels ({received}) than revision {PREPROCESSING_REVISION} stands for. "
        "If that is intended: bump PREPROCESSING_REVISION in contracts/preprocessing.py, add a line here, and train or "
        "export every artifact anew; the old ones are refused from then on. If not: undo the change."
    )


def test_the_shipped_artifact_keeps_its_digest(artifact: Artifact) -> None:
    digest = "0189a4106cd9c9a0e2baa23c26845a92d435a8ad248733bb73c3937191ea3882"

    assert artifact.manifest.preprocessing.digest == digest
    assert artifact.manifest.preprocessing_sha256 == digest
    assert artifact.reference.preprocessing == digest


def test_every_field_of_the_specification_changes_the_digest() -> None:
    spec = PreprocessingSpec()
    others = [
        spec.model_copy(update={"working_size": 256}),
        spec.model_copy(update={"input_size": 160}),
        spec.model_copy(update={"value_range": (-1.0, 1.0)}),
        spec.model_copy(update={"mark_width": 0.25}),
        spec.model_copy(update={"mark_height": 0.13}),
        *(
            spec.model_copy(update={"segmentation": spec.segmentation.model_copy(update={name: value})})
            for name, value in {
                "hue_low": 117,
                "hue_high": 171,
                "saturation_low": 39,
                "value_low": 1,
                "value_high": 254,
                "opening_size": 3,
                "minimum_area": 61,
                "relative_saturation": 0.6,
            }.items()
        ),
    ]

    digests = {item.digest for item in (spec, *others)}

    assert len(digests) == 14
