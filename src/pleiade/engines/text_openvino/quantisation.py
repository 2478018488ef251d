"""Weights as the constants of a graph: 8 bits a weight (default), bfloat16, or 4 bits in groups."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import openvino as ov
import openvino.opset13 as op
from numpy.typing import NDArray
from openvino.op import Constant

Weights = Literal["int8", "int4", "bf16", "f32"]
INT4_GROUP = 64
INT8_GROUP = 64  # in the layers of small models
SMALL = 512  # hidden sizes below: every rounding shows, and there is no time to gain by quantising activations, too


def constant_matrix(matrix: NDArray[np.float32], weights: Weights, *, fine: bool = False) -> ov.Node:
    """A matrix [out, in] as a node of float32 whose stored form is `weights`; `fine`: 8 bits in groups, not by row.

    The runtime keeps the compressed constant and multiplies with it directly: what is written here as
    convert, subtract, multiply is never materialised.
    """
    if weights == "int4" and matrix.shape[1] % INT4_GROUP == 0:
        return _int4(matrix)
    if weights in ("int8", "int4"):  # a matrix that 4-bit groups do not divide stays at 8 bits
        return _int8(matrix, INT8_GROUP if fine and matrix.shape[1] % INT8_GROUP == 0 else matrix.shape[1])
    if weights == "bf16":
        return op.convert(Constant(bfloat16_tensor(matrix), shared_memory=False), "f32")
    return op.constant(np.ascontiguousarray(matrix, np.float32))


def _int8(matrix: NDArray[np.float32], group: int) -> ov.Node:
    """In groups along the input (of a whole row, usually), asymmetric: w = (u8 - zero) * scale."""
    rows, columns = matrix.shape
    # GPT-2's matrices come as transposed views, whose constants the runtime would misread.
    groups = np.ascontiguousarray(matrix)
    if group < columns:
        groups = groups.reshape(rows, columns // group, group)
    low = np.minimum(groups.min(axis=-1, keepdims=True), 0)
    high = np.maximum(groups.max(axis=-1, keepdims=True), 0)
    scale = np.maximum((high - low) / 255, 1e-5).astype(np.float16)
    step = scale.astype(np.float32)
    zero = np.clip(np.round(-low / step), 0, 255)
    stored = np.round(groups / step)
    stored += zero
    codes = np.clip(stored, 0, 255, out=stored).astype(np.uint8)
    centred = op.subtract(op.convert(op.constant(codes), "f16"), op.convert(op.constant(zero.astype(np.uint8)), "f16"))
    whole = op.multiply(centred, op.constant(scale))
    if group < columns:
        whole = op.reshape(whole, scalar([rows, columns], np.int64), False)
    return op.convert(whole, "f32")


def _int4(matrix: NDArray[np.float32]) -> ov.Node:
    """In groups of 64 along the input, symmetric around 8: w = (u4 - 8) * scale."""
    rows, columns = matrix.shape
    groups = matrix.reshape(rows, columns // INT4_GROUP, INT4_GROUP)
    scale = (np.abs(groups).max(axis=2, keepdims=True) / 7.5 + 1e-5).astype(np.float16)
    codes = np.clip(np.round(groups / scale.astype(np.float32)) + 8, 0, 15).astype(np.uint8).reshape(-1)
    packed = codes[0::2] | (codes[1::2] << 4)
    stored = Constant(ov.Tensor(packed, ov.Shape(list(groups.shape)), ov.Type.u4), shared_memory=False)
    centred = op.subtract(op.convert(stored, "f16"), op.convert(op.constant(np.full((1, 1, 1), 8, np.uint8)), "f16"))
    whole = op.reshape(op.multiply(centred, op.constant(scale)), scalar([rows, columns], np.int64), False)
    return op.convert(whole, "f32")


def bfloat16_tensor(values: NDArray[np.float32]) -> ov.Tensor:
    """Rounded to nearest even, as the hardware rounds."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    halves = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return ov.Tensor(halves, ov.Shape(list(values.shape)), ov.Type.bf16)


def scalar(value: float | int | list[int], kind: type[np.generic] = np.float32) -> Any:
    """A small constant: axes, shapes, epsilons."""
    return op.constant(np.asarray(value, kind))
