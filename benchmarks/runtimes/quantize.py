"""8-bit integers for ONNX Runtime and OpenVINO: ``quantize FOLDER``, by the interpreter that has them.

Both see the same smears for calibration. What can't be made leaves a file ``NAME.error`` that says why.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runtimes.answer import ErrorFile, as_pair

_FLOAT = "float32.onnx"


def for_onnx(folder: Path, examples: list[dict[str, np.ndarray]]) -> None:
    """Weights by channel and activations in 8 bits."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(examples)

        def get_next(self) -> dict[str, Any] | None:
            return next(self.left, None)

    prepared = folder / "prepared.onnx"
    quant_pre_process(str(folder / _FLOAT), str(prepared), skip_symbolic_shape=True)  # all shapes are known
    quantize_static(str(prepared), str(folder / "int8.onnx"), Reader(), per_channel=True, activation_type=QuantType.QUInt8)


def for_openvino(folder: Path, examples: list[dict[str, np.ndarray]]) -> None:
    """NNCF with its default settings."""
    import nncf
    from openvino import Core, save_model

    network = Core().read_model(folder / _FLOAT)
    save_model(network, folder / "float32.xml", compress_to_fp16=False)
    quantized = nncf.quantize(network, nncf.Dataset(examples), subset_size=len(examples))
    save_model(quantized, folder / "int8.xml", compress_to_fp16=False)


def main(folder: Path) -> None:
    """Make both."""
    examples = [as_pair(pictures) for pictures in np.load(folder / "calibration.npy")]
    for name, make in {"int8.onnx": for_onnx, "int8.xml": for_openvino}.items():
        with ErrorFile(folder / f"{name}.error"):
            make(folder, examples)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
