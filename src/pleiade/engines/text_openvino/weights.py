"""Checkpoints as one name space: whatever the file format, a tensor has one name here and is read when it is needed.

Names: `embedding`, `positions`, `norm`, `head`, and in `layers.N.`: `attention_norm q k v q_norm k_norm o mlp_norm
gate up down`, each with `.weight` and perhaps `.bias`; matrices are [out, in].
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pleiade.engines.text_openvino.architecture import Architecture, architecture_of_config

Array = NDArray[np.float32]


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that stays on disk until `read` makes float32 of it."""

    shape: tuple[int, ...]
    read: Callable[[], Array]


@dataclass(frozen=True)
class Checkpoint:
    """What a graph is built from."""

    architecture: Architecture
    tensors: Mapping[str, StoredTensor]


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Open a model folder (config.json and safetensors) or a .gguf file; nothing large is read yet.

    Raises ValueError where files are missing, truncated or of a kind that we don't run; the message says what to do.
    """
    path = Path(path)
    if path.is_dir() and not (path / "config.json").exists():
        files = sorted(path.glob("*.gguf"))
        if len(files) != 1:
            raise ValueError(f"{path} has neither a config.json nor exactly one .gguf file: no model to load")
        path = files[0]
    if path.suffix == ".gguf":
        from pleiade.engines.text_openvino.gguf_files import (
            open_gguf,
        )  # only then: its reader costs an import

        return open_gguf(path)
    if not path.is_dir():
        raise ValueError(f"{path} is neither a model folder nor a .gguf file")
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path / 'config.json'} is not valid JSON ({error}); copy the model again"
        ) from None
    architecture = architecture_of_config(config)
    stored = open_safetensors(path)
    names = gpt2_names(architecture, stored) if architecture.family == "gpt2" else llama_names(stored)
    return complete(Checkpoint(architecture, names), str(path))


def complete(checkpoint: Checkpoint, source: str) -> Checkpoint:
    """Check that every tensor the graph will ask for is there, in its right shape; raise ValueError otherwise."""
    a, tensors = checkpoint.architecture, dict(checkpoint.tensors)
    if "head.weight" not in tensors:
        if not a.tied_embeddings:
            raise ValueError(
                f"{source} has no output head and its embeddings are not tied: the file is incomplete"
            )
        if "embedding.weight" in tensors:
            tensors["head.weight"] = tensors["embedding.weight"]
    elif a.tied_embeddings:
        tensors["head.weight"] = tensors["embedding.weight"]  # one copy in memory, as the config says
    queries, keys = a.num_heads * a.head_size, a.num_kv_heads * a.head_size
    wanted: dict[str, tuple[int, ...]] = {
        "embedding.weight": (a.vocabulary_size, a.hidden_size),
        "head.weight": (a.vocabulary_size, a.hidden_size),
        "norm.weight": (a.hidden_size,),
    }
    if not a.rotary:
        wanted["positions.weight"] = (a.context_length, a.hidden_size)
    for layer in range(a.num_layers):
        shapes = {
            "attention_norm": (a.hidden_size,),
            "mlp_norm": (a.hidden_size,),
            "q": (queries, a.hidden_size),
            "k": (keys, a.hidden_size),
            "v": (keys, a.hidden_size),
            "o": (a.hidden_size, queries),
            "up": (a.ffn_size, a.hidden_size),
            "down": (a.hidden_size, a.ffn_size),
        }
        if a.family != "gpt2":
            shapes["gate"] = (a.ffn_size, a.hidden_size)
        if a.family == "qwen3":
            shapes["q_norm"] = shapes["k_norm"] = (a.head_size,)
        wanted.update({f"layers.{layer}.{name}.weight": shape for name, shape in shapes.items()})
    for name, shape in wanted.items():
        if name not in tensors:
            raise ValueError(
                f"{source} lacks the tensor {name!r}: the download is incomplete, fetch the model again"
            )
        if tensors[name].shape != shape:
            raise ValueError(
                f"{source}: {name!r} has shape {list(tensors[name].shape)} where the config asks for {list(shape)}; "
                "config and weights belong to different models"
            )
    return Checkpoint(a, tensors)


# -- safetensors: 8 bytes of header length, a JSON header, raw little-endian data ------------------------------------


def open_safetensors(folder: Path) -> dict[str, StoredTensor]:
    """All tensors of a folder (one file, or the shards its index names) under their own names, memory-mapped."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        files = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    else:
        files = ["model.safetensors"]
    tensors: dict[str, StoredTensor] = {}
    for name in files:
        if not (folder / name).exists():
            raise ValueError(
                f"{folder / name} is missing; fetch the model again (it should hold safetensors weights)"
            )
        tensors.update(_safetensors_file(folder / name))
    return tensors


def _safetensors_file(path: Path) -> dict[str, StoredTensor]:
    size = path.stat().st_size
    truncated = ValueError(
        f"{path} is truncated or not a safetensors file ({size} bytes); fetch the model again"
    )
    if size < 10:
        raise truncated
    data = np.memmap(path, mode="r", dtype=np.uint8)
    start = 8 + int(data[:8].view("<u8")[0])
    if start > size:
        raise truncated
    try:
        header = json.loads(data[8:start].tobytes())
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise truncated from None
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (start + offset for offset in entry["data_offsets"])
        if end > size:
            raise truncated
        tensors[name] = _safetensor(name, data[begin:end], entry["dtype"], tuple(entry["shape"]))
    return tensors


def _safetensor(name: str, raw: NDArray[np.uint8], kind: str, shape: tuple[int, ...]) -> StoredTensor:
    if kind == "BF16":
        return StoredTensor(shape, lambda: bfloat16_to_float32(raw.view("<u2")).reshape(shape))
    if kind in ("F32", "F16"):
        dtype = {"F32": "<f4", "F16": "<f2"}[kind]
        return StoredTensor(shape, lambda: np.asarray(raw.view(dtype), np.float32).reshape(shape))

    def refuse() -> Array:
        raise ValueError(f"tensor {name!r} is stored as {kind}; convert the model to BF16, F16 or F32")

    return StoredTensor(shape, refuse)


def bfloat16_to_float32(bits: NDArray[np.uint16]) -> Array:
    """bfloat16 is the upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


# -- names -----------------------------------------------------------------------------------------------------------

_LLAMA = {
    "input_layernorm": "attention_norm",
    "self_attn.q_proj": "q",
    "self_attn.k_proj": "k",
    "self_attn.v_proj": "v",
    "self_attn.q_norm": "q_norm",
    "self_attn.k_norm": "k_norm",
    "self_attn.o_proj": "o",
    "post_attention_layernorm": "mlp_norm",
    "mlp.gate_proj": "gate",
    "mlp.up_proj": "up",
    "mlp.down_proj": "down",
}
_LLAMA_ENDS = {"model.embed_tokens": "embedding", "model.norm": "norm", "lm_head": "head"}


def llama_names(stored: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """Names of Llama, Qwen2 and Qwen3 checkpoints in ours; unknown tensors (rotary tables, ...) are left out."""
    tensors = {}
    for name, tensor in stored.items():
        module, _, kind = name.rpartition(".")
        if module in _LLAMA_ENDS:
            tensors[f"{_LLAMA_ENDS[module]}.{kind}"] = tensor
        elif module.startswith("model.layers."):
            _, _, layer, part = module.split(".", 3)
            if part in _LLAMA:
                tensors[f"layers.{layer}.{_LLAMA[part]}.{kind}"] = tensor
    return tensors


_GPT2 = {
    "ln_1": "attention_norm",
    "attn.c_proj": "o",
    "ln_2": "mlp_norm",
    "mlp.c_fc": "up",
    "mlp.c_proj": "down",
}
_GPT2_ENDS = {"wte": "embedding", "wpe": "positions", "ln_f": "norm", "lm_head": "head"}


def gpt2_names(architecture: Architecture, stored: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """Names of GPT-2 checkpoints in ours: Conv1D weights are [in, out] and queries, keys, values lie in one."""
    tensors: dict[str, StoredTensor] = {}
    for full_name, tensor in stored.items():
        module, _, kind = full_name.removeprefix("transformer.").rpartition(".")
        if module in _GPT2_ENDS:
            tensors[f"{_GPT2_ENDS[module]}.{kind}"] = tensor
            continue
        if not module.startswith("h."):
            continue
        _, layer, part = module.split(".", 2)
        ours = transposed(tensor) if len(tensor.shape) == 2 and kind == "weight" else tensor
        if part == "attn.c_attn":
            width = architecture.hidden_size
            for position, name in enumerate("qkv"):
                rows = slice(position * width, (position + 1) * width)
                tensors[f"layers.{layer}.{name}.{kind}"] = rows_of(ours, rows)
        elif part in _GPT2:
            tensors[f"layers.{layer}.{_GPT2[part]}.{kind}"] = ours
    return tensors


def transposed(tensor: StoredTensor) -> StoredTensor:
    """The transpose of a matrix, still on disk."""
    return StoredTensor(tensor.shape[::-1], lambda: tensor.read().T)


def rows_of(tensor: StoredTensor, rows: slice) -> StoredTensor:
    """Some rows of a matrix or entries of a vector, still on disk."""
    count = len(range(*rows.indices(tensor.shape[0])))
    return StoredTensor((count, *tensor.shape[1:]), lambda: tensor.read()[rows])
