"""A model version on disk: it describes itself, inference obeys it, and whatever doesn't match is refused."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hemascope.domain.errors import ArtifactError, RejectionReason
from hemascope.domain.manifest import COLOURS, FEATURE_REFERENCE, MANIFEST, WEIGHTS, Manifest
from hemascope.domain.quality import QualityReason
from hemascope.domain.report import Decision, ModelReference
from hemascope.domain.texts import ENGLISH, Texts, texts_file
from hemascope.model.colour_reference import ColourReference
from hemascope.model.feature_reference import FeatureReference


@dataclass(frozen=True)
class Artifact:
    """A checked model version: manifest, weights (a LiteRT flat buffer), texts, known colours and, if it has them, features."""

    folder: Path
    manifest: Manifest
    weights: bytes
    texts: Texts
    colours: ColourReference
    features: FeatureReference | None = None

    @property
    def reference(self) -> ModelReference:
        """How reports name this model."""
        manifest = self.manifest
        return ModelReference(
            id=manifest.id,
            version=manifest.version,
            sha256=manifest.files[WEIGHTS],
            preprocessing=manifest.preprocessing_sha256,
        )


def load_artifact(folder: Path, language: str = ENGLISH) -> Artifact:
    """Read and check an artifact.

    Parameters
    ----------
    folder
        Where it lies.
    language
        Of its words: the manifest must vouch for ``texts.{language}.json``.

    Raises
    ------
    ArtifactError
        Where a file is missing or altered, the manifest is no manifest, the texts lack a class or are not there in this
        language, or the preprocessing is not what the running code does. There is no other model to fall back to.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        contents = {name: _checked(folder / name, digest) for name, digest in manifest.files.items()}
        texts = Texts.model_validate_json(_in_language(contents, language))
        colours = ColourReference.model_validate_json(contents[COLOURS])
        weights = contents[WEIGHTS]
        features = FeatureReference.from_bytes(contents[FEATURE_REFERENCE]) if FEATURE_REFERENCE in contents else None
    except (OSError, ValidationError) as error:
        raise ArtifactError(f"expected a model artifact in {folder}, received: {error}") from error
    expected, received = manifest.preprocessing.digest, manifest.preprocessing_sha256
    if expected != received:
        raise ArtifactError(
            f"expected preprocessing {expected[:12]} (the running code), received {received[:12]} (the artifact)"
        )
    if texts.language != language:
        raise ArtifactError(f"expected texts in the language {language}, received {texts.language}")
    _check_texts(texts, manifest)
    if features is not None and len(features.means) != len(manifest.classes):
        raise ArtifactError(f"expected features of {len(manifest.classes)} classes, received {len(features.means)}")
    return Artifact(folder, manifest, weights, texts, colours, features)


def _in_language(contents: dict[str, bytes], language: str) -> bytes:
    if (name := texts_file(language)) not in contents:
        there = sorted(content for content in contents if content.startswith("texts."))
        raise ArtifactError(f"expected {name} in the artifact, received {', '.join(there)}")
    return contents[name]


def _check_texts(texts: Texts, manifest: Manifest) -> None:
    """A report must never lack its words, so every class, decision and rejection is asked for up front."""
    classes = manifest.classes
    for what, expected, received in (
        ("recommendation", classes, texts.recommendation),
        ("patient text", classes, texts.patient),
        ("slide pattern", classes, texts.slide.pattern),
        ("caution", tuple(one for one in Decision if one is not Decision.CONFIDENT), texts.caution),
        ("advice", tuple(RejectionReason), texts.advice),
        ("quality advice", tuple(QualityReason) if manifest.quality else tuple(texts.quality), texts.quality),
    ):
        if missing := {str(one) for one in expected} ^ {str(one) for one in received}:
            raise ArtifactError(f"expected a {what} for each of {', '.join(expected)}; wrong: {', '.join(sorted(missing))}")


def _checked(path: Path, expected: str) -> bytes:
    content = path.read_bytes()
    received = hashlib.sha256(content).hexdigest()
    if received != expected:
        raise ArtifactError(f"expected {path.name} with sha256 {expected[:12]}, received {received[:12]}")
    return content
