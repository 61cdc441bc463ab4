"""A model version on disk: it describes itself, inference obeys it, and whatever doesn't match is refused."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hemascope.contracts.errors import ArtifactError, RejectionReason
from hemascope.contracts.preprocessing import PreprocessingSpec
from hemascope.contracts.quality import QualityReason, QualitySpec
from hemascope.contracts.report import Decision, Digest, ModelReference, Probability
from hemascope.contracts.texts import ENGLISH, Texts, texts_file
from hemascope.model.colour_reference import ColourReference
from hemascope.model.feature_reference import FeatureReference

MANIFEST, WEIGHTS, GOLDEN, TEXTS, COLOURS = (
    "manifest.json",
    "model.tflite",
    "golden.json",
    "texts.en.json",
    "colour_reference.json",
)
FEATURE_REFERENCE = "feature_reference.npz"  # optional: 1.0.0 has none
SERVED = frozenset({WEIGHTS, GOLDEN, TEXTS, COLOURS})


class DecisionSpec(BaseModel):
    """Thresholds that turn probabilities into a decision, fitted at export on smears that training never saw."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Annotated[float, Field(gt=0.0)]
    minimum_confidence: Probability
    prediction_set_threshold: Probability  # a class belongs to the set from this probability on
    # What it costs to miss an urgent class, where any other mistake costs 1; None: the same as any other.
    missed_cost: Annotated[float, Field(ge=1.0)] | None = None
    minimum_cells: Annotated[int, Field(ge=0)] = 1
    urgent_classes: tuple[str, ...]


class Manifest(BaseModel):
    """``manifest.json`` of an artifact."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_name: Literal["hemascope.manifest/1"] = Field("hemascope.manifest/1", alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    files: dict[str, Digest]  # what serving reads
    laboratory_files: dict[str, Digest] = {}  # what training reads to go on; not in the image
    preprocessing: PreprocessingSpec
    preprocessing_sha256: Digest
    decision: DecisionSpec
    quality: QualitySpec | None = None  # None: only a picture without a cell is of poor quality
    data: dict[str, Any]
    metrics: dict[str, Any]
    libraries: dict[str, str]
    intended_use: str

    @model_validator(mode="after")
    def _classes_known(self) -> "Manifest":
        if not set(self.decision.urgent_classes) <= set(self.classes):
            raise ValueError(f"expected urgent classes among {self.classes}, received {self.decision.urgent_classes}")
        return self

    @model_validator(mode="after")
    def _files_vouched_for(self) -> "Manifest":
        if missing := SERVED - set(self.files):
            raise ValueError(f"expected digests of {sorted(SERVED)}, received none of {sorted(missing)}")
        return self


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
        there = sorted(one for one in contents if one.startswith("texts."))
        raise ArtifactError(f"expected {name} in the artifact, received {', '.join(there)}")
    return contents[name]


def _check_texts(texts: Texts, manifest: Manifest) -> None:
    """A report must never lack its words, so every class, decision and rejection is asked for up front."""
    classes = manifest.classes
    for what, expected, received in (
        ("recommendation", classes, texts.recommendation),
        ("patient text", classes, texts.patient),
        ("case pattern", classes, texts.case.pattern),
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
