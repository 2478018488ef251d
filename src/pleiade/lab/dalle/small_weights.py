"""ONNX graphs with small weights: stored as float16, or as int8 with a scale per output channel.

They are turned to float32 where they are used: onnxruntime and OpenVINO read both, and multiply as they like.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

Weights = Literal["fp32", "fp16", "int8"]
LEAST_SIZE = 256  # values; smaller ones (gains, tables) stay as they are


def store_small(model: ModelProto, weights: Weights) -> ModelProto:
    """`model` in place, its float32 matrices stored as `weights`."""
    if weights == "fp32":
        return model
    graph, axes = model.graph, _output_axes(model)
    before: list[NodeProto] = []
    kept: list[TensorProto] = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < LEAST_SIZE or tensor.name not in axes:
            kept.append(tensor)
            continue
        name = tensor.name
        if weights == "fp16":
            kept.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.fp16"))
            before.append(helper.make_node("Cast", [f"{name}.fp16"], [name], to=TensorProto.FLOAT))
            continue
        axis = axes[name]
        whole, scale = _quantised(values, axis)
        zeros = np.zeros(scale.shape, np.int8)
        for part, value in (("int8", whole), ("scale", scale), ("zero", zeros)):
            kept.append(numpy_helper.from_array(value, f"{name}.{part}"))
        inputs = [f"{name}.int8", f"{name}.scale", f"{name}.zero"]
        before.append(helper.make_node("DequantizeLinear", inputs, [name], axis=axis))
    nodes = [*before, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _quantised(values: npt.NDArray[np.float32], axis: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Nearest whole numbers in [-127, 127], and what each channel along `axis` has to be multiplied with."""
    others = tuple(other for other in range(values.ndim) if other != axis)
    scale = np.maximum(np.abs(values).max(axis=others), 1e-12).astype(np.float32) / np.float32(127)
    shape = [-1 if other == axis else 1 for other in range(values.ndim)]
    return np.rint(values / scale.reshape(shape)).astype(np.int8), scale


def _output_axes(model: ModelProto) -> dict[str, int]:
    """Each weight that a product, a convolution or a look-up reads, and its axis of output channels."""
    ranks = {tensor.name: len(tensor.dims) for tensor in model.graph.initializer}
    axes = {}
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name not in ranks or ranks[name] < 2:
                continue
            if node.op_type == "MatMul" and place == 1:
                axes[name] = ranks[name] - 1
            elif node.op_type == "Gemm" and place == 1:
                transposed = any(a.name == "transB" and a.i for a in node.attribute)
                axes[name] = 0 if transposed else 1
            elif (node.op_type, place) in (("Conv", 1), ("Gather", 0)):
                axes[name] = 0
    return axes
