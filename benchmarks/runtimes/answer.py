"""Measures one runtime, in its own process: ``answer.py RUNTIME MODEL INPUTS THREADS REPEAT SMEARS``.

Any interpreter runs it that has NumPy and the runtime. It prints a line as soon as it has answered once, and a line of JSON at
the end. Nothing of Hemascope is imported, so that a runtime's memory and start are its own.
"""

import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

Ask = Callable[[dict[str, np.ndarray]], np.ndarray]
_WARM_UP = 5


def keras(model: str, threads: int) -> Ask:
    """``predict`` of the saved model, one smear at a time."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    network = keras.saving.load_model(model, compile=False)
    return lambda pair: network.predict([pair["original"], pair["segmented"]], verbose=0)


def saved_model(model: str, threads: int) -> Ask:
    """TensorFlow's own serving format, without Keras."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    loaded = tf.saved_model.load(model)  # its signatures live as long as it does
    serve = loaded.signatures["serving_default"]

    def ask(pair: dict[str, np.ndarray], _loaded: Any = loaded) -> np.ndarray:
        (answer,) = serve(**{name: tf.constant(picture) for name, picture in pair.items()}).values()
        return np.asarray(answer)

    return ask


def onnx(model: str, threads: int) -> Ask:
    """ONNX Runtime on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda pair: session.run(None, pair)[0]


def openvino(model: str, threads: int, precision: str = "f32") -> Ask:
    """OpenVINO on the processor, in one precision of arithmetic."""
    from openvino import Core

    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
    compiled = Core().compile_model(model, "CPU", settings)
    return lambda pair: compiled(pair)[0]


def openvino_bf16(model: str, threads: int) -> Ask:
    """OpenVINO with products of 16-bit numbers."""
    return openvino(model, threads, "bf16")


def litert(model: str, threads: int) -> Ask:
    """LiteRT, as the product loads it."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=Path(model).read_bytes(), num_threads=threads)
    network = interpreter.get_signature_runner()
    outputs = network.get_output_details()
    name = "probabilities" if "probabilities" in outputs else next(iter(outputs))
    return lambda pair: network(**pair)[name]


# Each with the packages that it needs; what those need is found.
RUNTIMES: dict[str, tuple[Callable[[str, int], Ask], tuple[str, ...]]] = {
    "keras": (keras, ("keras", "tensorflow")),
    "saved_model": (saved_model, ("tensorflow",)),
    "onnx": (onnx, ("onnxruntime",)),
    "openvino": (openvino, ("openvino",)),
    "openvino_bf16": (openvino_bf16, ("openvino",)),
    "litert": (litert, ("ai-edge-litert",)),
}


@dataclass
class ErrorFile:
    """A context in which any exception ends in a file instead: a row of the table says that a format can't be made."""

    path: Path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if isinstance(error, Exception):
            self.path.write_text(f"{type(error).__name__}: {error}")
        return isinstance(error, Exception)


def unpacked_bytes(packages: tuple[str, ...]) -> int:
    """Size of the files of some installed packages and of all that they require."""
    waiting, seen, size = list(packages), set[str](), 0
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # required on another system, or of an extra
        waiting += [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in package.requires or () if "extra ==" not in need]
        size += sum(path.stat().st_size for file in package.files or () if (path := Path(str(file.locate()))).is_file())
    return size


def peak_bytes() -> int:
    """The most memory that this process has held. (``ru_maxrss`` may hold the parent's.)"""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def main(runtime: str, model: str, inputs: Path, threads: int, repeat: int, smears: int) -> None:
    """Answer once and say so, again and again with a watch, then each smear once."""
    load, packages = RUNTIMES[runtime]
    first = as_pair(np.load(inputs / "first.npy"))
    ask = load(model, threads)
    ask(first)
    print("answered", flush=True)
    times = []
    for _ in range(_WARM_UP + repeat):
        begin = time.perf_counter()
        ask(first)
        times.append(1e3 * (time.perf_counter() - begin))
    warm = times[_WARM_UP:]
    found: dict[str, Any] = {
        "median": statistics.median(warm),
        "p95": statistics.quantiles(warm, n=20)[-1],
        "peak": peak_bytes(),
        "unpacked": unpacked_bytes(packages),
    }
    if smears:
        pictures, expected = np.load(inputs / "pictures.npy", mmap_mode="r")[:smears], np.load(inputs / "float.npy")[:smears]
        answers = np.array([np.ravel(ask(as_pair(picture))) for picture in pictures])
        found["differing"] = int((answers.argmax(axis=1) != expected.argmax(axis=1)).sum())
        found["furthest"] = float(np.abs(answers - expected).max())
    print(json.dumps(found))


def as_pair(pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Inputs of the network from (2, side, side, 3), uint8: the smear and its segmented picture."""
    original, segmented = pictures.astype(np.float32)[:, None] / np.float32(255.0)
    return {"original": original, "segmented": segmented}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *(int(argument) for argument in sys.argv[4:7]))
