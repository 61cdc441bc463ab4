"""An artifact's words where there is no model: manifest and texts alone, and nothing that doesn't match."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hemascope.domain.errors import ArtifactError
from hemascope.model.artifact import Artifact
from hemascope.model.folder import read_card, read_words


@pytest.fixture
def folder(artifact: Artifact, tmp_path: Path) -> Path:
    for name in ("manifest.json", "texts.en.json"):
        shutil.copy(artifact.folder / name, tmp_path)
    return tmp_path


def test_manifest_and_texts_are_enough(folder: Path, artifact: Artifact) -> None:
    words = read_words(folder, "en")

    assert words.urgent_classes == ("Early Pre-B", "Pre-B", "Pro-B")
    assert words.texts == artifact.texts


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


@pytest.mark.parametrize("name", ["manifest.json", "texts.en.json"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_text("no JSON"), lambda path: path.write_text("[]")])
def test_a_file_that_is_missing_or_strange_is_refused(folder: Path, name: str, harm: Callable[[Path], object]) -> None:
    harm(folder / name)

    with pytest.raises(ArtifactError, match=r"^expected manifest\.json and texts\.en\.json of a model artifact"):
        read_words(folder, "en")


def test_altered_texts_are_refused(folder: Path) -> None:
    append(folder / "texts.en.json")

    with pytest.raises(ArtifactError, match=r"^expected texts\.en\.json with sha256"):
        read_words(folder, "en")


def test_texts_that_the_manifest_does_not_vouch_for_are_refused(folder: Path) -> None:
    shutil.copy(folder / "texts.en.json", folder / "texts.de.json")

    with pytest.raises(ArtifactError, match=r"texts\.de\.json"):
        read_words(folder, "de")


def test_texts_in_another_language_than_their_name_says_are_refused(folder: Path) -> None:
    shutil.copy(folder / "texts.en.json", folder / "texts.de.json")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["texts.de.json"] = manifest["files"]["texts.en.json"]
    (folder / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(ArtifactError, match="expected texts in the language de, received en"):
        read_words(folder, "de")


def test_the_card_is_read_as_it_stands(artifact: Artifact) -> None:
    card = read_card(artifact.folder)

    assert card.name == f"{artifact.folder.parent.name}/{artifact.folder.name}"
    assert card.card == (artifact.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.metrics == artifact.manifest.metrics


def test_a_folder_without_a_card_is_refused(folder: Path) -> None:
    with pytest.raises(ArtifactError, match=r"MODEL_CARD\.md"):
        read_card(folder)
