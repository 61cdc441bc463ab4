"""Pictures of a microscope -> its acquisition fingerprint, and whether a model may be used with it. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hemascope.domain.acquisition import (
    ACCEPTED_SHARE,
    ALLOWED_SHIFT,
    MINIMUM_PICTURES,
    UNREADABLE_SHARE,
    Acquisition,
    ColourFigure,
    ColourName,
    PictureSize,
    Spread,
    Unreadable,
)
from hemascope.domain.errors import HemascopeError
from hemascope.imaging.decode import decode
from hemascope.imaging.fingerprint import colour_fingerprint
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.imaging.quality import QualityFigures, measure_quality
from hemascope.model.artifact import Artifact

_NAMES: tuple[ColourName, ...] = get_args(ColourName)  # in the order of the fingerprint's figures
# What the pictures do where a figure is above the reference, and where it is below.
_WORDS: dict[ColourName, tuple[str, str]] = {
    "hue": ("lie further towards purple and red", "lie further towards green and yellow"),
    "saturation": ("are stronger in colour", "are paler"),
    "brightness": ("are brighter", "are darker"),
    "lightness": ("are lighter to the eye", "are darker to the eye"),
    "green to red": ("are redder", "are greener"),
    "blue to yellow": ("are yellower", "are bluer"),
}
_SHOWN = 4  # colour figures that the reasons name, at most


@dataclass(frozen=True)
class PictureFigures:
    """What is measured in one picture; ``colours`` is its fingerprint, (12,) float64, ``cell_area`` that of all cells."""

    width: int
    height: int
    colours: NDArray[np.float64]
    quality: QualityFigures
    cells: int
    cell_area: int


def measure_picture(data: bytes, artifact: Artifact) -> PictureFigures:
    """Measure one picture file as the model's own pictures were measured.

    Raises
    ------
    RejectedSmear
        Where no model could judge it.
    """
    spec = artifact.manifest.preprocessing
    picture = decode(data)
    working = to_working_picture(picture, spec)
    quality = measure_quality(working)
    segmentation = to_network_inputs(working, spec).segmentation
    height, width = picture.shape[:2]
    area = int(segmentation.mask.sum())
    return PictureFigures(width, height, colour_fingerprint(working), quality, segmentation.cell_count, area)


def commission(measured: Sequence[PictureFigures], unreadable: Sequence[Unreadable], artifact: Artifact) -> Acquisition:
    """Say how a microscope's pictures come out, and whether the model may be used with it.

    Single pictures must pass the model's colour guard, all together must not be shifted, and cells must be found. That says
    nothing of whether the answers are right: it takes slides whose answer is known.

    Raises
    ------
    HemascopeError
        Where fewer than ``MINIMUM_PICTURES`` pictures could be judged.
    """
    if len(measured) < MINIMUM_PICTURES:
        others = f" and {len(unreadable)} that can't" if unreadable else ""
        raise HemascopeError(
            f"expected at least {MINIMUM_PICTURES} pictures that can be judged, received {len(measured)}{others}"
        )
    scores = [artifact.colours.score(picture.colours) for picture in measured]
    judged = len(measured)
    accepted = sum(score <= 1.0 for score in scores)  # as the screening decides
    with_cells = sum(picture.cells > 0 for picture in measured)
    colours = _compare(measured, artifact)
    against = _against(accepted, with_cells, judged, len(unreadable), colours)
    cell_sizes = [picture.cell_area / picture.cells for picture in measured if picture.cells]
    return Acquisition(
        fits=not against,
        reasons=tuple(against or [_in_favour(accepted, with_cells, judged)]),
        pictures=judged,
        unreadable=tuple(unreadable),
        accepted=accepted / judged,
        with_cells=with_cells / judged,
        distance=_spread(scores),
        colours=colours,
        sharpness=_spread([picture.quality.sharpness for picture in measured]),
        contrast=_spread([picture.quality.contrast for picture in measured]),
        cells=_spread([picture.cells for picture in measured]),
        cell_size=_spread(cell_sizes) if cell_sizes else None,
        working_size=artifact.manifest.preprocessing.working_size,
        sizes=_sizes(measured),
        model=artifact.reference,
    )


def _compare(measured: Sequence[PictureFigures], artifact: Artifact) -> tuple[ColourFigure, ...]:
    colours = np.stack([picture.colours for picture in measured])
    nearest = [artifact.colours.nearest(colour) for colour in colours]
    references = np.array([cluster.mean for cluster in nearest])
    away = ((colours - references) / np.stack([cluster.spreads for cluster in nearest])).mean(axis=0)
    return tuple(
        ColourFigure(
            name=name,
            reference=float(references[:, index].mean()),
            away=float(away[index]),
            **_spread(colours[:, index]).model_dump(),
        )
        for index, name in enumerate(_NAMES)
    )


def _against(accepted: int, with_cells: int, judged: int, unreadable: int, colours: Sequence[ColourFigure]) -> list[str]:
    needed = math.ceil(ACCEPTED_SHARE * judged)
    reasons = []
    if accepted < needed:
        reasons.append(
            f"The model knows the colours of {accepted} of {judged} pictures; {needed} are needed. It would call the others "
            "out of distribution."
        )
    if with_cells < needed:
        reasons.append(
            f"Stained white cells were found in {with_cells} of {judged} pictures; {needed} are needed. Check focus, "
            "magnification and stain, and choose fields with white cells."
        )
    if unreadable > UNREADABLE_SHARE * (judged + unreadable):
        reasons.append(f"{unreadable} of {judged + unreadable} files could not be judged at all. Each is named.")
    shifted = _shifted(colours)
    if shifted:
        reasons.append(
            "As a whole the pictures are shifted against those that the model was made with, so that answers may be wrong even "
            f"where a single picture passes; {ALLOWED_SHIFT} times the spread of the model's own pictures is allowed."
        )
    return reasons + [_tell(figure) for figure in shifted[:_SHOWN]]


def _in_favour(accepted: int, with_cells: int, judged: int) -> str:
    return (
        f"The model knows the colours of {accepted} of {judged} pictures, and stained white cells were found in {with_cells}. "
        "Before patients depend on it, compare its answers on slides whose answer you know."
    )


def _shifted(colours: Sequence[ColourFigure]) -> list[ColourFigure]:
    """The colour figures that are shifted too far, the farthest first."""
    return sorted((colour for colour in colours if abs(colour.away) > ALLOWED_SHIFT), key=lambda colour: -abs(colour.away))


def _tell(figure: ColourFigure) -> str:
    return (
        f"The pictures {_word(figure)} than the model's: {figure.name} {figure.mean:.0f} against {figure.reference:.0f}, "
        f"{abs(figure.away):.1f} times the spread."
    )


def _word(figure: ColourFigure) -> str:
    what = figure.name.removeprefix("variety of ")
    above, below = _WORDS.get(figure.name, (f"vary more in {what}", f"vary less in {what}"))
    return above if figure.away > 0 else below


def _sizes(measured: Sequence[PictureFigures]) -> tuple[PictureSize, ...]:
    sizes = Counter((picture.width, picture.height) for picture in measured)
    ordered = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return tuple(PictureSize(width=width, height=height, pictures=count) for (width, height), count in ordered)


def _spread(figures: ArrayLike) -> Spread:
    values = np.asarray(figures, np.float64)
    return Spread(mean=float(values.mean()), deviation=float(values.std()))
