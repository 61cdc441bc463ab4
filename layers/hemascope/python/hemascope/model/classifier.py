"""The fusion network in LiteRT: two inputs of a smear -> calibrated probabilities, and what they rest on."""

import os
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from hemascope.domain.errors import ArtifactError
from hemascope.imaging.model_input import NetworkInputs
from hemascope.model.artifact import Artifact

BRANCHES = ("original", "segmented")  # inputs of the network, and the branches behind them
PROBABILITIES, FEATURES = "probabilities", "features"
MAPS = {branch: f"{branch}_map" for branch in BRANCHES}
_OUTPUTS = {PROBABILITIES, FEATURES, *MAPS.values()}


class Answer(NamedTuple):
    """What the network says of one smear.

    ``probabilities`` (classes,), float64, sums to 1, temperature applied. ``features`` (n,), float32: the pooled features that
    the head sees, the original's first. ``maps``: of each branch (rows, columns), float32, what each cell of its last feature
    map adds to the likeliest class' logit above the mean of all logits; negative where it speaks against it.
    ``feature_score``: distance of the features from the known ones, as a multiple of the accepted distance. ``typical``
    (classes,), bool: the classes that the features are typical of.
    """

    probabilities: NDArray[np.float64]
    features: NDArray[np.float32]
    maps: Mapping[str, NDArray[np.float32]]
    feature_score: float
    typical: NDArray[np.bool_]


class Classifier:
    """A loaded network. Load once, ask often; threads may share it: they take turns.

    Parameters
    ----------
    artifact
        What to load.
    threads
        Threads of the network; as many as this process may use where None.

    Raises
    ------
    ArtifactError
        Where the weights are no network, or one of other inputs or outputs than the manifest says.
    """

    def __init__(self, artifact: Artifact, threads: int | None = None) -> None:
        self.artifact = artifact
        try:
            self._interpreter = Interpreter(model_content=artifact.weights, num_threads=threads or usable_cores())
            self._network = self._interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            raise ArtifactError(f"expected a LiteRT network with one signature, received: {error}") from error
        self._lock = threading.Lock()
        self._check_signature()

    def answer(self, inputs: NetworkInputs) -> Answer:
        """Ask the network about one smear."""
        with self._lock:
            outputs = self._network(original=inputs.original[None], segmented=inputs.segmented[None])
            found = {name: output[0].copy() for name, output in outputs.items()}
        temperature = self.artifact.manifest.decision.temperature
        features, reference = found[FEATURES], self.artifact.features
        return Answer(
            probabilities=temper(np.asarray(found[PROBABILITIES], np.float64), temperature),
            features=features,
            maps={branch: found[name] for branch, name in MAPS.items()},
            feature_score=reference.score(features),
            typical=reference.is_typical(features),
        )

    def probabilities(self, inputs: NetworkInputs) -> NDArray[np.float64]:
        """Probability of each class in the manifest's order: (classes,), float64, sums to 1, temperature applied."""
        return self.answer(inputs).probabilities

    def _check_signature(self) -> None:
        manifest, side = self.artifact.manifest, self.artifact.manifest.preprocessing.input_size
        received = _shapes(self._network.get_input_details())
        expected = dict.fromkeys(BRANCHES, (side, side, 3))
        if received != expected:
            raise ArtifactError(f"expected a network with inputs {expected}, received {received}")
        outputs = _shapes(self._network.get_output_details())
        if set(outputs) != _OUTPUTS:
            raise ArtifactError(f"expected a network with outputs {sorted(_OUTPUTS)}, received {sorted(outputs)}")
        width, classes = self.artifact.features.width, len(manifest.disease.classes)
        if outputs[FEATURES] != (width,):
            raise ArtifactError(f"expected {width} features, as in the reference, received {outputs[FEATURES]}")
        if outputs[PROBABILITIES] != (classes,):
            raise ArtifactError(f"expected {classes} probabilities, received {outputs[PROBABILITIES]}")


def _shapes(details: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shapes of a network's inputs or outputs, without the batch."""
    return {str(name): tuple(int(size) for size in detail["shape"][1:]) for name, detail in details.items()}


def temper(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Temperature scaling of softmax outputs (Guo et al., ICML 2017): same order, honest confidence.

    Dividing the logits by a temperature is the same as raising the probabilities to its inverse.

    Examples
    --------
    >>> temper(np.array([0.8, 0.2]), 2.0).round(3).tolist()
    [0.667, 0.333]
    """
    logits = np.log(np.clip(probabilities, 1e-12, 1.0)) / temperature
    scaled = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(scaled / scaled.sum(axis=-1, keepdims=True), np.float64)


def usable_cores() -> int:
    """Processors that this process may run on (a container may have fewer than its machine)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
