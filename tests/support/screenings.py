"""What tests of a screening share: a specimen, artifacts with other thresholds, networks with a literal answer."""

import dataclasses

from hemascope.domain.specimen import Specimen
from hemascope.model.artifact import Artifact
from tests.support.fakes import FixedClassifier

SPECIMEN = Specimen(hospital="st-mary", patient="p-17", slide="c-3", field="field 1.jpg")
CLASSES = ("Benign", "Early Pre-B", "Pre-B", "Pro-B")


def tuned(artifact: Artifact, *, accepted_distance: float = 1e9, **decision: object) -> Artifact:
    """The shipped artifact with other thresholds; every colour is known to it unless said otherwise."""
    lenient: dict[str, object] = {
        "minimum_confidence": 0.8,
        "prediction_set_threshold": 0.2,
        "minimum_cells": 1,
        "missed_cost": 1.0,
    }
    spec = artifact.manifest.decision.model_copy(update=lenient | decision)
    return dataclasses.replace(
        artifact,
        manifest=artifact.manifest.model_copy(update={"decision": spec}),
        colours=artifact.colours.model_copy(update={"accepted_distance": accepted_distance}),
    )


def one_hot(artifact: Artifact, label: str, share: float = 0.97) -> FixedClassifier:
    rest = (1.0 - share) / 3.0
    return FixedClassifier(artifact, *(share if name == label else rest for name in CLASSES))
