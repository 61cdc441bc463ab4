"""Manifest, texts and card of an artifact without its model, as a zip function reads them; nothing that doesn't match."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hemascope.domain.errors import ArtifactError
from hemascope.model.artifact import Artifact
from hemascope.model.folder import ArtifactFolder


@pytest.fixture
def folder(artifact: Artifact, tmp_path: Path) -> Path:
    for name in ("manifest.json", "texts.en.json"):
        shutil.copy(artifact.folder / name, tmp_path)
    return tmp_path


def test_manifest_and_texts_are_enough(folder: Path, artifact: Artifact) -> None:
    opened = ArtifactFolder.open(folder)

    assert opened.disease.urgent_classes == ("Early Pre-B", "Pre-B", "Pro-B")
    assert opened.disease.folders == {"Benign": "Benign", "Early Pre-B": "Early", "Pre-B": "Pre", "Pro-B": "Pro"}
    assert opened.manifest == artifact.manifest
    assert opened.texts("en") == artifact.texts


def test_nothing_heavy_is_imported_for_them() -> None:
    asked = "import sys, hemascope.model.folder; print({'numpy', 'cv2', 'ai_edge_litert'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


@pytest.mark.parametrize("name", ["manifest.json", "texts.en.json"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_text("no JSON"), lambda path: path.write_text("[]")])
def test_a_file_that_is_missing_or_strange_is_refused(folder: Path, name: str, harm: Callable[[Path], object]) -> None:
    harm(folder / name)

    with pytest.raises(ArtifactError, match=r"^expected (a model artifact in|texts\.en\.json with)"):
        ArtifactFolder.open(folder).texts("en")


def test_altered_texts_are_refused(folder: Path) -> None:
    append(folder / "texts.en.json")

    with pytest.raises(ArtifactError, match=r"^expected texts\.en\.json with sha256"):
        ArtifactFolder.open(folder).texts("en")


def test_texts_that_the_manifest_does_not_vouch_for_are_refused(folder: Path) -> None:
    shutil.copy(folder / "texts.en.json", folder / "texts.de.json")

    with pytest.raises(ArtifactError, match=r"texts\.de\.json"):
        ArtifactFolder.open(folder).texts("de")


def test_texts_in_another_language_than_their_name_says_are_refused(folder: Path) -> None:
    shutil.copy(folder / "texts.en.json", folder / "texts.de.json")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["texts.de.json"] = manifest["files"]["texts.en.json"]
    (folder / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(ArtifactError, match="expected texts in the language de, received en"):
        ArtifactFolder.open(folder).texts("de")


def test_texts_that_lack_one_are_refused_though_their_digest_is_right(folder: Path) -> None:
    texts = json.loads((folder / "texts.en.json").read_text())
    del texts["slide"]
    (folder / "texts.en.json").write_text(json.dumps(texts))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["texts.en.json"] = hashlib.sha256((folder / "texts.en.json").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(ArtifactError, match=r"(?s)^expected texts\.en\.json with all texts.*slide"):
        ArtifactFolder.open(folder).texts("en")


def test_the_card_is_read_as_it_stands(artifact: Artifact) -> None:
    opened = ArtifactFolder.open(artifact.folder)

    assert opened.manifest.name == f"{artifact.folder.parent.name}/{artifact.folder.name}"
    assert opened.card() == (artifact.folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_a_folder_without_a_card_is_refused(folder: Path) -> None:
    with pytest.raises(ArtifactError, match=r"MODEL_CARD\.md"):
        ArtifactFolder.open(folder).card()


def test_an_altered_card_is_refused(folder: Path, artifact: Artifact) -> None:
    shutil.copy(artifact.folder / "MODEL_CARD.md", folder)
    append(folder / "MODEL_CARD.md")

    with pytest.raises(ArtifactError, match=r"^expected MODEL_CARD\.md with sha256"):
        ArtifactFolder.open(folder).card()
