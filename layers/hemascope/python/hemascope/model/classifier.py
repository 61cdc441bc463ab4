"""The fusion network in LiteRT: two inputs of a smear -> calibrated probabilities."""

import os
import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from hemascope.contracts.errors import ArtifactError
from hemascope.imaging.model_input import NetworkInputs
from hemascope.model.artifact import Artifact


class Classifier:
    """A loaded network. Load once, ask often; it may be asked from several threads, one at a time.

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
        self._output = self._check_signature()

    def probabilities(self, inputs: NetworkInputs) -> NDArray[np.float64]:
        """Probability of each class in the manifest's order: (classes,), float64, sums to 1, temperature applied."""
        with self._lock:
            answer = self._network(original=inputs.original[None], segmented=inputs.segmented[None])[self._output][0]
        return temper(np.asarray(answer, np.float64), self.artifact.manifest.decision.temperature)

    def _check_signature(self) -> str:
        side = self.artifact.manifest.preprocessing.input_size
        received = {name: tuple(detail["shape"][1:]) for name, detail in self._network.get_input_details().items()}
        expected = {"original": (side, side, 3), "segmented": (side, side, 3)}
        if received != expected:
            raise ArtifactError(f"expected a network with inputs {expected}, received {received}")
        ((name, detail),) = self._network.get_output_details().items()
        classes = len(self.artifact.manifest.classes)
        if detail["shape"][-1] != classes:
            raise ArtifactError(f"expected {classes} outputs, received {detail['shape'][-1]}")
        return str(name)


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
