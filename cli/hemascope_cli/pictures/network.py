"""Loads the model for commands that screen pictures."""

from pathlib import Path

import numpy as np

from hemascope.domain.texts import ENGLISH
from hemascope.imaging.model_input import to_network_inputs, to_working_picture
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from hemascope_cli.console import without_native_notes
from hemascope_cli.project import artifact_folder


def load_classifier(artifact: Path | None, language: str = ENGLISH) -> Classifier:
    """Load the network of an artifact, of the project's newest where None, and ask it once.

    LiteRT chooses its delegate at the first answer, and writes a note about it.

    Raises
    ------
    HemascopeError
        Where there is no artifact, or it may not be used.
    """
    loaded = load_artifact(artifact_folder(artifact), language)
    spec = loaded.manifest.preprocessing
    with without_native_notes():
        classifier = Classifier(loaded)
        classifier.answer(to_network_inputs(to_working_picture(np.zeros((64, 64, 3), np.uint8), spec), spec))
    return classifier
