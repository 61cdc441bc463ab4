"""An artifact's words for who has no model to run: a zip function has no NumPy, so it can't load the artifact itself."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hemascope.domain.errors import ArtifactError
from hemascope.domain.texts import Texts, texts_file


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model: its name, its card in Markdown, and the manifest's metrics."""

    name: str
    card: str
    metrics: dict[str, Any]


def read_card(folder: Path) -> ModelCard:
    """Read manifest and card of an artifact.

    Raises
    ------
    ArtifactError
        Where one is missing.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
        return ModelCard(f"{manifest['id']}/{manifest['version']}", card, manifest["metrics"])
    except (OSError, ValueError, KeyError) as error:
        raise ArtifactError(
            f"expected manifest.json and MODEL_CARD.md of a model artifact in {folder}, received: {error}"
        ) from error


@dataclass(frozen=True)
class ArtifactWords:
    """Which classes are urgent, and what is said."""

    urgent_classes: tuple[str, ...]
    texts: Texts


def read_words(folder: Path, language: str) -> ArtifactWords:
    """Read manifest and texts of an artifact; nothing else need be there.

    Raises
    ------
    ArtifactError
        Where one is missing, or the texts are altered or in another language.
    """
    name = texts_file(language)
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        content = (folder / name).read_bytes()
        expected, received = manifest["files"][name], hashlib.sha256(content).hexdigest()
        urgent = tuple(str(class_name) for class_name in manifest["decision"]["urgent_classes"])
        texts = Texts.model_validate_json(content)
    except (OSError, ValidationError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"expected manifest.json and {name} of a model artifact in {folder}, received: {error}") from error
    if received != expected:
        raise ArtifactError(f"expected {name} with sha256 {expected[:12]}, received {received[:12]}")
    if texts.language != language:
        raise ArtifactError(f"expected texts in the language {language}, received {texts.language}")
    return ArtifactWords(urgent, texts)
