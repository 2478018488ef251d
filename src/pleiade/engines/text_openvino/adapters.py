"""Low-rank adapters (LoRA) as PEFT saves them: read, checked against the model, and stacked into one.

All loaded adapters run in one batch: their matrices lie side by side, and a mask lets each token see the
columns of its own adapter only. y = W x + B (mask * (A x)), with alpha / rank already in B. arXiv
2106.09685.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pleiade.engines.text_openvino.files.architecture import Architecture
from pleiade.engines.text_openvino.files.names import gpt2_module, layer_module
from pleiade.engines.text_openvino.files.safetensors_files import open_safetensors_file
from pleiade.engines.text_openvino.files.tensors import Array
from pleiade.engines.text_openvino.files.weights import expected_shapes


@dataclass(frozen=True)
class Adapter:
    """One adapter: for each module it changes, A [rank, in] and B [out, rank], B scaled."""

    serial: int  # never used again, so that no cache takes a new adapter for an old one of its name
    rank: int
    matrices: Mapping[str, tuple[Array, Array]]


def read_adapter(path: str | Path, architecture: Architecture, serial: int) -> Adapter:
    """Read a PEFT folder. Raises ValueError where it is damaged, of another kind, or made for another model."""
    folder = Path(path)
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} holds no readable adapter_config.json ({error})") from None
    if str(config.get("peft_type", "LORA")).upper() != "LORA" or config.get("use_dora"):
        raise ValueError(f"{folder} is no plain LoRA adapter; merge it into its model before serving")
    halves: dict[str, dict[str, Array]] = {}
    for name, tensor in open_safetensors_file(folder / "adapter_model.safetensors").items():
        module, _, half = name.removesuffix(".weight").rpartition(".")
        if half not in ("lora_A", "lora_B"):
            raise ValueError(f"{folder}: {name!r} is not part of a plain LoRA adapter; merge it into its model")
        halves.setdefault(module.removeprefix("base_model.model."), {})[half] = tensor.read()
    matrices: dict[str, tuple[Array, Array]] = {}
    shapes = expected_shapes(architecture)
    for module, pair in halves.items():
        if len(pair) != 2:
            raise ValueError(f"{folder}: {module!r} lacks one of lora_A and lora_B; copy the adapter again")
        for ours, down, up in _placed(module, pair["lora_A"], pair["lora_B"] * _scale(config, pair["lora_A"])):
            if shapes.get(f"{ours}.weight") != (up.shape[0], down.shape[1]):
                raise ValueError(f"{folder}: {module!r} does not fit the model; it was trained on another one")
            matrices[ours] = down, up
    if not matrices:
        raise ValueError(f"{folder} changes nothing: adapter_model.safetensors is empty")
    return Adapter(serial, max(down.shape[0] for down, _ in matrices.values()), matrices)


def _scale(config: Mapping[str, float], down: Array) -> float:
    rank = down.shape[0]
    return float(config.get("lora_alpha", rank)) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _placed(module: str, down: Array, up: Array) -> list[tuple[str, Array, Array]]:
    """Where the pair belongs in our names; GPT-2's fused projection is three."""
    if ours := layer_module(module):
        return [(ours, down, up)]
    ours = gpt2_module(module)
    if ours.endswith(".qkv"):
        thirds = np.split(up, 3)
        return [(f"{ours[:-3]}{part}", down, third) for part, third in zip("qkv", thirds, strict=True)]
    return [(ours or module, down, up)]


def stacked(adapters: Sequence[Adapter], module: str) -> tuple[Array, Array] | None:
    """A [all ranks, in] and B [out, all ranks] of all adapters for one module; None where none changes it."""
    found = [adapter.matrices[module] for adapter in adapters if module in adapter.matrices]
    if not found:
        return None
    width, height, total = found[0][0].shape[1], found[0][1].shape[0], sum(a.rank for a in adapters)
    down, up = np.zeros((total, width), np.float32), np.zeros((height, total), np.float32)
    for adapter, columns in column_ranges(adapters).items():
        pair = next(a for a in adapters if a.serial == adapter).matrices.get(module)
        if pair is not None:
            own = slice(columns.start, columns.start + pair[0].shape[0])
            down[own], up[:, own] = pair
    return down, up


def column_ranges(adapters: Sequence[Adapter]) -> dict[int, slice]:
    """Which columns of the stack belong to which adapter, by serial."""
    ranges, start = {}, 0
    for adapter in adapters:
        ranges[adapter.serial] = slice(start, start + adapter.rank)
        start += adapter.rank
    return ranges
