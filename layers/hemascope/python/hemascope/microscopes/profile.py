"""Unlabelled fields of a microscope -> its profile, or a refusal that says what to change at the microscope. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from hemascope import __version__
from hemascope.domain.commissioning import check_counts
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.profile import (
    IDENTITY,
    ColourMap,
    FittedField,
    FittedFigures,
    IlluminationState,
    MapName,
    MicroscopeProfile,
    ProfileLimits,
    Ruler,
)
from hemascope.domain.quality import QualityFigure
from hemascope.imaging.colour import apply_colour_map
from hemascope.imaging.decode import Picture, decode
from hemascope.imaging.illumination import FIELDS_FOR_A_STATE, learn_states
from hemascope.imaging.model_input import paint_mark, to_network_inputs
from hemascope.imaging.quality import broken_limits, gate_figures, shows_no_cells
from hemascope.imaging.scale import Reading, microscope_diameter, red_cell_diameter
from hemascope.imaging.tiles import cut_field
from hemascope.microscopes.colour_fit import candidates
from hemascope.microscopes.field_colours import clipped, measure_field
from hemascope.microscopes.reference import MicroscopeReference
from hemascope.microscopes.refusal import CommissioningRefused, check_figures
from hemascope.model.classifier import Classifier

_LONGEST_SIDE = 1600  # pixels of a field that is kept while a profile is fitted
_SCORED_FIELDS = 60  # by which maps are compared; by thirty, the best two of them are often told apart by chance
_BETTER = 0.05  # of the feature score: what a map must gain to be preferred to none
# Scores that differ by less say nothing, so the first of these is chosen among the best. The likeliest maps come first: the
# others take the share of each class among the fields for that among the training pictures, and a part of its difference for
# the microscope's colour. Of the likeliest ones the first uses the most of what is known of the reference.
_ALIKE = 0.01
_ORDER: tuple[MapName, ...] = ("mix-2", "mix-15", "mix-60", "mk+quantiles", "mkod", "mk", "identity")


@dataclass(frozen=True)
class CommissioningField:
    """A field of a microscope, shrunk to at most 1,600 pixels: (height, width, 3), uint8, RGB.

    ``reading`` is what the ruler says of it, in pixels of the file, which is ``width`` x ``height``; ``sha256`` is the file's.
    """

    slide: str
    sha256: str
    picture: Picture
    width: int
    height: int
    reading: Reading


def read_field(data: bytes, slide: str, *, square_pixels: bool = True) -> CommissioningField:
    """Decode a picture file and measure its red cells.

    Parameters
    ----------
    square_pixels
        False for pictures that were squeezed, in which red cells are not round: they have no ruler.

    Raises
    ------
    RejectedSmear
        Where the file is no picture that can be judged.
    """
    picture = decode(data)
    height, width = picture.shape[:2]
    shrunk = min(1.0, _LONGEST_SIDE / max(height, width))
    if shrunk < 1.0:
        picture = np.asarray(cv2.resize(picture, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA), np.uint8)
    reading = red_cell_diameter(picture) if square_pixels else Reading(None)
    if reading.diameter is not None:
        reading = reading._replace(diameter=reading.diameter / shrunk)
    return CommissioningField(slide, hashlib.sha256(data).hexdigest(), picture, width, height, reading)


def fit_profile(
    fields: Sequence[CommissioningField],
    reference: MicroscopeReference,
    classifier: Classifier,
    limits: ProfileLimits | None = None,
) -> MicroscopeProfile:
    """Fit ruler, illumination and colours of a microscope, and check them against the limits.

    Parameters
    ----------
    fields
        In the order in which they were photographed, so that a session's stand together. Nothing is known of what they show.
    reference
        The reference microscope of the classifier's artifact.
    classifier
        Its feature score chooses between maps of colours. The classes that it says have no say.

    Raises
    ------
    CommissioningRefused
        With every limit that the fields are beyond.
    RejectedSmear
        Where the fields show too little of a slide at their magnification.
    """
    limits = limits or ProfileLimits()
    slides = len({field.slide for field in fields})
    if missing := check_counts(len(fields), slides, limits):
        raise CommissioningRefused(missing, None)
    spec = classifier.artifact.manifest.preprocessing
    uncoloured = MicroscopeProfile(illumination=_learn_illumination(fields), ruler=_measure_ruler(fields))
    as_photographed = _working(fields, spec, uncoloured.model_copy(update={"illumination": ()}))
    pictures = _working(fields, spec, uncoloured) if uncoloured.illumination else as_photographed
    lost = clipped(np.concatenate([measure_field(picture, spec).levels for picture in as_photographed]))
    maps = candidates([measure_field(picture, spec) for picture in pictures], reference)
    scored = _evenly(pictures, _SCORED_FIELDS)
    uncorrected = _mean_score(_evenly(as_photographed, _SCORED_FIELDS), IDENTITY, classifier)
    colour, score = choose_map(maps, [_mean_score(scored, colour_map, classifier) for colour_map in maps])
    figures = FittedFigures(
        fields=len(fields),
        slides=slides,
        clipped=(round(float(lost[0]), 4), round(float(lost[1]), 4), round(float(lost[2]), 4)),
        uncorrected_score=round(uncorrected, 4),
        corrected_score=round(score, 4),
        quality_passed=round(_quality_passed(pictures, colour, classifier), 4),
    )
    if refusals := check_figures(figures, limits):
        raise CommissioningRefused(refusals, figures)
    return uncoloured.model_copy(
        update={
            "colour": colour,
            "limits": limits,
            "figures": figures,
            "fitted_on": tuple(FittedField(slide=field.slide, sha256=field.sha256) for field in fields),
            "model": classifier.artifact.reference,
            "software": __version__,
        }
    )


def choose_map(maps: Sequence[ColourMap], scores: Sequence[float]) -> tuple[ColourMap, float]:
    """The map of the lowest score, with it; the first, the identity, unless another is better by 0.05.

    Of maps whose scores lie within 0.01 of the lowest, the likeliest ones, ``mix``, come before the others.

    Examples
    --------
    >>> mk, mix = ColourMap(name="mk", offset=(1.0, 0.0, 0.0)), ColourMap(name="mix-2", offset=(2.0, 0.0, 0.0))
    >>> [choose_map([IDENTITY, mk, mix], [0.60, score, 0.50])[0].name for score in (0.51, 0.495, 0.48)]
    ['mix-2', 'mix-2', 'mk']
    >>> choose_map([IDENTITY, mk, mix], [0.50, 0.46, 0.47])[0].name
    'identity'
    """
    if min(scores) >= scores[0] - _BETTER:
        return maps[0], scores[0]
    alike = [place for place, score in enumerate(scores) if score <= min(scores) + _ALIKE]
    chosen = min(alike, key=lambda place: _ORDER.index(maps[place].name))
    return maps[chosen], scores[chosen]


def _learn_illumination(fields: Sequence[CommissioningField]) -> tuple[IlluminationState, ...]:
    states: tuple[IlluminationState, ...] = ()
    for start in range(0, len(fields), FIELDS_FOR_A_STATE):
        states = learn_states(states, [field.picture for field in fields[start : start + FIELDS_FOR_A_STATE]])
    return states


def _measure_ruler(fields: Sequence[CommissioningField]) -> Ruler | None:
    """The median of the fields that tell, in pixels of the first field's frame."""
    width, height = fields[0].width, fields[0].height
    readings = [
        field.reading._replace(diameter=field.reading.diameter * width / field.width)
        for field in fields
        if field.reading.diameter is not None
    ]
    red_cell = microscope_diameter(readings)
    return Ruler(red_cell=round(red_cell, 2), width=width, height=height, fields=len(readings)) if red_cell else None


def _working(fields: Sequence[CommissioningField], spec: PreprocessingSpec, profile: MicroscopeProfile) -> list[Picture]:
    """Working pictures of all tiles of all fields."""
    return [tile.working for field in fields for tile in cut_field(field.picture, spec, profile).tiles]


def _evenly(pictures: Sequence[Picture], count: int) -> list[Picture]:
    """At most so many of them, from all over the sequence."""
    places = np.linspace(0, len(pictures) - 1, min(count, len(pictures)))
    return [pictures[int(place)] for place in places]


def _mean_score(pictures: Sequence[Picture], colour_map: ColourMap, classifier: Classifier) -> float:
    spec = classifier.artifact.manifest.preprocessing
    inputs = (to_network_inputs(_mapped(picture, colour_map, spec), spec) for picture in pictures)
    return float(np.mean([classifier.answer(found).feature_score for found in inputs]))


def _quality_passed(pictures: Sequence[Picture], colour_map: ColourMap, classifier: Classifier) -> float:
    """Share of the tiles with white cells that pass the gate; 0 where no tile has any."""
    manifest = classifier.artifact.manifest
    mapped = [_mapped(picture, colour_map, manifest.preprocessing) for picture in pictures]
    found = [gate_figures(picture, to_network_inputs(picture, manifest.preprocessing).segmentation) for picture in mapped]
    broken = [(broken_limits(figures, manifest.quality), figures[QualityFigure.CELLS]) for figures in found]
    judged = [not limits for limits, cells in broken if not shows_no_cells(limits, cells)]
    return float(np.mean(judged)) if judged else 0.0


def _mapped(picture: Picture, colour_map: ColourMap, spec: PreprocessingSpec) -> Picture:
    return paint_mark(apply_colour_map(picture, colour_map).copy(), spec)
