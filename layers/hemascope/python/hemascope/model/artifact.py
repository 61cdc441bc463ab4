"""A model version on disk: it describes itself, inference obeys it, and whatever doesn't match is refused."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hemascope.domain.errors import ArtifactError
from hemascope.domain.manifest import COLOURS, FEATURES, WEIGHTS, Manifest
from hemascope.domain.report import ModelReference
from hemascope.domain.texts import ENGLISH, Texts
from hemascope.model.colour_reference import ColourReference
from hemascope.model.feature_reference import FeatureReference
from hemascope.model.folder import ArtifactFolder


@dataclass(frozen=True)
class Artifact:
    """A checked model version: manifest, weights (a LiteRT flat buffer), texts, known colours and known features."""

    folder: Path
    manifest: Manifest
    weights: bytes
    texts: Texts
    colours: ColourReference
    features: FeatureReference

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
        Of its texts: the manifest must have a digest of ``texts.{language}.json``.

    Raises
    ------
    ArtifactError
        Where a file is missing or altered, the manifest is no manifest, the texts lack a class or are not there in this
        language, or the preprocessing is not what the running code does. There is no other model to fall back to.
    """
    opened = ArtifactFolder.open(folder)
    manifest, texts = opened.manifest, opened.texts(language)
    contents = {name: opened.read(name) for name in manifest.files}
    try:
        colours = ColourReference.model_validate_json(contents[COLOURS])
    except ValidationError as error:
        raise ArtifactError(f"expected a colour reference in {folder}, received: {error}") from error
    features = FeatureReference.from_bytes(contents[FEATURES])
    expected, received = manifest.preprocessing.digest, manifest.preprocessing_sha256
    if expected != received:
        raise ArtifactError(
            f"expected preprocessing {expected[:12]} (the running code), received {received[:12]} (the artifact)"
        )
    classes = len(manifest.disease.classes)
    if len(features.means) != classes:
        raise ArtifactError(f"expected features of {classes} classes, received {len(features.means)}")
    return Artifact(folder, manifest, contents[WEIGHTS], texts, colours, features)
