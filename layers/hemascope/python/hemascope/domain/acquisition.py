"""How a microscope's pictures come out, and whether a model may be used with it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemascope.domain.errors import RejectionReason
from hemascope.domain.report import ModelReference, Probability

# If all of thirty pictures are accepted, at most one in ten of the microscope's is refused, with 95 % certainty (0.9^30 = 4 %).
MINIMUM_PICTURES = 30
ACCEPTED_SHARE = 0.95  # of the judged pictures, by the model's colour guard; also the share that must have a stained cell
UNREADABLE_SHARE = 0.05  # of all pictures, at most
# So many spreads of the model's own pictures a colour figure may be shifted on average. The guard looks at single pictures and
# accepts a lamp 5 % colder, with which a fifth of the confident answers is wrong: docs/model.md has the figures.
ALLOWED_SHIFT = 0.6

ColourName = Literal[
    "hue",
    "saturation",
    "brightness",
    "variety of hue",
    "variety of saturation",
    "variety of brightness",
    "lightness",
    "green to red",
    "blue to yellow",
    "variety of lightness",
    "variety of green to red",
    "variety of blue to yellow",
]


class _Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Spread(_Contract):
    """Mean and standard deviation over the judged pictures."""

    mean: float
    deviation: Annotated[float, Field(ge=0.0)]


class ColourFigure(Spread):
    """One of the twelve figures of a picture's colours, in OpenCV's 8-bit units, beside the model's reference.

    ``reference`` is the mean of the model's own pictures and ``away`` how far the microscope's lie from it, in standard
    deviations of those; both are of the cluster of the reference that is nearest to each picture, averaged.
    """

    name: ColourName
    reference: float
    away: float


class PictureSize(_Contract):
    """So many pictures were of this size in pixels, as they came."""

    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    pictures: Annotated[int, Field(ge=1)]


class Unreadable(_Contract):
    """A picture that no model could judge."""

    name: str
    reason: RejectionReason
    message: str


class Acquisition(_Contract):
    """The acquisition fingerprint of a microscope and the verdict on it.

    Sharpness is a variance of the Laplacian, contrast a standard deviation of grey levels (0-255). Cells are counted in the
    mask; their size is in pixels of the working picture, a square of ``working_size``.
    """

    schema_name: Literal["hemascope.acquisition/1"] = Field("hemascope.acquisition/1", alias="schema")
    fits: bool
    reasons: Annotated[tuple[str, ...], Field(min_length=1)]
    pictures: Annotated[int, Field(ge=MINIMUM_PICTURES)]  # judged
    unreadable: tuple[Unreadable, ...]
    accepted: Probability  # share that the model's colour guard accepts
    with_cells: Probability  # share that has a stained cell
    distance: Spread  # of the colours from those that the model knows, as a multiple of the accepted distance
    colours: Annotated[tuple[ColourFigure, ...], Field(min_length=12, max_length=12)]
    sharpness: Spread
    contrast: Spread
    cells: Spread  # in a picture
    cell_size: Spread | None  # None where no picture has a cell
    working_size: Annotated[int, Field(ge=1)]
    sizes: Annotated[tuple[PictureSize, ...], Field(min_length=1)]  # the most frequent first
    model: ModelReference

    @model_validator(mode="after")
    def _consistent(self) -> "Acquisition":
        if sum(size.pictures for size in self.sizes) != self.pictures:
            raise ValueError("expected a size of each judged picture")
        if self.fits and (self.accepted < ACCEPTED_SHARE or max(abs(colour.away) for colour in self.colours) > ALLOWED_SHIFT):
            raise ValueError("expected accepted and unshifted colours where a model fits")
        return self

    def to_json(self) -> str:
        """The fingerprint as indented JSON, for people to keep."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"
