"""The report for the hospital and the summary for the patient. Their JSON Schema is published in ``docs/contracts``."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hemascope.domain.errors import RejectionReason
from hemascope.domain.hospital import Telephone
from hemascope.domain.picture_file import ColourDeclaration, DepthSource, PictureFormat
from hemascope.domain.quality import QualityFigure, QualityReason
from hemascope.domain.specimen import Segment, Specimen, digest_of

DISCLAIMER: Literal["decision support, not a diagnosis"] = "decision support, not a diagnosis"

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class State(StrEnum):
    """The terminal states of an object version."""

    REPORTED = "reported"
    REJECTED = "rejected"
    FAILED = "failed"


class Release(StrEnum):
    """How far a report may be relied on: nobody looked yet, a reviewer released it, a reviewer changed it."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"


class Decision(StrEnum):
    """Whether the label may be read as an answer."""

    CONFIDENT = "confident"
    INDETERMINATE = "indeterminate"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    POOR_QUALITY = "poor_quality"
    UNVERIFIED = "unverified"  # nobody has shown that answers on pictures of this microscope are right

    @property
    def names_classes(self) -> bool:
        """Whether classes may be named, the label or the possible ones; elsewhere they mean nothing."""
        return self in {Decision.CONFIDENT, Decision.INDETERMINATE}


class MicroscopeState(StrEnum):
    """What the service does with a microscope's pictures. Only ``verified`` gives an answer."""

    UNKNOWN = "unknown"  # not registered, or without a profile: judged uncorrected
    PROFILED = "profiled"  # corrected, but nobody has shown that the answers are right
    VERIFIED = "verified"  # the proof names the current profile and the serving model
    SUSPENDED = "suspended"  # closed by hand or by drift


class _Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(_Contract):
    """What the network says and how far to trust it."""

    label: str
    probabilities: dict[str, Probability]
    confidence: Probability
    prediction_set: tuple[str, ...]  # the classes that are possible; never empty
    # The classes that the picture is typical of: 95 of 100 smears' own class is in it; empty where it is typical of none.
    conformal_set: tuple[str, ...]
    decision: Decision
    recommendation: str

    @model_validator(mode="after")
    def _consistent(self) -> "Result":
        if not {self.label, *self.prediction_set, *self.conformal_set} <= set(self.probabilities):
            raise ValueError("expected label, prediction set and conformal set to be classes that have a probability")
        if abs(sum(self.probabilities.values()) - 1.0) > 1e-3:
            raise ValueError(f"expected probabilities that sum to 1, received {sum(self.probabilities.values())}")
        return self


class Rejection(_Contract):
    """Why a picture was not judged, and what the sender can do."""

    reason: RejectionReason
    message: str
    advice: str


class QualityFinding(_Contract):
    """A figure of quality that is beyond the model's limit, and what to do about it."""

    reason: QualityReason
    figure: QualityFigure
    value: Annotated[float, Field(allow_inf_nan=False)]
    limit: Annotated[float, Field(allow_inf_nan=False)]
    advice: str


class Quality(_Contract):
    """Figures of the working picture: brightness and contrast are 0-255, sharpness is a variance of the Laplacian."""

    sharpness: Annotated[float, Field(ge=0.0)]
    brightness: Annotated[float, Field(ge=0.0, le=255.0)]
    contrast: Annotated[float, Field(ge=0.0)]
    figures: dict[QualityFigure, float]  # of the quality gate
    findings: tuple[QualityFinding, ...] = ()  # the limits of the gate that are broken


class Pictures(_Contract):
    """Keys of the pictures beside the report; heat maps by branch of the network."""

    segmented: str
    overlay: str
    heat_maps: dict[str, str]


class CellRow(_Contract):
    """One counted cell, as numbered in the overlay. Lengths are pixels of the working picture (224 x 224)."""

    number: Annotated[int, Field(ge=1)]
    row: Annotated[float, Field(ge=0.0)]  # of its centre, from the top
    column: Annotated[float, Field(ge=0.0)]  # from the left
    area: Annotated[int, Field(ge=1)]
    roundness: Probability  # its share of the smallest circle around it: 1 is a disc
    brightness: Annotated[float, Field(ge=0.0, le=255.0)]  # mean grey level
    evidence_share: Probability  # of what speaks for the label


class SourcePicture(_Contract):
    """What the file was, and what was done to see its colours as they were meant: in sRGB, of 8 bits."""

    format: PictureFormat
    width: Annotated[int, Field(ge=1)]  # pixels, upright
    height: Annotated[int, Field(ge=1)]
    bits: Annotated[int, Field(ge=1, le=16)]  # that are used of a sample
    bits_from: DepthSource
    colour: ColourDeclaration
    converted: bool  # whether colours were converted to sRGB


class UncorrectedScores(_Contract):
    """What the out-of-distribution guards say of the picture before it was corrected: a correction may disarm them."""

    out_of_distribution_score: Annotated[float, Field(ge=0.0)]
    feature_score: Annotated[float, Field(ge=0.0)]


class Evidence(_Contract):
    """What the result rests on."""

    cell_count: Annotated[int, Field(ge=0)]
    mask_coverage: Probability
    quality: Quality
    # Distance of the picture's colours from those the model was made with, as a multiple of the accepted distance.
    out_of_distribution_score: Annotated[float, Field(ge=0.0)]
    # The same of the network's own features.
    feature_score: Annotated[float, Field(ge=0.0)]
    # None where nothing was corrected, and where the microscope is verified: its proof covers the correction.
    uncorrected: UncorrectedScores | None = None
    source: SourcePicture | None = None  # None in reports from before version 1.2
    pictures: Pictures | None = None
    cells: tuple[CellRow, ...]

    @model_validator(mode="after")
    def _all_cells(self) -> "Evidence":
        numbers = [cell.number for cell in self.cells]
        if numbers != list(range(1, self.cell_count + 1)):
            raise ValueError(f"expected cells numbered 1 to {self.cell_count}, received {numbers}")
        return self

    @property
    def guard_score(self) -> float:
        """The largest score of the out-of-distribution guards; beyond 1 the model can't know the picture."""
        scores = [self.out_of_distribution_score, self.feature_score]
        if self.uncorrected:
            scores += [self.uncorrected.out_of_distribution_score, self.uncorrected.feature_score]
        return max(scores)


class ModelReference(_Contract):
    """Which model answered: id, version, sha256 of its weights, digest of its preprocessing."""

    id: str
    version: str
    sha256: Digest
    preprocessing: Digest

    @property
    def name(self) -> str:
        """``id/version``, as in the folder of artifacts and in keys."""
        return f"{self.id}/{self.version}"


class ReportedMicroscope(_Contract):
    """The microscope that took the picture, as it was when the picture was judged.

    ``name`` is None where nobody named one. ``profile`` and ``verification`` are the sha256 of the profile that corrected the
    picture and of the proof that the answer rests on; a reference microscope has neither.
    """

    name: Segment | None
    state: MicroscopeState
    profile: Digest | None = None
    verification: Digest | None = None

    @property
    def digest(self) -> str:
        """32 hex digits that are equal where a microscope's pictures are judged in the same way."""
        return digest_of(self.state, self.profile or "", self.verification or "")


class Report(_Contract):
    """The hospital's report on one smear."""

    schema_name: Literal["hemascope.report/2"] = Field("hemascope.report/2", alias="schema")
    object_id: str
    specimen: Specimen | None  # None where the key could not be read
    state: Literal[State.REPORTED, State.REJECTED]
    release: Release = Release.PRELIMINARY
    issued_at: datetime | None = None
    result: Result | None = None
    rejection: Rejection | None = None
    evidence: Evidence | None = None
    # None: judged as if the reference microscope had taken the picture, as the command line does unless told otherwise.
    microscope: ReportedMicroscope | None = None
    model: ModelReference
    timings_ms: dict[str, float] = {}
    disclaimer: Literal["decision support, not a diagnosis"] = DISCLAIMER

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="after")
    def _whole(self) -> "Report":
        parts = (self.result is not None, self.evidence is not None, self.rejection is not None)
        if parts != ((True, True, False) if self.state is State.REPORTED else (False, False, True)):
            raise ValueError("expected result and evidence in a reported smear, a rejection in a rejected one")
        if self.result and not self._is_open and self.result.decision not in {Decision.UNVERIFIED, Decision.POOR_QUALITY}:
            raise ValueError(f"expected no answer of a microscope that is not verified, received {self.result.decision}")
        return self

    @property
    def _is_open(self) -> bool:
        return self.microscope is None or self.microscope.state is MicroscopeState.VERIFIED

    @property
    def shows_classes(self) -> bool:
        """Whether people may read classes and probabilities at all, if only for the record beside a decision that is no answer.

        Not where nobody has shown that answers on pictures of the microscope are right: there a poor picture has none either.
        """
        return self.result is not None and self._is_open and self.result.decision is not Decision.UNVERIFIED

    def to_json(self) -> str:
        """The report as one line of JSON, as stored and as the command line prints it."""
        return self.model_dump_json(by_alias=True)


class PatientSummary(_Contract):
    """What the patient reads: plain language, no internals, no probabilities."""

    schema_name: Literal["hemascope.patient-summary/1"] = Field("hemascope.patient-summary/1", alias="schema")
    object_id: str
    slide: str | None
    release: Release
    issued_at: datetime | None = None
    headline: str
    explanation: str
    next_step: str
    telephone: Telephone | None = None  # of the hospital, where it has set one: laid over what is stored, as it may change
    disclaimer: str

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def to_json(self) -> str:
        """The summary as one line of JSON, as stored."""
        return self.model_dump_json(by_alias=True)
