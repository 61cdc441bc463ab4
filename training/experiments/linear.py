"""Linear evaluation of two pretrained backbones: a logistic regression on their frozen, pooled features.

Fast enough to compare pretrainings: unshifted and under every shift, each branch alone and both together.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from hemascope.imaging.decode import Picture
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs, to_working_picture
from training.data.features import BATCH, INPUT_OF, cached_features, pooled
from training.data.shifts import NONE, SHIFTS
from training.data.training_data import TrainingData
from training.evidence.tables import percent, table

Floats = NDArray[np.float32]

BOTH = "both"
_SEED = 1  # of the augmented copy
_C = 0.03  # inverse strength of the regularization: strong, since there are as many features as smears


def evaluate_linearly(data: TrainingData, weights: Mapping[str, str], jitter: float, cache: Path) -> list[dict[str, Any]]:
    """Accuracy on the validation part: of each backbone, and of both side by side.

    Parameters
    ----------
    weights
        Origin of the weights of ``vgg16`` and ``densenet121``; each gets the picture that it gets in the fusion network.
    jitter
        Strength of the stain jitter of the augmented copy that is used for training in addition to the smears themselves.

    Returns
    -------
    list of dict
        ``shift`` and an accuracy under each backbone's name and ``both``; the unshifted smears first.
    """

    def training_features(name: str) -> Floats:
        copies = [cached_features(data, "train", name, weights[name], copy, _SEED, cache, jitter) for copy in (0, 1)]
        return np.concatenate(copies)

    known, labels = _side_by_side({name: training_features(name) for name in weights}), np.tile(data.labels("train"), 2)
    regressions = {name: _regression().fit(features, labels) for name, features in known.items()}
    networks = {name: pooled(name, origin) for name, origin in weights.items()}
    pictures, truth = data.part("validation")
    rows = []
    for shift in (NONE, *SHIFTS):
        inputs = [_inputs(shift.apply(picture), data) for picture in pictures]
        found = _side_by_side({name: _features(networks[name], inputs, INPUT_OF[name]) for name in networks})
        scores = {name: float((regressions[name].predict(features) == truth).mean()) for name, features in found.items()}
        rows.append({"shift": shift.name, **scores})
    return rows


def as_table(rows: list[dict[str, Any]]) -> str:
    """Markdown table of the accuracies."""
    return table(
        tuple(rows[0]), [(row["shift"], *(percent(row[name]) for name in list(row)[1:])) for row in rows], markdown=True
    )


def _inputs(picture: Picture, data: TrainingData) -> NetworkInputs:
    return to_network_inputs(to_working_picture(picture, data.spec), data.spec)


def _features(network: keras.Model, inputs: list[NetworkInputs], kind: str) -> Floats:
    stacks = [np.stack([getattr(smear, kind) for smear in inputs[at : at + BATCH]]) for at in range(0, len(inputs), BATCH)]
    return np.concatenate([keras.ops.convert_to_numpy(network.predict_on_batch(stack)) for stack in stacks])


def _side_by_side(features: Mapping[str, Floats]) -> dict[str, Floats]:
    return {**features, BOTH: np.hstack(list(features.values()))}


def _regression() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=_C, max_iter=1000))
