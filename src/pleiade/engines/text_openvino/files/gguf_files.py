"""GGUF files through the `gguf` package's reader: the storage types F32, F16, BF16, Q8_0 and Q4_0.

Other types belong to llama.cpp, which has the kernels for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader
from gguf.quants import dequantize

from pleiade.engines.text_openvino.files.architecture import Architecture, rotary_frequencies
from pleiade.engines.text_openvino.files.names import gguf_names
from pleiade.engines.text_openvino.files.tensors import Array, StoredTensor

READABLE = ("F32", "F16", "BF16", "Q8_0", "Q4_0")


def open_gguf(path: Path) -> tuple[Architecture, dict[str, StoredTensor]]:
    """Shape and tensors of a GGUF file. Raises ValueError where it is damaged or not for us."""
    if not path.is_file():
        raise ValueError(f"{path} does not exist")
    try:
        reader = GGUFReader(path)
    except (ValueError, IndexError, KeyError, OverflowError, UnicodeDecodeError, MemoryError) as error:
        raise ValueError(f"{path} is truncated or no GGUF file ({error}); fetch it again") from None
    kinds = {tensor.tensor_type.name for tensor in reader.tensors}
    if unknown := sorted(kinds - set(READABLE)):
        raise ValueError(
            f"{path} stores weights as {', '.join(unknown)}; text_openvino reads {', '.join(READABLE)}. "
            "Deploy it with the engine text_llamacpp"
        )
    stored = {tensor.name: _stored(tensor) for tensor in reader.tensors}
    architecture = _architecture(reader, stored, path)
    if architecture.family == "llama":
        _undo_permutation(architecture, stored)
    return architecture, gguf_names(stored)


def _stored(tensor: Any) -> StoredTensor:
    shape = tuple(int(size) for size in reversed(tensor.shape))  # GGUF counts from the innermost axis

    def read() -> Array:
        if tensor.tensor_type == GGMLQuantizationType.F32:
            return np.asarray(tensor.data, np.float32).reshape(shape)
        return np.asarray(dequantize(tensor.data, tensor.tensor_type), np.float32).reshape(shape)

    return StoredTensor(shape, read)


def _architecture(reader: GGUFReader, stored: dict[str, StoredTensor], path: Path) -> Architecture:
    family = _field(reader, "general.architecture")
    if family not in ("llama", "qwen2", "qwen3", "gpt2"):
        raise ValueError(f"{path} holds a {family!r} model; deploy it with the engine text_llamacpp")

    def value(name: str, default: Any = None) -> Any:
        found = _field(reader, f"{family}.{name}")
        if found is None and default is None:
            raise ValueError(f"{path} lacks the field {family}.{name}; convert the model again")
        return default if found is None else found

    if value("expert_count", 0):
        raise ValueError(f"{path} holds a mixture of experts; deploy it with the engine text_llamacpp")
    hidden, heads = int(value("embedding_length")), int(value("attention.head_count"))
    head_size = int(value("attention.key_length", hidden // heads))
    norm = "attention.layer_norm_epsilon" if family == "gpt2" else "attention.layer_norm_rms_epsilon"
    if "token_embd.weight" not in stored:
        raise ValueError(f"{path} has no token embeddings; convert the model again")
    return Architecture(
        family=family,
        vocabulary_size=stored["token_embd.weight"].shape[0],
        hidden_size=hidden,
        num_layers=int(value("block_count")),
        num_heads=heads,
        num_kv_heads=int(value("attention.head_count_kv", heads)),
        head_size=head_size,
        ffn_size=int(value("feed_forward_length")),
        context_length=int(value("context_length")),
        norm_epsilon=float(value(norm, 1e-5)),
        tied_embeddings="output.weight" not in stored,
        inverse_frequencies=() if family == "gpt2" else _frequencies(value, stored, head_size),
    )


def _frequencies(value: Any, stored: dict[str, StoredTensor], head_size: int) -> tuple[float, ...]:
    kind = value("rope.scaling.type", "none")
    scaling = {
        "rope_type": "default" if kind == "none" else kind,
        "factor": value("rope.scaling.factor", 1.0),
    }
    frequencies = rotary_frequencies(head_size, float(value("rope.freq_base", 10000.0)), scaling)
    if "rope_freqs.weight" in stored:  # Llama 3.1's stretching, computed by the converter
        factors = stored["rope_freqs.weight"].read().tolist()
        frequencies = tuple(plain / factor for plain, factor in zip(frequencies, factors, strict=True))
    return frequencies


def _undo_permutation(a: Architecture, stored: dict[str, StoredTensor]) -> None:
    """llama.cpp turns neighbouring channels of Llama models, transformers the two halves: rows go back."""
    for layer in range(a.num_layers):
        for part, heads in (("attn_q", a.num_heads), ("attn_k", a.num_kv_heads)):
            for kind in ("weight", "bias"):
                name = f"blk.{layer}.{part}.{kind}"
                if name in stored:
                    stored[name] = _halves(stored[name], heads)


def _halves(tensor: StoredTensor, heads: int) -> StoredTensor:
    def read() -> Array:
        pairs = tensor.read().reshape(heads, tensor.shape[0] // heads // 2, 2, -1)
        return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(tensor.shape)

    return StoredTensor(tensor.shape, read)


def _field(reader: GGUFReader, name: str) -> Any:
    field = reader.get_field(name)
    return None if field is None else field.contents()
