"""Networks as ONNX graphs with small weights, which onnxruntime and OpenVINO read alike."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import onnx
import torch
from torch import Tensor, nn

from pleiade.lab.dalle.small_weights import Weights, store_small

OPSET = 17


def write_onnx(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    names: Sequence[str],
    outputs: Sequence[str],
    path: Path,
    weights: Weights = "fp16",
    dynamic: Sequence[str] = ("batch",),
    further: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Trace `module` on `inputs` and write it; the first axes called `dynamic` of every input and output stay open.

    `further`: of inputs named there, others.
    """
    axes = {name: dict(enumerate(further.get(name, dynamic))) for name in (*names, *outputs)}
    with warnings.catch_warnings(), torch.no_grad():
        # The tracing exporter is the one that takes a second; what replaces it takes half a minute for a toy.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            inputs,
            str(path),
            input_names=list(names),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.save(store_small(onnx.load(str(path)), weights), str(path))
