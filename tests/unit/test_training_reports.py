"""Probes, shifts and calibration on drawn smears, with networks whose answers are known beforehand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import NetworkInputs
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import Artifact
from hemascope.model.classifier import BRANCHES, Answer, temper
from tests.support.fakes import FixedClassifier
from training.data.colour import turn_hue
from training.data.dataset import CLASS_FOLDERS, Sample, read_dataset
from training.data.shifts import SHIFTS, Shift
from training.data.split import Split, split_samples
from training.evidence.cell_background_ablation import measure_cell_background_ablation, on_background, without_cells
from training.evidence.evaluated_artifact import EvaluatedArtifact
from training.evidence.probe_comparison import compare_with_probes
from training.evidence.probes import PROBES, BagOfPatches, View, probe_features, view_of
from training.evidence.reliability import measure_calibration
from training.evidence.shift_robustness import measure_shifts, overlap, worst

CORNER = np.zeros((224, 224), bool)
CORNER[196:, 170:] = True  # where the scale bar is
TURNS = (0.0, 12.0, -14.0, 26.0)  # degrees of hue by which the classes of the drawn data set differ


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten smears a class, which differ in the stain alone."""
    root = tmp_path_factory.mktemp("stained")
    for label, folder in enumerate(CLASS_FOLDERS):
        (root / "Original" / folder).mkdir(parents=True)
        for number in range(10):
            smear = turn_hue(draw_synthetic_smear(20 * label + number, side=224), TURNS[label])
            (root / "Original" / folder / f"{number}.jpg").write_bytes(encode_jpeg(smear))
    return root


@pytest.fixture(scope="module")
def samples(root: Path) -> list[Sample]:
    return read_dataset(root)


@pytest.fixture(scope="module")
def alone(samples: list[Sample]) -> dict[str, str]:
    """Every smear a group of its own."""
    return {sample.path: sample.path for sample in samples}


@pytest.fixture(scope="module")
def split(samples: list[Sample]) -> Split:
    return split_samples(samples)


@pytest.fixture(scope="module")
def view(root: Path, samples: list[Sample]) -> View:
    return view_of((root / samples[0].path).read_bytes())


class ClassifierOf:
    """A classifier that is certain of a class, which a function of its inputs gives."""

    def __init__(self, artifact: Artifact, sees: Callable[[NetworkInputs], int]) -> None:
        self.artifact, self.sees = artifact, sees

    def probabilities(self, inputs: NetworkInputs) -> np.ndarray:
        return 0.96 * np.eye(4)[self.sees(inputs)] + 0.01

    def answer(self, inputs: NetworkInputs) -> Answer:
        features, typical = np.zeros(1024, np.float32), np.ones(4, np.bool_)
        maps = dict.fromkeys(BRANCHES, np.zeros((8, 8), np.float32))
        return Answer(self.probabilities(inputs), features, maps, 0.0, typical)


def stain_of(picture: np.ndarray) -> int:
    """Class of a drawn smear by the hue of its darkest pixels."""
    dark = picture[(picture.min(axis=-1) > 0) & (picture.min(axis=-1) < 0.42)]
    if not len(dark):
        return 0
    red, green, blue = np.median(dark, axis=0)
    hue = 240 + 60 * (red - green) / (blue - min(red, green)) if blue >= red else 360
    return int(np.argmin([abs(hue - 263 - turn) for turn in TURNS]))


def test_the_drawn_stains_can_be_told_apart(
    root: Path, samples: list[Sample], artifact: Artifact, alone: dict[str, str]
) -> None:
    (row,) = measure_shifts(ClassifierOf(artifact, lambda seen: stain_of(seen.original)), root, samples, alone, shifts=())

    assert row["accuracy"].value == 1.0


def repainted(view: View, where: np.ndarray, colour: tuple[int, int, int]) -> View:
    """The same smear with another colour in some place."""
    whole, working = view.whole.copy(), view.working.copy()
    whole[where] = colour
    working[where & ~CORNER] = colour
    return View(whole, working, view.cells)


def unchanged(name: str, view: View, other: View) -> bool:
    (probe,) = [probe for probe in PROBES if probe.name == name]
    return bool((probe.features(view) == probe.features(other)).all())


def test_the_background_probe_sees_no_cell(view: View) -> None:
    in_cells = repainted(view, view.cells, (0, 255, 0))
    outside = repainted(view, ~view.cells, (200, 210, 220))

    assert unchanged("background", view, in_cells)
    assert not unchanged("background", view, outside)


def test_the_corner_probe_sees_the_scale_bar_and_nothing_else(view: View) -> None:
    assert unchanged("corner", view, repainted(view, ~CORNER, (10, 20, 30)))
    assert not unchanged("corner", view, repainted(view, CORNER, (10, 20, 30)))


def test_the_other_probes_see_no_scale_bar(view: View) -> None:
    other = repainted(view, CORNER, (10, 20, 30))

    assert all(unchanged(name, view, other) for name in ("colour", "background", "grey", "shuffled cells"))


def test_the_grey_probe_sees_no_colour(view: View) -> None:
    grey = view.working.mean(axis=-1, keepdims=True).astype(np.uint8).repeat(3, axis=-1)
    tinted = grey.astype(np.int16) + np.array([10, 0, -26], np.int16)  # 0.299 x 10 = 0.114 x 26, within rounding
    (probe,) = [probe for probe in PROBES if probe.name == "grey"]

    found = [
        probe.features(View(view.whole, picture, view.cells)) for picture in (grey, np.clip(tinted, 0, 255).astype(np.uint8))
    ]

    assert np.abs(found[0] - found[1]).sum() < 0.1


def test_shuffled_cells_have_no_background_and_no_order(view: View) -> None:
    far = repainted(view, ~_near(view.cells), (0, 255, 0))
    patches = np.random.default_rng(1).integers(0, 256, (20, 64, 192)).astype(np.uint8)
    words = BagOfPatches().fit(patches)

    assert unchanged("shuffled cells", view, far)
    assert (words.transform(patches).sum(axis=1) == 64).all()
    assert (words.transform(patches) == words.transform(patches[:, ::-1])).all()


def _near(cells: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.dilate(cells.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0


def evaluated(artifact: Artifact, split: Split, sees: Callable[[NetworkInputs], int]) -> EvaluatedArtifact:
    trained_on = frozenset(sample.path for part in (split.train, split.validation) for sample in part)
    return EvaluatedArtifact(ClassifierOf(artifact, sees), split, trained_on)


def test_a_stain_that_gives_the_class_away_is_found_by_the_colour_probe_and_not_by_the_corner(
    root: Path, samples: list[Sample], split: Split, alone: dict[str, str], artifact: Artifact
) -> None:
    always_benign = evaluated(artifact, split, lambda seen: 0)

    report = compare_with_probes(root, samples, {"random": split}, alone, [always_benign], kinds=("random",))["random"]

    assert report["probes"]["colour"]["balanced"].value == 1.0
    assert report["probes"]["corner"]["balanced"].value < 0.7
    assert report["artifact"]["balanced"].value == pytest.approx(0.25)
    assert report["probes"]["colour"]["margin"].value == pytest.approx(-0.75)
    assert report["artifact_trained_for_it"]


def test_an_artifact_of_another_split_is_scored_only_on_smears_that_it_has_not_seen(
    samples: list[Sample], split: Split, alone: dict[str, str], artifact: Artifact
) -> None:
    other = split_samples(samples, seed=7)
    artifact_of_split = evaluated(artifact, split, lambda seen: 0)
    related = other.test[0]
    groups = alone | {split.train[0].path: related.path}

    assert set(artifact_of_split.unseen(other, alone)) == set(other.test) & set(split.test)
    assert related not in artifact_of_split.unseen(other, groups)
    assert artifact_of_split.unseen(split, alone) == list(split.test)


def test_a_smear_is_classified_once(root: Path, samples: list[Sample], split: Split, artifact: Artifact) -> None:
    network = FixedClassifier(artifact, 0.1, 0.2, 0.6, 0.1)
    artifact_of_split = EvaluatedArtifact(network, split, frozenset())

    artifact_of_split.answer(root, samples[:3])
    answers = artifact_of_split.answer(root, samples[:5])

    assert set(answers.values()) == {2}
    assert len(network.asked) == 5


def test_a_network_that_reads_the_stain_falls_under_a_hue_shift_and_not_under_a_blur(
    root: Path, samples: list[Sample], artifact: Artifact, alone: dict[str, str]
) -> None:
    hue, blurred = (next(shift for shift in SHIFTS if shift.name.startswith(name)) for name in ("hue +15", "blur"))

    rows = measure_shifts(
        ClassifierOf(artifact, lambda seen: stain_of(seen.original)), root, samples[::4], alone, (hue, blurred)
    )

    assert [row["shift"] for row in rows] == ["none", "hue +15 degrees", "blur of one pixel"]
    assert [row["accuracy"].value > 0.9 for row in rows] == [True, False, True]
    assert worst(rows)["shift"] == "hue +15 degrees"
    assert all(row["mask_iou"] > 0.6 for row in rows)


def test_a_loss_of_accuracy_that_is_the_segmentations_shows_in_the_accuracy_with_the_unshifted_mask(
    root: Path, samples: list[Sample], artifact: Artifact, alone: dict[str, str]
) -> None:
    # Right as long as the mask is of its usual size: a network that fails by the mask alone.
    benign = [sample for sample in samples if sample.label == 0][:4]
    network = ClassifierOf(artifact, lambda seen: 0 if seen.segmentation.coverage > 0.005 else 3)
    green = Shift("green", lambda picture: turn_hue(picture, 150.0))

    _, row = measure_shifts(network, root, benign, alone, (green,))

    assert row["accuracy"].value == 0.0
    assert row["same_mask"] == 1.0
    assert row["mask_iou"] < 0.1
    assert row["expected_calibration_error"] == pytest.approx(0.97)


def test_a_mask_moves_with_the_picture(root: Path, samples: list[Sample], artifact: Artifact, alone: dict[str, str]) -> None:
    turned = next(shift for shift in SHIFTS if shift.moves)

    rows = measure_shifts(FixedClassifier(artifact, 1.0, 0.0, 0.0, 0.0), root, samples[:4], alone, (turned,))

    assert rows[0]["mask_iou"] == 1.0
    assert rows[1]["mask_iou"] > 0.85


def test_two_empty_masks_agree() -> None:
    assert overlap(np.zeros((4, 4), bool), np.zeros((4, 4), bool)) == 1.0


def test_calibration_undoes_the_temperature_that_the_artifact_applies(
    root: Path, samples: list[Sample], artifact: Artifact, alone: dict[str, str]
) -> None:
    untempered = np.array([0.7, 0.1, 0.1, 0.1])
    as_served = temper(untempered, artifact.manifest.decision.temperature)

    found = measure_calibration(FixedClassifier(artifact, *as_served), root, samples, alone)

    # A quarter of the smears is of the class that is always named.
    assert found["before"]["expected_calibration_error"].value == pytest.approx(0.7 - 0.25)
    assert found["after"]["expected_calibration_error"].value == pytest.approx(as_served[0] - 0.25)
    assert found["before"]["bins"] == [{"confidence": pytest.approx(0.7), "accuracy": 0.25, "smears": 40}]
    assert found["before"]["log_loss"] == pytest.approx(-(np.log(0.7) + 3 * np.log(0.1)) / 4)


def test_a_composite_has_the_cells_of_one_smear_and_the_background_of_the_other(root: Path, samples: list[Sample]) -> None:
    cells, background = (view_of((root / samples[number].path).read_bytes()) for number in (0, 10))

    empty = without_cells(background)
    mixed = on_background(cells, empty)

    assert view_of_picture(empty).cells.mean() < 0.1 * background.cells.mean()
    assert (mixed[cells.cells] == cells.whole[cells.cells]).all()
    far = ~_near(cells.cells) & ~_near(background.cells)
    assert (mixed[far] == background.whole[far]).all()


def view_of_picture(picture: Picture) -> View:
    return view_of(encode_jpeg(picture, quality=100))


def test_a_network_that_reads_cells_follows_them_to_another_background(
    root: Path, samples: list[Sample], artifact: Artifact
) -> None:
    by_cells, on_white, background = measure_cell_background_ablation(
        ClassifierOf(artifact, lambda seen: stain_of(seen.original)), root, samples[::4]
    )

    assert by_cells["cells"] > 0.8
    assert on_white["cells"] > 0.8
    assert background["cells"] is None
    assert sum(by_cells[name] for name in ("cells", "background", "neither")) == pytest.approx(1.0)


def test_every_probe_sees_every_smear(root: Path, samples: list[Sample]) -> None:
    features = probe_features(root, samples[:2])

    assert {name: values.shape for name, values in features.items()} == {
        "colour": (2, 12),
        "background": (2, 12),
        "corner": (2, 14 * 27),
        "grey": (2, 32),
        "shuffled cells": (2, 64, 192),
    }
