import numpy as np
import pytest

from hemascope.domain.preprocessing import PreprocessingSpec, StainSpec
from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import to_working_picture
from hemascope.imaging.synthetic import draw_synthetic_smear
from hemascope.microscopes import likely_map
from hemascope.microscopes.colour_fit import candidates
from hemascope.microscopes.field_colours import FieldColours, clipped, measure_field, stacked
from hemascope.microscopes.likely_map import Affine, likeliest_map
from hemascope.microscopes.minimize import minimize
from hemascope.microscopes.reference import FIGURES, MicroscopeReference
from training.export.microscope_reference import fit_reference

SPEC = PreprocessingSpec(counting=StainSpec(network_sees="photographed"))
SHIFT = Affine(np.array([[0.75, 0.1, 0.0], [0.05, 0.9, 0.0], [0.0, 0.05, 0.8]]), np.array([8.0, -5.0, 10.0]))


def smears(first: int, count: int) -> list[Picture]:
    return [
        to_working_picture(draw_synthetic_smear(seed, side=224, cells=3 + seed % 9), SPEC)
        for seed in range(first, first + count)
    ]


def moved(picture: Picture) -> Picture:
    return np.clip(np.rint(picture @ SHIFT.matrix.T + SHIFT.offset), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def reference() -> MicroscopeReference:
    pictures = smears(0, 60)
    return fit_reference(pictures, np.array([place % 2 for place in range(len(pictures))]), SPEC, "0" * 64)


@pytest.fixture(scope="module")
def fields() -> list[FieldColours]:
    return [measure_field(moved(picture), SPEC) for picture in smears(100, 20)]


def test_a_reference_holds_figures_of_each_class_and_no_pixel(reference: MicroscopeReference) -> None:
    assert [len(found.mean) for found in reference.classes] == [FIGURES, FIGURES]
    assert MicroscopeReference.model_validate_json(reference.model_dump_json()) == reference
    assert len(reference.model_dump_json()) < 50_000


def test_the_gradient_is_that_of_the_cost(reference: MicroscopeReference, fields: list[FieldColours]) -> None:
    classes, measured = likely_map._regularized(reference, 15.0), stacked(fields)
    point = np.concatenate([(SHIFT.matrix + 0.05).ravel(), SHIFT.offset])

    def cost(unknown: np.ndarray) -> float:
        return likely_map._cost(Affine(unknown[:9].reshape(3, 3), unknown[9:]), measured, classes)[0]

    _, by_matrix, by_offset = likely_map._cost(Affine(point[:9].reshape(3, 3), point[9:]), measured, classes)

    numeric = [(cost(point + step) - cost(point - step)) / 2e-5 for step in np.eye(12) * 1e-5]
    assert np.concatenate([by_matrix.ravel(), by_offset]) == pytest.approx(numeric, rel=1e-4, abs=1e-2)


def test_a_microscope_of_other_colours_is_brought_to_the_reference(
    reference: MicroscopeReference, fields: list[FieldColours]
) -> None:
    start = Affine(np.eye(3), np.zeros(3))

    found = likeliest_map(fields, reference, 15.0, [start])

    colours = np.array([[238.0, 240, 246], [176, 182, 210], [126, 82, 206]])  # of slide, red cells and nuclei
    shifted = colours @ SHIFT.matrix.T + SHIFT.offset
    restored = shifted @ found.matrix.T + found.offset
    assert np.abs(shifted - colours).max() > 12
    assert np.abs(restored - colours).max() < 6


def test_an_unshifted_microscope_is_left_nearly_as_it_is(reference: MicroscopeReference) -> None:
    own = [measure_field(picture, SPEC) for picture in smears(100, 20)]

    found = likeliest_map(own, reference, 15.0, [Affine(np.eye(3), np.zeros(3))])

    colours = np.array([[238.0, 240, 246], [176, 182, 210], [126, 82, 206]])
    assert np.abs(colours @ found.matrix.T + found.offset - colours).max() < 6


def test_every_candidate_is_named_and_the_identity_stands_first(
    reference: MicroscopeReference, fields: list[FieldColours]
) -> None:
    maps = candidates(fields, reference)

    assert [found.name for found in maps] == ["identity", "mk", "mkod", "mk+quantiles", "mix-2", "mix-15", "mix-60"]
    assert maps[0].is_identity
    assert not any(found.is_identity for found in maps[1:])


def test_levels_at_either_end_of_a_channel_are_clipped() -> None:
    levels = np.array([[0, 10, 255], [255, 10, 255], [3, 10, 254], [4, 10, 9]], np.uint8)

    assert clipped(levels).tolist() == [0.5, 0.0, 0.5]


def test_a_curved_valley_is_followed_to_its_bottom() -> None:
    def rosenbrock(point: np.ndarray) -> tuple[float, np.ndarray]:
        x, y = point
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2, np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])

    point, value = minimize(rosenbrock, np.array([-1.2, 1.0]), iterations=200, tolerance=1e-16)

    assert point == pytest.approx([1.0, 1.0], abs=1e-4)
    assert value < 1e-8


def test_a_minimum_is_never_worse_than_the_start() -> None:
    point, value = minimize(lambda x: (float(np.abs(x).sum()), np.sign(x)), np.array([3.0, -2.0]))

    assert value <= 5.0
    assert np.abs(point).sum() == pytest.approx(value)
