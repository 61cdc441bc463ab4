"""The splits that are harder than by image: what must never be on two sides."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.data.dataset import Sample
from training.data.duplicates import file_number
from training.data.split import PARTS, Split, load_split, split_samples
from training.data.splits import BLOCK, CLUSTERS, EMBARGO, FOLDS, block_of, colour_clusters, make_splits

NAMES = ["random", "duplicates", *(f"sessions-{fold}" for fold in range(1, 6)), *(f"colours-{fold}" for fold in range(1, 5))]


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [
        Sample(f"Original/{label}/smear-{number:03}.jpg", label, f"{label}-{number}")
        for label, size in enumerate((504, 985, 700, 640))
        for number in range(1, size)
        if number % 5  # the data set has holes too
    ]


@pytest.fixture(scope="module")
def groups(samples: list[Sample]) -> dict[str, str]:
    """Pairs of neighbours, here and there, and a pair from far apart."""
    groups = {sample.path: sample.path for sample in samples}
    for sample, other in zip(samples[::14], samples[1::14], strict=False):
        groups[other.path] = sample.path
    groups[samples[300].path] = samples[20].path
    return groups


@pytest.fixture(scope="module")
def colours(samples: list[Sample]) -> np.ndarray:
    """Four colours, in which the classes lie in different shares."""
    chance = np.random.default_rng(1)
    centre = np.array([chance.choice(4, p=np.roll([0.7, 0.2, 0.07, 0.03], sample.label)) for sample in samples])
    return chance.normal(0, 1, (len(samples), 12)) + 8 * np.eye(12)[centre]


@pytest.fixture(scope="module")
def splits(samples: list[Sample], groups: dict[str, str], colours: np.ndarray) -> dict[str, Split]:
    return make_splits(samples, groups, colours)


def test_there_are_four_kinds_in_eleven_splits(splits: dict[str, Split]) -> None:
    assert list(splits) == NAMES


@pytest.mark.parametrize("name", NAMES[1:])
def test_smears_of_one_field_are_on_one_side(splits: dict[str, Split], groups: dict[str, str], name: str) -> None:
    sides = [{groups[sample.path] for sample in splits[name].part(part)} for part in PARTS]

    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]


@pytest.mark.parametrize("name", NAMES)
def test_every_part_holds_every_class_and_no_smear_twice(splits: dict[str, Split], name: str) -> None:
    placed = [sample.path for part in PARTS for sample in splits[name].part(part)]

    assert len(placed) == len(set(placed))
    for part in PARTS:
        assert Counter(sample.label for sample in splits[name].part(part)).keys() == {0, 1, 2, 3}


def test_by_image_is_the_split_that_training_makes(splits: dict[str, Split], samples: list[Sample]) -> None:
    assert splits["random"] == split_samples(samples)


def test_a_network_trained_by_image_has_seen_nothing_of_the_duplicates_test(
    splits: dict[str, Split], groups: dict[str, str]
) -> None:
    by_image, held_back = splits["random"], splits["duplicates"].test
    seen = {groups[sample.path] for part in (by_image.train, by_image.validation) for sample in part}

    assert set(held_back) < set(by_image.test)
    assert not seen & {groups[sample.path] for sample in held_back}
    assert len(held_back) > 0.7 * len(by_image.test)


@pytest.mark.parametrize("kind", ["sessions", "colours"])
def test_the_folds_of_a_kind_test_every_smear_once(splits: dict[str, Split], samples: list[Sample], kind: str) -> None:
    tested = [sample for name, split in splits.items() if name.startswith(kind) for sample in split.test]

    assert sorted(tested, key=lambda sample: sample.path) == sorted(samples, key=lambda sample: sample.path)


@pytest.mark.parametrize("fold", range(1, FOLDS + 1))
def test_a_block_is_held_back_whole_and_its_neighbours_are_nowhere(
    splits: dict[str, Split], samples: list[Sample], fold: int
) -> None:
    split = splits[f"sessions-{fold}"]
    held_back = {block_of(sample) for sample in split.test}

    assert {sample for sample in samples if block_of(sample) in held_back} == set(split.test)
    assert not held_back & {block_of(sample) for sample in (*split.train, *split.validation)}
    assert not {block_of(sample) for sample in split.train} & {block_of(sample) for sample in split.validation}
    for label in range(4):
        tested = np.array([file_number(sample) for sample in split.test if sample.label == label])
        others = np.array([file_number(sample) for sample in (*split.train, *split.validation) if sample.label == label])
        assert np.abs(tested[:, None] - others[None]).min() > 15 == EMBARGO


def test_a_block_is_sixty_consecutive_numbers() -> None:
    numbers = [file_number(sample) for sample in map(_numbered, range(300)) if block_of(sample) == (2, 3)]

    assert BLOCK == 60
    assert numbers == list(range(180, 240))


def _numbered(number: int) -> Sample:
    return Sample(f"Original/Pre/WBC-Malignant-Pre-{number:03}.jpg", 2, "")


@pytest.fixture(scope="module")
def clusters(colours: np.ndarray) -> np.ndarray:
    return colour_clusters(colours)


@pytest.mark.parametrize("cluster", range(CLUSTERS))
def test_the_colour_that_is_tested_was_never_seen(
    splits: dict[str, Split], samples: list[Sample], clusters: np.ndarray, cluster: int
) -> None:
    own = {sample.path for sample, own in zip(samples, clusters, strict=True) if own == cluster}
    split = splits[f"colours-{cluster + 1}"]

    assert {sample.path for sample in split.test} == own
    assert not own & {sample.path for sample in (*split.train, *split.validation)}


def test_colour_clusters_are_found_and_numbered_by_size(clusters: np.ndarray, colours: np.ndarray) -> None:
    sizes = np.bincount(clusters)
    truth = colours[:, :4].argmax(axis=1)
    assert list(sizes) == sorted(sizes, reverse=True)
    assert all(len(set(clusters[truth == number])) == 1 for number in range(4))


def test_a_stored_split_says_by_which_rule_it_was_made(splits: dict[str, Split], samples: list[Sample], tmp_path: Path) -> None:
    splits["sessions-2"].save(tmp_path / "sessions-2.json")

    content = json.loads((tmp_path / "sessions-2.json").read_text())

    assert content["rule"] == "fold 2 of 5: blocks of 60 file numbers, embargo 15"
    assert load_split(tmp_path / "sessions-2.json", samples) == splits["sessions-2"]


def test_the_rule_is_not_part_of_the_digest(splits: dict[str, Split]) -> None:
    assert replace(splits["random"], rule="in other words").digest == splits["random"].digest


def test_a_class_of_too_few_files_for_sessions_is_refused(
    samples: list[Sample], groups: dict[str, str], colours: np.ndarray
) -> None:
    few = [number for number, sample in enumerate(samples) if sample.label or file_number(sample) < 240]

    with pytest.raises(ValueError, match="expected at least 5 blocks of 60 file numbers in every class, found 4"):
        make_splits([samples[number] for number in few], groups, colours[few])
