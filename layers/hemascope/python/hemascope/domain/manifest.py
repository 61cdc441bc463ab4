"""``manifest.json`` of a model artifact: what the model is, what it serves and what its answers mean."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemascope.domain.disease import Disease
from hemascope.domain.preprocessing import PreprocessingSpec
from hemascope.domain.quality import QualitySpec
from hemascope.domain.report import Digest, Probability

MANIFEST, WEIGHTS, GOLDEN, TEXTS = "manifest.json", "model.tflite", "golden.json", "texts.en.json"
COLOURS, FEATURES = "colour_reference.json", "feature_reference.npz"
CARD = "MODEL_CARD.md"
MICROSCOPE_REFERENCE = "microscope_reference.json"  # what other microscopes are fitted to; not every model has one
MICROSCOPE_BASELINE = "microscope_baseline.json"  # how the reference microscope photographs; not every model has one
SERVED = frozenset({WEIGHTS, GOLDEN, TEXTS, COLOURS, FEATURES})


class DecisionSpec(BaseModel):
    """Thresholds that turn probabilities into a decision, fitted at export on smears that training never saw."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Annotated[float, Field(gt=0.0)]
    minimum_confidence: Probability
    prediction_set_threshold: Probability  # a class belongs to the set from this probability on
    missed_cost: Annotated[float, Field(ge=1.0)]  # of missing an urgent class, where any other mistake costs 1
    minimum_cells: Annotated[int, Field(ge=0)] = 1


class Manifest(BaseModel):
    """``manifest.json`` of an artifact."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_name: Literal["hemascope.manifest/2"] = Field("hemascope.manifest/2", alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    disease: Disease
    files: dict[str, Digest]  # what serving reads
    documents: dict[str, Digest]  # what people read
    laboratory_files: dict[str, Digest] = {}  # what training reads to go on; not in the image
    preprocessing: PreprocessingSpec
    preprocessing_sha256: Digest
    decision: DecisionSpec
    quality: QualitySpec
    data: dict[str, Any]
    metrics: dict[str, Any]
    libraries: dict[str, str]
    intended_use: str

    @property
    def name(self) -> str:
        """``id/version``, as in the folder of artifacts and in keys."""
        return f"{self.id}/{self.version}"

    @model_validator(mode="after")
    def _files_vouched_for(self) -> "Manifest":
        for expected, received in ((SERVED, self.files), ({CARD}, self.documents)):
            if missing := expected - set(received):
                raise ValueError(f"expected digests of {sorted(expected)}, received none of {sorted(missing)}")
        return self
