"""``manifest.json`` of a model artifact: what the model is, what it serves and what its answers mean."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.quality import QualitySpec
from hemascope.domain.report import Digest, Probability

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
