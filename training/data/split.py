"""The stored split: stratified 7:2:1, byte-identical copies of a smear always in one part."""

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data.dataset import Sample, fingerprint

PARTS = ("train", "test", "validation")
RANDOM = "7:2:1 by class, byte-identical copies on one side"
_TEST_SHARE, _VALIDATION_SHARE = 0.2, 0.1


@dataclass(frozen=True)
class Split:
    """Samples of the three parts (a smear may be in none), and the seed, data set and rule that they came from."""

    train: tuple[Sample, ...]
    test: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    seed: int
    dataset: str
    rule: str = RANDOM

    def part(self, name: str) -> tuple[Sample, ...]:
        """The part called ``train``, ``test`` or ``validation``."""
        return {"train": self.train, "test": self.test, "validation": self.validation}[name]

    @property
    def digest(self) -> str:
        """sha256 of which file is in which part."""
        return hashlib.sha256(json.dumps(self._parts(), sort_keys=True).encode()).hexdigest()

    def _parts(self) -> dict[str, list[str]]:
        return {name: sorted(sample.path for sample in self.part(name)) for name in PARTS}

    def save(self, path: Path) -> None:
        """Write the split with its digest."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "rule": self.rule,
            "seed": self.seed,
            "dataset": self.dataset,
            "digest": self.digest,
            "parts": self._parts(),
        }
        path.write_text(json.dumps(content, indent=1) + "\n")


def split_samples(samples: Sequence[Sample], seed: int = 4420) -> Split:
    """Split 7:2:1 with the class shares of the whole in every part.

    3,256 smears give 2,279 / 652 / 325, the numbers of Islam et al.: the parts are rounded for the whole and handed
    to the classes by the largest remainder.
    """
    total = len(samples)
    test, validation = (_round_up(total * _TEST_SHARE), int(total * _VALIDATION_SHARE))
    by_class: dict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_class[sample.label].append(sample)
    sizes = [len(by_class[label]) for label in sorted(by_class)]
    quotas = {"test": _apportion(test, sizes), "validation": _apportion(validation, sizes)}
    parts: dict[str, list[Sample]] = {name: [] for name in PARTS}
    for index, label in enumerate(sorted(by_class)):
        groups = _shuffled_groups(by_class[label], random.Random(f"{seed}:{label}"))
        for name in ("test", "validation"):
            taken, groups = _take(groups, quotas[name][index])
            parts[name] += taken
        parts["train"] += [sample for group in groups for sample in group]
    ordered = {name: tuple(sorted(part, key=lambda sample: sample.path)) for name, part in parts.items()}
    return Split(ordered["train"], ordered["test"], ordered["validation"], seed, fingerprint(samples))


def load_split(path: Path, samples: Sequence[Sample]) -> Split:
    """Read a stored split of these samples.

    Raises
    ------
    ValueError
        Where the file was altered, or was made for another data set.
    """
    content = json.loads(path.read_text())
    by_path = {sample.path: sample for sample in samples}
    if content["dataset"] != fingerprint(samples):
        raise ValueError(f"expected the data set {content['dataset'][:12]}, received {fingerprint(samples)[:12]}")
    parts = {name: tuple(by_path[part] for part in content["parts"][name]) for name in PARTS}
    split = Split(**parts, seed=content["seed"], dataset=content["dataset"], rule=content["rule"])
    if split.digest != content["digest"]:
        raise ValueError(f"expected a split with digest {content['digest'][:12]}, received {split.digest[:12]}")
    return split


def without_copies(part: Sequence[Sample]) -> list[Sample]:
    """The samples of a part, byte-identical ones once."""
    return list({sample.sha256: sample for sample in part}.values())


def _round_up(number: float) -> int:
    return -int(-number // 1)


def _apportion(seats: int, sizes: Sequence[int]) -> list[int]:
    exact = [seats * size / sum(sizes) for size in sizes]
    shares = [int(number) for number in exact]
    by_remainder = sorted(range(len(sizes)), key=lambda index: shares[index] - exact[index])
    for index in by_remainder[: seats - sum(shares)]:
        shares[index] += 1
    return shares


def _shuffled_groups(samples: Sequence[Sample], rng: random.Random) -> list[list[Sample]]:
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.sha256].append(sample)
    shuffled = list(groups.values())
    rng.shuffle(shuffled)
    return shuffled


def _take(groups: list[list[Sample]], quota: int) -> tuple[list[Sample], list[list[Sample]]]:
    taken: list[Sample] = []
    left = []
    for group in groups:
        if len(taken) + len(group) <= quota:
            taken += group
        else:
            left.append(group)
    return taken, left
