"""A microscope's fingerprint and the verdict on it, from literal figures and a model whose reference is round numbers."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from hemascope.domain.acquisition import Acquisition, Unreadable
from hemascope.domain.errors import HemascopeError, RejectedSmear, RejectionReason
from hemascope.imaging.overlay import encode_png
from hemascope.imaging.quality import QualityFigures
from hemascope.microscopes.commissioning import PictureFigures, commission, measure_picture
from hemascope.model.artifact import Artifact
from hemascope.model.colour_reference import ColourCluster, ColourReference

# Two clusters, around 100 and 200 in each figure, whose figures spread by 2; known up to 3 spreads from one.
REFERENCE = ColourReference(
    clusters=[ColourCluster(mean=[level] * 12, precision=(np.eye(12) / 4.0).tolist()) for level in (100.0, 200.0)],
    accepted_distance=3.0,
)
SHIFTED = (
    "As a whole the pictures are shifted against those that the model was made with, so that answers may be wrong even where a "
    "single picture passes; 0.6 times the spread of the model's own pictures is allowed."
)
UNREADABLE = Unreadable(name="x.jpg", reason=RejectionReason.TRUNCATED, message="expected all of it")


@pytest.fixture
def model(artifact: Artifact) -> Artifact:
    return dataclasses.replace(artifact, colours=REFERENCE)


def picture(level: float = 100.0, cells: int = 10, size: tuple[int, int] = (640, 480), **changed: float) -> PictureFigures:
    """A picture whose twelve figures are one level, but for those of given places (``at_2=110``)."""
    colours = np.full(12, level)
    for place, value in changed.items():
        colours[int(place.removeprefix("at_"))] = value
    return PictureFigures(*size, colours, QualityFigures(100.0, 200.0, 30.0), cells, 400 * cells)


def test_a_microscope_of_known_colours_may_be_used(model: Artifact) -> None:
    acquisition = commission([picture()] * 40, [], model)

    assert acquisition.fits
    assert acquisition.reasons == (
        (
            "The model knows the colours of 40 of 40 pictures, and stained white cells were found in 40. Before patients "
            "depend on it, compare its answers on slides whose answer you know."
        ),
    )
    assert (acquisition.accepted, acquisition.with_cells, acquisition.distance.mean) == (1.0, 1.0, 0.0)


def test_its_fingerprint_holds_mean_and_spread_of_every_figure(model: Artifact) -> None:
    acquisition = commission([picture(99.0, cells=8)] * 20 + [picture(103.0, cells=12)] * 20, [], model)

    assert [(colour.mean, colour.deviation, colour.reference) for colour in acquisition.colours] == [(101.0, 2.0, 100.0)] * 12
    assert [figure.away for figure in acquisition.colours] == pytest.approx([0.5] * 12)  # 1 of 2
    assert (acquisition.cells.mean, acquisition.cells.deviation) == (10.0, 2.0)
    assert acquisition.cell_size is not None
    assert (acquisition.cell_size.mean, acquisition.cell_size.deviation) == (400.0, 0.0)
    assert (acquisition.sharpness.mean, acquisition.contrast.mean) == (100.0, 30.0)
    # 12 figures, each half and one and a half spreads away: the root of 12 times that, of 3
    assert acquisition.distance.mean == pytest.approx((12**0.5 * 0.5 + 12**0.5 * 1.5) / 2 / 3)


def test_each_picture_is_compared_with_the_cluster_that_is_nearest_to_it(model: Artifact) -> None:
    acquisition = commission([picture(100.0)] * 20 + [picture(200.0)] * 20, [], model)

    assert acquisition.fits
    assert {(colour.mean, colour.reference, colour.away) for colour in acquisition.colours} == {(150.0, 150.0, 0.0)}


def test_a_microscope_of_other_colours_may_not_and_the_farthest_figures_are_told_first_in_plain_words(model: Artifact) -> None:
    acquisition = commission([picture(at_1=90.0, at_2=112.0, at_8=120.0, at_11=94.0, at_4=105.0)] * 30, [], model)

    assert not acquisition.fits
    assert acquisition.reasons == (
        "The model knows the colours of 0 of 30 pictures; 29 are needed. It would call the others out of distribution.",
        SHIFTED,
        "The pictures are yellower than the model's: blue to yellow 120 against 100, 10.0 times the spread.",
        "The pictures are brighter than the model's: brightness 112 against 100, 6.0 times the spread.",
        "The pictures are paler than the model's: saturation 90 against 100, 5.0 times the spread.",
        (
            "The pictures vary less in blue to yellow than the model's: variety of blue to yellow 94 against 100, 3.0 times "
            "the spread."
        ),
    )


def test_the_figures_have_the_names_of_what_the_fingerprint_measures(artifact: Artifact) -> None:
    # Half of the picture pure red, half a dark red: OpenCV's hue 0 and saturation 255 in both, brightness 255 and 85.
    red = np.zeros((224, 224, 3), np.uint8)
    red[:112, :, 0], red[112:, :, 0] = 255, 85
    red[artifact.manifest.preprocessing.mark(224)] = 0
    one = dataclasses.replace(measure_picture(encode_png(red), artifact), cells=1)

    named = {figure.name: figure.mean for figure in commission([one] * 30, [], artifact).colours}

    white = 28 * 54 / 224**2  # the scale-bar corner
    assert named["hue"] == 0.0
    assert named["saturation"] == pytest.approx(255 * (1 - white), abs=0.01)
    assert named["brightness"] == pytest.approx((255 + 85) / 2 + white * (255 - 85), abs=0.01)
    assert named["variety of hue"] == 0.0
    assert named["green to red"] > 140  # neutral is 128
    assert named["blue to yellow"] > 140


@pytest.mark.parametrize(("unknown", "fits"), [(2, True), (3, False)])
def test_one_picture_in_twenty_may_be_unknown(model: Artifact, unknown: int, fits: bool) -> None:
    acquisition = commission(
        [picture()] * (40 - unknown) + [picture(110.0), picture(90.0), picture(110.0)][:unknown], [], model
    )

    assert acquisition.fits is fits


@pytest.mark.parametrize(("level", "fits"), [(101.0, True), (99.0, True), (101.25, False), (98.75, False)])
def test_pictures_that_all_pass_may_not_be_shifted_together(model: Artifact, level: float, fits: bool) -> None:
    acquisition = commission([picture(at_7=level)] * 30, [], model)  # one spread is 2, so half a spread, and 0.625

    assert acquisition.accepted == 1.0
    assert acquisition.fits is fits
    if not fits:
        word = "redder" if level > 100 else "greener"
        assert acquisition.reasons[0] == SHIFTED
        assert acquisition.reasons[1].startswith(f"The pictures are {word} than the model's: green to red ")


@pytest.mark.parametrize(("empty", "fits"), [(2, True), (3, False)])
def test_one_picture_in_twenty_may_be_without_a_cell(model: Artifact, empty: int, fits: bool) -> None:
    acquisition = commission([picture()] * (40 - empty) + [picture(cells=0)] * empty, [], model)

    assert acquisition.fits is fits
    if not fits:
        assert acquisition.reasons == (
            (
                "Stained white cells were found in 37 of 40 pictures; 38 are needed. Check focus, magnification and stain, and "
                "choose fields with white cells."
            ),
        )


def test_where_no_picture_has_a_cell_there_is_no_size_of_cells(model: Artifact) -> None:
    acquisition = commission([picture(cells=0)] * 30, [], model)

    assert (acquisition.cell_size, acquisition.fits) == (None, False)


@pytest.mark.parametrize(("unreadable", "fits"), [(2, True), (3, False)])
def test_one_file_in_twenty_may_be_unreadable(model: Artifact, unreadable: int, fits: bool) -> None:
    acquisition = commission([picture()] * (40 - unreadable), [UNREADABLE] * unreadable, model)

    assert acquisition.fits is fits
    assert acquisition.unreadable == (UNREADABLE,) * unreadable
    if not fits:
        assert acquisition.reasons == ("3 of 40 files could not be judged at all. Each is named.",)


def test_sizes_are_counted_the_most_frequent_first(model: Artifact) -> None:
    acquisition = commission([picture(size=(640, 480))] * 10 + [picture(size=(2592, 1944))] * 20, [], model)

    assert [(size.width, size.height, size.pictures) for size in acquisition.sizes] == [(2592, 1944, 20), (640, 480, 10)]


@pytest.mark.parametrize(
    ("judged", "unreadable", "said"),
    [
        (29, 0, "expected at least 30 pictures that can be judged, received 29"),
        (0, 0, "expected at least 30 pictures that can be judged, received 0"),
        (29, 4, "expected at least 30 pictures that can be judged, received 29 and 4 that can't"),
    ],
)
def test_too_few_pictures_are_an_error(model: Artifact, judged: int, unreadable: int, said: str) -> None:
    with pytest.raises(HemascopeError, match=f"^{said}$"):
        commission([picture()] * judged, [UNREADABLE] * unreadable, model)


def test_a_picture_of_one_colour_is_none_that_can_be_judged(artifact: Artifact) -> None:
    with pytest.raises(RejectedSmear, match="one colour"):
        measure_picture(encode_png(np.full((224, 224, 3), 255, np.uint8)), artifact)


def test_a_fingerprint_survives_its_own_json(model: Artifact) -> None:
    acquisition = commission([picture()] * 30, [UNREADABLE], model)

    assert Acquisition.model_validate_json(acquisition.to_json()) == acquisition
    assert json.loads(acquisition.to_json())["schema"] == "hemascope.acquisition/1"


@pytest.mark.parametrize(
    "changed",
    [
        {"accepted": 0.9},
        {"colours": [{"name": "hue", "mean": 1.0, "deviation": 1.0, "reference": 0.0, "away": 0.7}] * 12},
        {"pictures": 29},
        {"pictures": 31},
        {"reasons": []},
        {"colours": []},
        {"schema": "hemascope.acquisition/2"},
        {"surprise": 1},
    ],
)
def test_a_fingerprint_that_contradicts_itself_is_refused(model: Artifact, changed: dict[str, Any]) -> None:
    whole = commission([picture()] * 30, [], model).model_dump(mode="json", by_alias=True)

    with pytest.raises(ValidationError):
        Acquisition.model_validate(whole | changed)
