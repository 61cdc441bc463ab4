"""Four rules for splitting a data set, from the easiest to the hardest test part, stored as hashed files of one format.

``random``
    By image, as in the paper; byte-identical copies in one part.
``duplicates``
    The same, but smears that share a field with a smear of another part (:mod:`training.data.duplicates`) are in train; a
    network that was trained on ``random`` has not seen this test part either.
``sessions-1`` to ``-5``
    Blocks of 60 consecutive file numbers of a class: five folds. Neighbours within 15 numbers of a test block are in
    no part (the embargo). Neighbouring files come from one slide and look alike. A logistic regression on twelve colour
    values loses 1 point from single images to blocks of 30, half a point more to 90, and nothing to 120; overlapping
    fields are mostly within 8 numbers.
``colours-1`` to ``-4``
    The test part is one of four clusters of the twelve colour values, of whatever classes: its stain and lamp are not in the
    training part.
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.imaging.fingerprint import colour_fingerprint
from training.data.dataset import Sample, fingerprint, load_working_pictures
from training.data.duplicates import file_number, stored_groups
from training.data.split import Split, load_split, split_samples

KINDS = ("random", "duplicates", "sessions", "colours")
BLOCK = 60  # file numbers
EMBARGO = 15  # file numbers on either side of a held-back block
FOLDS = 5
CLUSTERS = 4
SEED = 4420
_VALIDATION_SHARE = 8  # one group in eight of the rest, for rules without a validation part of their own


def stored_splits(root: Path, samples: Sequence[Sample], folder: Path) -> dict[str, Split]:
    """Every split by name, from files in a folder; missing ones are made and stored.

    Raises
    ------
    ValueError
        Where a file was altered, or was made for another data set.
    """
    names = ["random", "duplicates"]
    names += [f"sessions-{fold + 1}" for fold in range(FOLDS)] + [f"colours-{fold + 1}" for fold in range(CLUSTERS)]
    files = {name: folder / f"{name}.json" for name in names}
    if missing := [name for name, file in files.items() if not file.exists()]:
        groups = stored_groups(root, samples, folder / "groups.json")
        pictures = load_working_pictures(root, samples, PreprocessingSpec())
        made = make_splits(samples, groups, np.array([colour_fingerprint(picture) for picture in pictures]))
        for name in missing:
            made[name].save(files[name])
    return {name: load_split(file, samples) for name, file in files.items()}


def make_splits(samples: Sequence[Sample], groups: Mapping[str, str], colours: NDArray[np.float64]) -> dict[str, Split]:
    """Make every split. ``groups``: path -> group; ``colours``: (n, 12) fingerprints in the order of the samples."""
    by_image = split_samples(samples, SEED)
    splits = {"random": by_image, "duplicates": _duplicates(samples, groups, by_image)}
    splits |= {f"sessions-{fold + 1}": _sessions(samples, groups, fold) for fold in range(FOLDS)}
    clusters = colour_clusters(colours)
    splits |= {f"colours-{cluster + 1}": _colours(samples, groups, clusters, cluster) for cluster in range(CLUSTERS)}
    return splits


def colour_clusters(colours: NDArray[np.float64]) -> NDArray[np.int64]:
    """Cluster of each smear by its colour fingerprint, the largest first: (n,), 0-3."""
    with threadpool_limits(1):  # matrices are small: threads would only wait for each other
        labels = KMeans(CLUSTERS, n_init=10, random_state=SEED).fit_predict(StandardScaler().fit_transform(colours))
    by_size = np.argsort(-np.bincount(labels, minlength=CLUSTERS), kind="stable")
    return np.asarray(np.argsort(by_size)[labels])


def block_of(sample: Sample) -> tuple[int, int]:
    """Class and block number of a smear."""
    return sample.label, file_number(sample) // BLOCK


def _duplicates(samples: Sequence[Sample], groups: Mapping[str, str], by_image: Split) -> Split:
    parts = {name: {groups[sample.path] for sample in by_image.part(name)} for name in ("train", "test", "validation")}
    test, validation = (
        [sample for sample in by_image.part(name) if groups[sample.path] not in parts["train"] | parts[other]]
        for name, other in (("test", "validation"), ("validation", "test"))
    )
    held_back = {sample.path for sample in (*test, *validation)}
    left = [sample for sample in samples if sample.path not in held_back]
    return _apart(samples, groups, test, validation, left, "7:2:1 by class, smears that share a field all in train")


def _sessions(samples: Sequence[Sample], groups: Mapping[str, str], fold: int) -> Split:
    test, validation = _blocks(samples, fold)
    held_back = [sample for sample in samples if block_of(sample) in test]

    def far(sample: Sample) -> bool:
        numbers = np.array([file_number(other) for other in held_back if other.label == sample.label])
        return not (np.abs(numbers - file_number(sample)) <= EMBARGO).any()

    left = [sample for sample in samples if block_of(sample) not in test and far(sample)]
    watched = [sample for sample in left if block_of(sample) in validation]
    rule = f"fold {fold + 1} of {FOLDS}: blocks of {BLOCK} file numbers, embargo {EMBARGO}"
    return _apart(samples, groups, held_back, watched, left, rule)


def _blocks(samples: Sequence[Sample], fold: int) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Blocks of a fold's test part, and of its validation part: half of the next fold's."""
    test: set[tuple[int, int]] = set()
    validation: set[tuple[int, int]] = set()
    for label in sorted({sample.label for sample in samples}):
        blocks = sorted({block_of(sample) for sample in samples if sample.label == label})
        if len(blocks) < FOLDS:
            raise ValueError(f"expected at least {FOLDS} blocks of {BLOCK} file numbers in every class, found {len(blocks)}")
        random.Random(f"{SEED}:{label}").shuffle(blocks)
        test |= set(blocks[fold::FOLDS])
        following = blocks[(fold + 1) % FOLDS :: FOLDS]
        validation |= set(following[: -(-len(following) // 2)])
    return test, validation


def _colours(samples: Sequence[Sample], groups: Mapping[str, str], clusters: NDArray[np.int64], cluster: int) -> Split:
    held_back = [sample for sample, own in zip(samples, clusters, strict=True) if own == cluster]
    left = [sample for sample, own in zip(samples, clusters, strict=True) if own != cluster]
    names = sorted({groups[sample.path] for sample in left})
    chosen = set(random.Random(f"{SEED}:{cluster}").sample(names, len(names) // _VALIDATION_SHARE))
    watched = [sample for sample in left if groups[sample.path] in chosen]
    return _apart(samples, groups, held_back, watched, left, f"colour cluster {cluster + 1} of {CLUSTERS} held back")


def _apart(
    samples: Sequence[Sample],
    groups: Mapping[str, str],
    test: Sequence[Sample],
    validation: Sequence[Sample],
    left: Sequence[Sample],
    rule: str,
) -> Split:
    """A split with each group in one part: groups of the test part are removed from validation, both from train."""
    tested = {groups[sample.path] for sample in test}
    validation = [sample for sample in validation if groups[sample.path] not in tested]
    taken = tested | {groups[sample.path] for sample in validation}
    train = [sample for sample in left if groups[sample.path] not in taken]
    ordered = {
        name: tuple(sorted(part, key=lambda sample: sample.path))
        for name, part in (("train", train), ("test", test), ("validation", validation))
    }
    return Split(**ordered, seed=SEED, dataset=fingerprint(samples), rule=rule)
