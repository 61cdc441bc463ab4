from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.dataset import Sample, fingerprint
from training.data.split import PARTS, Split, load_split, split_samples, without_copies

STUDY = (504, 985, 963, 804)  # smears by class in Islam et al. (2024)


def samples(*sizes: int) -> list[Sample]:
    return [
        Sample(f"Original/{label}/{number:04}.jpg", label, f"{label}-{number}")
        for label, size in enumerate(sizes)
        for number in range(size)
    ]


def counts(split: Split) -> tuple[int, ...]:
    return tuple(len(split.part(name)) for name in PARTS)


def test_the_studys_data_set_gives_the_studys_numbers() -> None:
    split = split_samples(samples(*STUDY))

    assert counts(split) == (2279, 652, 325)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_has_the_class_shares_of_the_whole(part: str) -> None:
    split = split_samples(samples(*STUDY))

    by_class = Counter(sample.label for sample in split.part(part))

    share = len(split.part(part)) / sum(STUDY)
    assert all(abs(by_class[label] - size * share) < 2 for label, size in enumerate(STUDY))


@given(st.lists(st.integers(10, 60), min_size=2, max_size=4), st.integers(0, 9), st.randoms())
@settings(max_examples=40, deadline=None)
def test_every_smear_is_in_one_part_and_copies_stay_together(sizes: list[int], copies: int, chance: object) -> None:
    whole = samples(*sizes)
    for number in range(copies):
        original = chance.choice(whole)  # type: ignore[attr-defined]
        whole.append(replace(original, path=f"Original/copy-{number}.jpg"))

    split = split_samples(whole)

    placed = [sample.path for name in PARTS for sample in split.part(name)]
    assert sorted(placed) == sorted(sample.path for sample in whole)
    contents = [{sample.sha256 for sample in split.part(name)} for name in PARTS]
    assert not contents[0] & contents[1]
    assert not contents[0] & contents[2]
    assert not contents[1] & contents[2]


def test_a_seed_is_a_split() -> None:
    whole = samples(40, 40)

    assert split_samples(whole, seed=1) == split_samples(whole, seed=1)
    assert split_samples(whole, seed=1).digest != split_samples(whole, seed=2).digest


def test_a_stored_split_is_read_back_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    whole = samples(20, 30)
    split = split_samples(whole)
    split.save(tmp_path / "split.json")

    assert load_split(tmp_path / "split.json", whole[::-1]) == split


def test_a_split_of_another_data_set_is_refused(tmp_path: Path) -> None:
    whole = samples(20, 30)
    split_samples(whole).save(tmp_path / "split.json")
    whole[3] = replace(whole[3], sha256="another content")

    with pytest.raises(ValueError, match="expected the data set"):
        load_split(tmp_path / "split.json", whole)


def test_a_split_that_was_altered_by_hand_is_refused(tmp_path: Path) -> None:
    whole = samples(20, 30)
    split = split_samples(whole)
    moved = replace(split, train=split.train[1:], test=(split.train[0], *split.test))
    split.save(tmp_path / "split.json")
    text = (tmp_path / "split.json").read_text()
    moved.save(tmp_path / "split.json")
    altered = (tmp_path / "split.json").read_text().replace(moved.digest, split.digest)
    assert altered != text
    (tmp_path / "split.json").write_text(altered)

    with pytest.raises(ValueError, match="expected a split with digest"):
        load_split(tmp_path / "split.json", whole)


def test_the_identity_of_a_data_set_is_its_names_labels_and_contents() -> None:
    whole = samples(5, 5)

    assert fingerprint(whole) == fingerprint(whole[::-1])
    for changed in ({"path": "other.jpg"}, {"label": 1}, {"sha256": "other"}):
        assert fingerprint([replace(whole[0], **changed), *whole[1:]]) != fingerprint(whole)


def test_copies_are_counted_once() -> None:
    whole = samples(3)

    assert without_copies([*whole, replace(whole[0], path="copy.jpg")]) == [
        replace(whole[0], path="copy.jpg"),
        *whole[1:],
    ]
