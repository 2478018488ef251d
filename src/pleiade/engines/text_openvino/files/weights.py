"""A checkpoint of any format as one shape and one name space; a tensor is read when the graph needs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pleiade.engines.text_openvino.files.architecture import Architecture, architecture_of_config
from pleiade.engines.text_openvino.files.names import gpt2_names, llama_names
from pleiade.engines.text_openvino.files.safetensors_files import open_safetensors
from pleiade.engines.text_openvino.files.tensors import StoredTensor


@dataclass(frozen=True)
class Checkpoint:
    """What a graph is built from; names as in names.py, complete for its architecture."""

    architecture: Architecture
    tensors: Mapping[str, StoredTensor]


def open_checkpoint(path: str | Path, *, scores: bool = False) -> Checkpoint:
    """Open a model folder (config.json and safetensors) or a .gguf file; nothing large is read yet.

    `scores`: a folder whose head gives one number instead of a logit per token (…ForSequenceClassification).
    Raises ValueError where files are missing, truncated or of a kind that we don't run, and says what to do.
    """
    path = Path(path)
    if path.is_dir() and not (path / "config.json").exists():
        files = sorted(path.glob("*.gguf"))
        if len(files) != 1:
            raise ValueError(f"{path} has neither a config.json nor exactly one .gguf file: no model to load")
        path = files[0]
    if path.suffix == ".gguf":
        from pleiade.engines.text_openvino.files.gguf_files import open_gguf  # here, for its import takes a while

        architecture, tensors = open_gguf(path)
        return Checkpoint(architecture, complete(architecture, tensors, path))
    if not path.is_dir():
        raise ValueError(f"{path} is neither a model folder nor a .gguf file")
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path / 'config.json'} is no valid JSON ({error}); copy the model again") from None
    architecture = architecture_of_config(config)
    if scores:
        architecture = replace(architecture, tied_embeddings=False)
    stored = open_safetensors(path)
    tensors = gpt2_names(stored) if architecture.family == "gpt2" else llama_names(stored)
    return Checkpoint(architecture, complete(architecture, tensors, path, outputs=1 if scores else 0))


def complete(
    architecture: Architecture, tensors: Mapping[str, StoredTensor], source: Path, *, outputs: int = 0
) -> dict[str, StoredTensor]:
    """The tensors, checked: each one the graph asks for is there in its right shape. Raises ValueError."""
    tensors = dict(tensors)
    if architecture.tied_embeddings and "embedding.weight" in tensors:
        tensors["head.weight"] = tensors["embedding.weight"]
    for name, shape in expected_shapes(architecture, outputs).items():
        if name not in tensors:
            raise ValueError(f"{source} lacks the tensor {name!r}: it is incomplete, fetch the model again")
        if tensors[name].shape != shape:
            raise ValueError(
                f"{source}: {name!r} has shape {list(tensors[name].shape)} where its config asks for "
                f"{list(shape)}; config and weights belong to different models"
            )
    return tensors


def expected_shapes(a: Architecture, outputs: int = 0) -> dict[str, tuple[int, ...]]:
    """What a checkpoint of this architecture must hold; biases are optional. `outputs` of the head: 0 = one a token."""
    queries, keys = a.num_heads * a.head_size, a.num_kv_heads * a.head_size
    layer: dict[str, tuple[int, ...]] = {
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
        layer["gate"] = (a.ffn_size, a.hidden_size)
    if a.family == "qwen3":
        layer["q_norm"] = layer["k_norm"] = (a.head_size,)
    shapes: dict[str, tuple[int, ...]] = {
        "embedding.weight": (a.vocabulary_size, a.hidden_size),
        "head.weight": (outputs or a.vocabulary_size, a.hidden_size),
        "norm.weight": (a.hidden_size,),
    }
    if not a.rotary:
        shapes["positions.weight"] = (a.context_length, a.hidden_size)
    for index in range(a.num_layers):
        shapes |= {f"layers.{index}.{name}.weight": shape for name, shape in layer.items()}
    return shapes
