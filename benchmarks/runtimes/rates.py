"""How fast this machine multiplies matrices: ``rates.py MODEL_ONNX THREADS``, by the interpreter that has ONNX Runtime.

Prints a line of JSON: thousand millions of multiply-adds a second, in float and in 8-bit integers, the best of several tries;
and how many thousand millions the network needs for one smear. Kernels are ONNX Runtime's, which use what the processor has.
"""

import json
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIDE = 2048
_TRIES = 12


def rate(operation: str, kind: int, numbers: type, threads: int) -> float:
    """Multiply-adds a second, in thousand millions, of one large product of matrices."""
    left, right = (np.random.default_rng(seed).integers(0, 100, (SIDE, SIDE)).astype(numbers) for seed in (1, 2))
    answer = TensorProto.INT32 if operation == "MatMulInteger" else kind
    graph = helper.make_graph(
        [helper.make_node(operation, ["left", "right"], ["answer"])],
        "product",
        [helper.make_tensor_value_info("left", kind, left.shape)],
        [helper.make_tensor_value_info("answer", answer, left.shape)],
        # A constant, as weights are: it is packed once.
        [numpy_helper.from_array(right.astype(np.int8) if numbers is np.uint8 else right, "right")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    times = []
    for _ in range(_TRIES):
        begin = time.perf_counter()
        session.run(None, {"left": left})
        times.append(time.perf_counter() - begin)
    return SIDE**3 / min(times) / 1e9


def multiply_adds(path: str) -> float:
    """Thousand millions of multiply-adds that a network needs: those of its convolutions and dense layers."""
    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    weights = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    known = (*model.graph.value_info, *model.graph.output)
    shapes = {value.name: [size.dim_value for size in value.type.tensor_type.shape.dim] for value in known}
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            total += int(np.prod(shapes[node.output[0]])) * int(np.prod(weights[node.input[1]][1:]))
        elif node.op_type in {"MatMul", "Gemm"}:
            total += int(np.prod(weights[node.input[1]]))
    return total / 1e9


def main(model: str, threads: int) -> None:
    """Measure and print."""
    found = {
        "float": rate("MatMul", TensorProto.FLOAT, np.float32, threads),
        "int8": rate("MatMulInteger", TensorProto.UINT8, np.uint8, threads),
        "network": multiply_adds(model),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
