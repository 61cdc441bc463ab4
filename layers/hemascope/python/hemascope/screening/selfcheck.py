"""Replays the golden predictions of an artifact: does this machine answer what the laboratory answered?

``python -m hemascope.screening.selfcheck`` reads the artifact's folder from ``HEMASCOPE_ARTIFACT``; the image build runs it.
"""

import base64
import hashlib
import os
import sys
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.domain.errors import ArtifactError, HemascopeError
from hemascope.domain.manifest import GOLDEN
from hemascope.domain.specimen import Specimen
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope.screening.pipeline import screen

# Processors round differently; a wrong resizer or colour order moves probabilities by much more.
TOLERANCE = 0.02
SPECIMEN = Specimen(hospital="selfcheck", patient="synthetic", slide="golden", field="golden.jpg")


class GoldenPrediction(BaseModel):
    """A drawn smear as a JPEG file, and what was answered where the artifact was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    jpeg_base64: str
    cell_count: int
    probabilities: dict[str, float]


class Golden(BaseModel):
    """``golden.json`` of an artifact."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    predictions: Annotated[list[GoldenPrediction], Field(min_length=1)]


def replay(classifier: Classifier) -> int:
    """Judge every golden smear again; return how many there are.

    Raises
    ------
    ArtifactError
        Where an answer differs, or there are no golden predictions.
    """
    try:
        golden = Golden.model_validate_json((classifier.artifact.folder / GOLDEN).read_bytes())
    except (OSError, ValidationError) as error:
        raise ArtifactError(f"expected golden predictions beside the model, received: {error}") from error
    for prediction in golden.predictions:
        data = base64.b64decode(prediction.jpeg_base64)
        if hashlib.sha256(data).hexdigest() != prediction.sha256:
            raise ArtifactError(f"expected the golden smear {prediction.sha256[:12]}, received another picture")
        report = screen(data, SPECIMEN, classifier).report
        if report.result is None or report.evidence is None:
            raise ArtifactError(f"expected a report on the golden smear {prediction.sha256[:12]}, received a rejection")
        received = report.result.probabilities
        agree = set(received) == set(prediction.probabilities) and all(
            abs(received[name] - expected) <= TOLERANCE for name, expected in prediction.probabilities.items()
        )
        if not agree or report.evidence.cell_count != prediction.cell_count:
            raise ArtifactError(
                f"expected {prediction.cell_count} cells and {prediction.probabilities} on the golden smear "
                f"{prediction.sha256[:12]}, received {report.evidence.cell_count} and {received}"
            )
    return len(golden.predictions)


def main() -> int:
    """Check the artifact that the environment names."""
    folder = os.environ.get("HEMASCOPE_ARTIFACT")
    if not folder:
        print("expected the variable HEMASCOPE_ARTIFACT, received none", file=sys.stderr)
        return 2
    try:
        print(f"selfcheck: {replay(Classifier(load_artifact(Path(folder))))} golden predictions agree")
    except HemascopeError as error:
        print(f"selfcheck: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
