"""An artifact's float weights -> the same network in every format: ``convert ARTIFACT FOLDER SITE_PACKAGES``.

The project's own interpreter runs it, since it has TensorFlow. What else it needs (tf2onnx) lies in ``SITE_PACKAGES``, and is
looked for there last. A format that can't be made leaves a file ``NAME.error`` that says why.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from benchmarks.runtimes.answer import ErrorFile, as_pair
from hemascope.imaging.decode import decode
from hemascope.imaging.model_input import NetworkInputs, to_network_inputs, to_working_picture
from hemascope.imaging.synthetic import draw_synthetic_smear, encode_jpeg
from hemascope.model.artifact import load_artifact
from hemascope.model.classifier import Classifier
from training.data.dataset import read_dataset
from training.data.split import load_split, without_copies
from training.evidence.evaluate import in_float, network_inputs
from training.export.artifact import SPLIT, convert
from training.networks.fusion import build_fusion
from training.networks.weights import FLOAT_WEIGHTS, load_weights

CALIBRATION = 100  # smears that show a runtime which ranges its integers have to hold
UNSEEN = 200  # smears whose classes are compared


def smears(classifier: Classifier) -> tuple[str, list[NetworkInputs], list[NetworkInputs]]:
    """What they are, unseen ones, and those for calibration: of the data set where there is one, else drawn."""
    artifact = classifier.artifact
    if dataset := os.environ.get("HEMASCOPE_DATASET"):
        split = load_split(artifact.folder / SPLIT, read_dataset(Path(dataset)))
        parts = ((without_copies(split.test), UNSEEN), (split.train, CALIBRATION))
        chosen = [[part[round(at)] for at in np.linspace(0, len(part) - 1, count)] for part, count in parts]
        unseen, calibration = (network_inputs(Path(dataset), part, classifier) for part in chosen)
        return "unseen smears", unseen, calibration
    spec = artifact.manifest.preprocessing
    drawn = [
        to_network_inputs(to_working_picture(decode(encode_jpeg(draw_synthetic_smear(seed, 224, seed % 20))), spec), spec)
        for seed in range(UNSEEN + CALIBRATION)
    ]
    return "drawn smears", drawn[:UNSEEN], drawn[UNSEEN:]


def save_inputs(folder: Path, classifier: Classifier, network: keras.Model) -> np.ndarray:
    """Write the smears and the float network's answers; return those for calibration."""
    kind, unseen, calibration = smears(classifier)
    (folder / "smears.json").write_text(json.dumps(kind))
    pairs = ([[smear.original, smear.segmented] for smear in part] for part in (unseen, calibration))
    shown, calibrating = (np.rint(np.stack(part) * 255.0).astype(np.uint8) for part in pairs)
    np.save(folder / "first.npy", shown[0])
    np.save(folder / "pictures.npy", shown)
    np.save(folder / "calibration.npy", calibrating)
    np.save(folder / "float.npy", in_float(network, unseen))
    return calibrating


def to_float16(saved: str) -> bytes:
    """LiteRT with weights of 16 bits."""
    converter = tf.lite.TFLiteConverter.from_saved_model(saved)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def to_full_int8(saved: str, calibration: np.ndarray) -> bytes:
    """LiteRT with weights and activations of 8 bits; the answer alone is left in float."""

    def examples() -> Iterator[dict[str, np.ndarray]]:
        for pictures in calibration:
            yield as_pair(pictures)

    converter = tf.lite.TFLiteConverter.from_saved_model(saved)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = examples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return bytes(converter.convert())


def to_onnx(network: keras.Model) -> bytes:
    """ONNX, for one smear at a time."""
    import tf2onnx

    shapes = [tf.TensorSpec((1, *inputs.shape[1:]), tf.float32, name=inputs.name) for inputs in network.inputs]
    answer = tf.function(lambda original, segmented: network([original, segmented], training=False))
    model, _ = tf2onnx.convert.from_function(answer, input_signature=shapes, opset=18)
    return bytes(model.SerializeToString())


def main(artifact: Path, folder: Path, site_packages: str) -> None:
    """Make all formats."""
    classifier = Classifier(load_artifact(artifact))
    network = build_fusion(side=classifier.artifact.manifest.preprocessing.input_size)
    load_weights(network, artifact / FLOAT_WEIGHTS)
    calibration = save_inputs(folder, classifier, network)
    network.save(folder / "network.keras")
    saved = str(folder / "saved_model")
    network.export(saved, verbose=False)
    sys.path.append(site_packages)
    makers: dict[str, Callable[[], bytes]] = {
        "float32.tflite": lambda: convert(network, quantized=False),
        "float16.tflite": lambda: to_float16(saved),
        "dynamic.tflite": lambda: convert(network),
        "int8.tflite": lambda: to_full_int8(saved, calibration),
        "float32.onnx": lambda: to_onnx(network),
    }
    for name, make in makers.items():
        with ErrorFile(folder / f"{name}.error"):
            (folder / name).write_bytes(make())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
