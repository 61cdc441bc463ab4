"""What is done to a smear before the network sees it, as data: it is stored in the manifest of every model artifact."""

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# Bump when `hemascope.imaging` turns the same bytes and the same specification into other pixels.
# tests/unit/test_preprocessing_hash.py holds the behaviour that belongs to this number.
PREPROCESSING_REVISION = 1

Hue = Annotated[int, Field(ge=0, le=179)]
Byte = Annotated[int, Field(ge=0, le=255)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class SeparationSpec(BaseModel):
    """How touching cells are separated, and which parts of the mask are no cells. Lengths are working pixels.

    It concerns numbers and labels alone; the mask, and so what the network sees, stays as it is without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stain_smoothing: Annotated[float, Field(gt=0.0)] = 2.0  # standard deviation, before valleys are sought
    valley_width: Annotated[int, Field(ge=3, le=63)] = 9  # the widest rim between two nuclei that counts as a valley
    depth_smoothing: Annotated[float, Field(gt=0.0)] = 2.0  # standard deviation, of the distance to the nearest edge
    relative_rise: Fraction = 0.12  # a cell's middle lies so much (of its own depth) above the pass to the next cell ...
    rise: Annotated[float, Field(ge=0.0)] = 0.6  # ... and this much more
    core: Fraction = 0.6  # share of a cell's depth from its middle that is surely its own
    # A part whose mean saturation is below this share of the mask's median is a smudge cell, smeared plasma or a red cell.
    relative_stain: Fraction = 0.8
    # A part below this share of the median cell's area is a platelet or debris, unless the picture's edge cuts it.
    relative_area: Fraction = 0.25


class SegmentationSpec(BaseModel):
    """HSV thresholds and clean-up that turn a smear into a mask of its stained white cells.

    Hue is in OpenCV's half degrees (0-179), saturation and value are 0-255, areas are pixels of the working picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hue_low: Hue = 116
    hue_high: Hue = 172  # below hue_low, the interval wraps over 179 -> 0
    saturation_low: Byte = 38
    value_low: Byte = 0
    value_high: Byte = 255
    opening_size: Annotated[int, Field(ge=1, le=31)] = 5
    minimum_area: Annotated[int, Field(ge=1)] = 60
    # A component whose mean saturation is below this share of the picture's well-stained pixels (90th percentile of
    # the raw mask) is the rim of a red cell or smeared plasma, whatever the stain of the day.
    relative_saturation: Fraction = 0.5
    separation: SeparationSpec = SeparationSpec()


Absorption = tuple[Fraction, Fraction, Fraction]  # of red, green, blue light: 1 - colour / colour of the empty slide


class StainSpec(BaseModel):
    """How segmentation, and the network if it should, see a smear in the colours of a reference stain and lamp.

    :mod:`hemascope.imaging.stain` finds three anchors in the picture itself: the empty slide, the red cells and the nuclei.
    ``network_sees`` says what becomes of the picture itself: ``photographed`` leaves it, ``balanced`` makes the empty slide
    white, ``normalized`` brings both stains to the reference. The mask always follows the nuclear stain.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network_sees: Literal["photographed", "balanced", "normalized"] = "normalized"
    slide_quantile: Fraction = 0.9  # brightness of the empty slide, per channel
    red_cell_share: Fraction = 0.2  # haemoglobin absorbs blue: this share of the pixels, darkest in blue, are red cells ...
    red_cell_purple: Fraction = 0.85  # ... where they are below this quantile of purple
    nuclei_share: Fraction = 0.03  # this share of the pixels, the most purple, are nuclei
    # What red cells absorb in a well-lit smear; so much of it is added to what they seem to absorb in a picture.
    # Where the slide is overexposed they nearly vanish, and their direction would be noise.
    red_cell_prior: Absorption = (0.25, 0.21, 0.10)
    prior_weight: Annotated[float, Field(ge=0.0)] = 0.5
    # What both absorb in the reference. Grey red cells leave saturation to the nuclei alone.
    red_cells: Absorption = (0.22, 0.22, 0.22)
    nuclei: Absorption = (0.36, 0.47, 0.03)
    # Purple that is fainter than this is no stain but noise, and isn't amplified: the smear has no stained nucleus.
    faintest: Fraction = 0.09
    smoothing: Annotated[float, Field(gt=0.0)] = 1.0  # standard deviation in working pixels, before thresholds


class PreprocessingSpec(BaseModel):
    """Sizes, colour order, range and resizer of the network's inputs, and how the smear is segmented."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    working_size: Annotated[int, Field(ge=64)] = 224  # every picture becomes this square before anything is measured
    input_size: Annotated[int, Field(ge=32)] = 128
    colour: str = Field(default="RGB", pattern="^RGB$")
    value_range: tuple[float, float] = (0.0, 1.0)
    resizer: str = Field(default="area", pattern="^area$")
    # The corner at the bottom right where microscope software burns in its scale bar, as fractions of the
    # picture. It is painted white in every smear: the bar alone gives the class away in 74 % of the data set.
    mark_width: Fraction = 0.24
    mark_height: Fraction = 0.125
    segmentation: SegmentationSpec = SegmentationSpec()
    stain: StainSpec | None = None  # None: colours as photographed
    # The stain by which cells are numbered, where the mask that the network sees follows none. None: by that mask.
    counting: StainSpec | None = None

    def mark(self, side: int) -> tuple[slice, slice]:
        """Rows and columns of the scale bar's corner in a square picture."""
        return slice(side - round(side * self.mark_height), side), slice(side - round(side * self.mark_width), side)

    @property
    def digest(self) -> str:
        """sha256 (64 hex digits) of this specification together with the revision of the code that obeys it.

        What a specification leaves out is not in it, so that a new option leaves the digest of an artifact without it as it is.
        """
        text = f"{PREPROCESSING_REVISION}:{self.model_dump_json(exclude_none=True)}"
        return hashlib.sha256(text.encode()).hexdigest()
