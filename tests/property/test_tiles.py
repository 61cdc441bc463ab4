"""Tiles cover any field and no cell counts twice, whatever the ruler; the answer is never milder than its tiles allow."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.domain.disease import ClassSpec
from hemascope.domain.errors import RejectedSmear, RejectionReason
from hemascope.domain.manifest import DecisionSpec
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.profile import MicroscopeProfile, Ruler
from hemascope.imaging.stitch import stitch_maps, stitch_segmentations
from hemascope.imaging.tiles import CutField, cut_field, plan_tiles, tile_side
from hemascope.model.aggregate import TileAnswer, aggregate
from hemascope.model.decision import decide
from tests.support.tiled_fields import find_dark

CLASSES = tuple(
    ClassSpec(name=name, folder=name, display=name, urgent=name != "Benign") for name in ("Benign", "Early", "Pre", "Pro")
)
SIDES = st.integers(64, 1300)
RULERS = st.floats(8.0, 120.0)
SHARES = st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4).filter(lambda shares: sum(shares) > 0.1)
TILES = st.lists(
    st.tuples(SHARES, st.lists(st.booleans(), min_size=4, max_size=4), st.integers(0, 60)), min_size=1, max_size=12
)
SPECS = st.builds(
    DecisionSpec,
    temperature=st.just(1.0),
    minimum_confidence=st.floats(0.5, 0.95),
    prediction_set_threshold=st.floats(0.05, 0.5),
    missed_cost=st.floats(1.0, 10.0),
)


def cut(field: np.ndarray, red_cell: float) -> CutField | None:
    """None where the field is refused, for a reason that is allowed."""
    height, width = field.shape[:2]
    ruler = Ruler(red_cell=red_cell, width=width, height=height, fields=30)
    try:
        return cut_field(field, PreprocessingSpec(), MicroscopeProfile(ruler=ruler))
    except RejectedSmear as refused:
        reason = refused.reason
    high, wide = tile_side(red_cell)
    assert reason is (
        RejectionReason.TOO_SMALL if height < 0.62 * high or width < 0.62 * wide else RejectionReason.TOO_MANY_PIXELS
    )
    return None


@given(SIDES, SIDES, RULERS)
@settings(max_examples=60)
def test_tiles_cover_the_field_and_each_shows_about_what_the_network_knows(height: int, width: int, red_cell: float) -> None:
    tiles = cut(np.full((height, width, 3), 255, np.uint8), red_cell)
    if tiles is None:
        return

    photographed, scaled = np.zeros((height, width), np.uint8), np.zeros((tiles.height, tiles.width), np.uint8)
    for tile in tiles.tiles:
        for seen, place in ((photographed, tile.place), (scaled, tile.scaled)):
            seen[place.top : place.top + place.height, place.left : place.left + place.width] += 1
        assert tile.working.shape == (224, 224, 3)
        high, wide = tile_side(red_cell)
        assert 0.55 <= tile.place.height / high <= 1.36
        assert 0.55 <= tile.place.width / wide <= 1.36
    assert photographed.min() == scaled.min() == 1


@given(st.integers(1, 4000), st.integers(1, 4000), RULERS)
def test_every_field_is_planned_or_refused(height: int, width: int, red_cell: float) -> None:
    try:
        tiles = plan_tiles(height, width, red_cell)
    except RejectedSmear:
        return

    assert 1 <= len(tiles) <= 100


@given(st.data(), st.integers(150, 900), st.integers(200, 1100), st.floats(14.0, 40.0))
@settings(max_examples=60)
def test_no_cell_counts_twice_and_what_lies_on_borders_is_whole(
    data: st.DataObject, height: int, width: int, red_cell: float
) -> None:
    field = np.full((height, width, 3), 255, np.uint8)
    radius = round(0.75 * red_cell)
    step = 4 * radius
    centres = [(row, column) for row in range(radius, height, step) for column in range(radius, width, step)]
    drawn = data.draw(st.lists(st.sampled_from(centres), max_size=25, unique=True))
    for row, column in drawn:
        cv2.circle(field, (column, row), radius, (120, 60, 200), cv2.FILLED)
    tiles = cut(field, red_cell)
    if tiles is None:
        return

    found = stitch_segmentations(tiles, find_dark(tiles))

    assert found.labels.shape == (tiles.height, tiles.width)
    assert set(np.unique(found.labels)) == set(range(found.cell_count + 1)) | {0}
    assert found.cell_count <= len(drawn)  # fewer where a corner is painted white
    discs, numbers = _discs(drawn, radius, field.shape, found.labels.shape), found.labels
    for disc in range(1, len(drawn) + 1):
        assert len(set(np.unique(numbers[discs == disc])) - {0}) <= 1


@given(st.integers(150, 700), st.integers(200, 900), st.floats(14.0, 40.0), st.integers(0, 20))
@settings(max_examples=30)
def test_a_stitched_map_has_a_value_from_one_tile_at_every_place(height: int, width: int, red_cell: float, seed: int) -> None:
    tiles = cut(np.full((height, width, 3), 255, np.uint8), red_cell)
    if tiles is None or (len(tiles.tiles) == 1 and (tiles.height, tiles.width) == (224, 224)):
        return
    chance = np.random.default_rng(seed)
    values = chance.uniform(1.0, 2.0, len(tiles.tiles)).astype(np.float32)

    whole = stitch_maps(tiles, [np.full((8, 8), value, np.float32) for value in values])

    assert np.isin(whole.round(4), values.round(4)).mean() > 0.999


@given(TILES, SPECS)
def test_a_field_is_never_milder_than_its_tiles_allow(
    given_tiles: list[tuple[list[float], list[bool], int]], spec: DecisionSpec
) -> None:
    tiles = [TileAnswer(np.array(shares) / sum(shares), np.array(typical), cells) for shares, typical, cells in given_tiles]

    answer = aggregate(tiles, spec, CLASSES)

    own = [decide(tile.probabilities, tile.typical, spec, CLASSES) for tile in tiles]
    alarming = {found.label for found in own if found.is_conclusive and found.label != "Benign"}
    assert alarming <= set(answer.found.prediction_set)
    if alarming - {answer.found.label}:
        assert answer.is_forbidden
        assert not answer.found.is_conclusive
    assert np.isclose(answer.probabilities.sum(), 1.0)
    if all(found.is_conclusive and found.label == own[0].label for found in own):
        assert answer.found.label == own[0].label
        assert answer.found.is_conclusive


def _discs(drawn: list[tuple[int, int]], radius: int, shape: tuple[int, ...], scaled: tuple[int, ...]) -> np.ndarray:
    discs = np.zeros(shape[:2], np.uint8)
    for number, (row, column) in enumerate(drawn, start=1):
        cv2.circle(discs, (column, row), radius, number, cv2.FILLED)
    return np.asarray(cv2.resize(discs, scaled[::-1], interpolation=cv2.INTER_NEAREST))
