"""An artifact's folder: every file is read with the digest that the manifest has of it, and refused where it differs.

This module and :mod:`hemascope.domain.manifest` need no NumPy, so a zip function reads manifest, texts and card through them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hemascope.domain.disease import Disease
from hemascope.domain.drift import Baseline
from hemascope.domain.errors import ArtifactError, RejectionReason
from hemascope.domain.manifest import CARD, MANIFEST, MICROSCOPE_BASELINE, Manifest
from hemascope.domain.quality import QualityReason
from hemascope.domain.report import Decision
from hemascope.domain.texts import Texts, texts_file


@dataclass(frozen=True)
class ArtifactFolder:
    """A folder with a valid manifest; its other files are checked when they are read."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> "ArtifactFolder":
        """Read the manifest.

        Raises
        ------
        ArtifactError
            Where it is missing or is no manifest.
        """
        try:
            return cls(path, Manifest.model_validate_json((path / MANIFEST).read_bytes()))
        except (OSError, ValidationError) as error:
            raise ArtifactError(f"expected a model artifact in {path}, received: {error}") from error

    @property
    def disease(self) -> Disease:
        """Classes and codes of the model."""
        return self.manifest.disease

    def read(self, name: str) -> bytes:
        """Content of one file that the manifest names.

        Raises
        ------
        ArtifactError
            Where the manifest has no digest of it, or it is missing or altered.
        """
        digests = self.manifest.files | self.manifest.documents
        if name not in digests:
            raise ArtifactError(f"expected {name} in the artifact, received {', '.join(sorted(digests))}")
        try:
            content = (self.path / name).read_bytes()
        except OSError as error:
            raise ArtifactError(f"expected a model artifact in {self.path}, received: {error}") from error
        expected, received = digests[name], hashlib.sha256(content).hexdigest()
        if received != expected:
            raise ArtifactError(f"expected {name} with sha256 {expected[:12]}, received {received[:12]}")
        return content

    def texts(self, language: str) -> Texts:
        """All texts in one language; there is no other language to fall back to.

        Raises
        ------
        ArtifactError
            Where there is no such file, it is altered or in another language, or lacks a text.
        """
        name = texts_file(language)
        if name not in self.manifest.files:
            languages = sorted(file for file in self.manifest.files if file.startswith("texts."))
            raise ArtifactError(f"expected {name} in the artifact, received {', '.join(languages)}")
        try:
            texts = Texts.model_validate_json(self.read(name))
        except ValidationError as error:
            raise ArtifactError(f"expected {name} with all texts of a model artifact, received: {error}") from error
        if texts.language != language:
            raise ArtifactError(f"expected texts in the language {language}, received {texts.language}")
        _check_texts(texts, self.disease.class_names)
        return texts

    def baseline(self) -> Baseline | None:
        """How the reference microscope photographs while nothing changes; None where the artifact doesn't say.

        Raises
        ------
        ArtifactError
            Where the file is missing, altered or no baseline.
        """
        if MICROSCOPE_BASELINE not in self.manifest.files:
            return None
        try:
            return Baseline.model_validate_json(self.read(MICROSCOPE_BASELINE))
        except ValidationError as error:
            raise ArtifactError(f"expected a microscope's baseline in {self.path}, received: {error}") from error

    def card(self) -> str:
        """The model card, in Markdown.

        Raises
        ------
        ArtifactError
            Where it is missing or altered.
        """
        return self.read(CARD).decode("utf-8")


def _check_texts(texts: Texts, classes: tuple[str, ...]) -> None:
    """A report must never lack a text, so every class, decision and rejection is asked for up front."""
    cautions = tuple(decision for decision in Decision if decision is not Decision.CONFIDENT)
    checks: tuple[tuple[str, tuple[str, ...], Iterable[str]], ...] = (
        ("recommendation", classes, texts.recommendation),
        ("patient text", classes, texts.patient),
        ("slide pattern", classes, texts.slide.pattern),
        ("caution", cautions, texts.caution),
        ("advice", tuple(RejectionReason), texts.advice),
        ("quality advice", tuple(QualityReason), texts.quality),
    )
    for what, expected, received in checks:
        if wrong := {str(name) for name in expected} ^ {str(name) for name in received}:
            raise ArtifactError(f"expected a {what} for each of {', '.join(expected)}; wrong: {', '.join(sorted(wrong))}")
