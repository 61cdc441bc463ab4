"""Which smears show the same field of a slide: drawn slides, photographed twice."""

import json
from pathlib import Path

import numpy as np
import pytest

from hemascope.imaging.decode import Picture
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from training.data.dataset import CLASS_FOLDERS, read_dataset
from training.data.duplicates import similarity, stored_groups, thumbnail


def field(seed: int, top: int, left: int) -> Picture:
    """A window of 400 pixels into a slide that holds many cells."""
    return np.ascontiguousarray(draw_synthetic_smear(seed, side=700, cells=16)[top : top + 400, left : left + 400])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Benign 1 and 2 overlap by two thirds, 3 is another slide, 4 a copy of 1, 900 overlaps but is far away in number."""
    root = tmp_path_factory.mktemp("fields")
    pictures = {"1": field(1, 0, 0), "2": field(1, 80, 60), "3": field(2, 0, 0), "900": field(1, 40, 0)}
    files = {name: encode_jpeg(picture) for name, picture in pictures.items()}
    for number, folder in enumerate(CLASS_FOLDERS):
        (root / "Original" / folder).mkdir(parents=True)
        (root / "Original" / folder / "7.jpg").write_bytes(encode_jpeg(field(10 + number, 0, 0)))
    for name, content in (files | {"4": files["1"]}).items():
        (root / "Original" / "Benign" / f"{name}.jpg").write_bytes(content)
    (root / "Original" / "Early" / "1.jpg").write_bytes(encode_jpeg(field(1, 0, 60)))
    return root


def test_overlapping_fields_and_copies_are_one_group_and_nothing_else_is(root: Path, tmp_path: Path) -> None:
    groups = stored_groups(root, read_dataset(root), tmp_path / "groups.json")

    several = {path for path, group in groups.items() if list(groups.values()).count(group) > 1}
    assert several == {f"Original/Benign/{name}.jpg" for name in ("1", "2", "4")}
    assert len({groups[path] for path in several}) == 1


def test_groups_are_stored_with_the_data_set_that_they_belong_to(root: Path, tmp_path: Path) -> None:
    samples, file = read_dataset(root), tmp_path / "splits" / "groups.json"
    made = stored_groups(root, samples, file)
    stored = json.loads(file.read_text())

    assert stored["groups"] == [[f"Original/Benign/{name}.jpg" for name in ("1", "2", "4")]]
    assert stored_groups(root, samples, file) == made
    with pytest.raises(ValueError, match="expected groups of the data set"):
        stored_groups(root, samples[1:], file)


def test_an_empty_slide_is_like_no_other() -> None:
    empty = np.full((224, 224, 3), 240, np.uint8)

    assert similarity(thumbnail(empty), thumbnail(empty)) == 0.0


def test_another_light_does_not_hide_a_copy() -> None:
    picture = field(3, 0, 0)

    assert similarity(thumbnail(picture), thumbnail((picture * 0.8).astype(np.uint8))) > 0.98
    assert similarity(thumbnail(picture), thumbnail(field(4, 0, 0))) < 0.8
