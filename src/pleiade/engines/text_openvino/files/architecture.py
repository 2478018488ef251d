"""The shape of a decoder, as config.json tells it: with the tensors, all that the graph is built from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """A decoder-only transformer of the Llama line (RMSNorm, rotary positions, gated MLP) or of GPT-2's."""

    family: str  # "qwen3", "qwen2", "llama", "gpt2"
    vocabulary_size: int
    hidden_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_size: int
    ffn_size: int
    context_length: int
    norm_epsilon: float
    tied_embeddings: bool
    inverse_frequencies: tuple[float, ...] = ()  # of the rotary positions, head_size / 2 of them; none: learned

    @property
    def rotary(self) -> bool:
        """Whether positions are rotations of queries and keys (otherwise a learned table is added)."""
        return bool(self.inverse_frequencies)


def rotary_frequencies(head_size: int, theta: float, scaling: Mapping[str, Any]) -> tuple[float, ...]:
    """Angles a step of position turns each pair of channels by, with the context extension of `scaling`.

    Formulas: arXiv 2104.09864 (rotary), Llama 3.1's reference code ("llama3": long wavelengths are stretched,
    short ones kept, a linear ramp between). Raises ValueError on a scaling that we don't know.
    """
    plain = tuple(theta ** (-channel / head_size) for channel in range(0, head_size, 2))
    kind = scaling.get("rope_type") or scaling.get("type") or "default"
    if kind == "default":
        return plain
    factor = float(scaling["factor"])
    if kind == "linear":
        return tuple(frequency / factor for frequency in plain)
    if kind != "llama3":
        raise ValueError(
            f"rope scaling {kind!r} is not supported (default, linear and llama3 are); "
            "deploy a GGUF of this model with the engine text_llamacpp"
        )
    trained = float(scaling["original_max_position_embeddings"])
    low, high = float(scaling["low_freq_factor"]), float(scaling["high_freq_factor"])

    def stretch(frequency: float) -> float:
        turns = trained * frequency / (2 * math.pi)  # full turns within the context it was trained on
        keep = min(max((turns - low) / (high - low), 0.0), 1.0)
        return frequency * (keep + (1 - keep) / factor)

    return tuple(stretch(frequency) for frequency in plain)


def architecture_of_config(config: Mapping[str, Any]) -> Architecture:
    """Read a Hugging Face config.json's content. Raises ValueError on a model type that we don't build."""
    family = config.get("model_type", "")
    if family == "mistral" and not config.get("sliding_window"):
        family = "llama"
    if family == "gpt2":
        return _gpt2(config)
    if family not in ("qwen3", "qwen2", "llama"):
        raise ValueError(
            f"model_type {config.get('model_type')!r} is none of qwen3, qwen2, llama, gpt2 and mistral "
            "(without sliding window); deploy a GGUF of it with the engine text_llamacpp, or with vllm"
        )
    if config.get("hidden_act", "silu") != "silu":
        raise ValueError(f"hidden_act {config['hidden_act']!r} is not supported in a {family} model (silu is)")
    if config.get("use_sliding_window"):
        raise ValueError("sliding-window attention is not supported; deploy a GGUF with text_llamacpp")
    try:
        heads = int(config["num_attention_heads"])
        head_size = int(config.get("head_dim") or config["hidden_size"] // heads)
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        theta = float(config.get("rope_theta") or rope.get("rope_theta") or 10000.0)
        return Architecture(
            family=family,
            vocabulary_size=int(config["vocab_size"]),
            hidden_size=int(config["hidden_size"]),
            num_layers=int(config["num_hidden_layers"]),
            num_heads=heads,
            num_kv_heads=int(config.get("num_key_value_heads") or heads),
            head_size=head_size,
            ffn_size=int(config["intermediate_size"]),
            context_length=int(config.get("max_position_embeddings", 2048)),
            norm_epsilon=float(config.get("rms_norm_eps", 1e-6)),
            tied_embeddings=bool(config.get("tie_word_embeddings", False)),
            inverse_frequencies=rotary_frequencies(head_size, theta, rope),
        )
    except KeyError as error:
        raise ValueError(f"config.json lacks {error.args[0]!r}; export the model again with its config") from None


def _gpt2(config: Mapping[str, Any]) -> Architecture:
    if config.get("activation_function", "gelu_new") not in ("gelu_new", "gelu_pytorch_tanh"):
        raise ValueError(f"activation {config['activation_function']!r} is not supported for gpt2 (gelu_new is)")
    try:
        hidden, heads = int(config["n_embd"]), int(config["n_head"])
        return Architecture(
            family="gpt2",
            vocabulary_size=int(config["vocab_size"]),
            hidden_size=hidden,
            num_layers=int(config["n_layer"]),
            num_heads=heads,
            num_kv_heads=heads,
            head_size=hidden // heads,
            ffn_size=int(config.get("n_inner") or 4 * hidden),
            context_length=int(config.get("n_positions", 1024)),
            norm_epsilon=float(config.get("layer_norm_epsilon", 1e-5)),
            tied_embeddings=bool(config.get("tie_word_embeddings", True)),
        )
    except KeyError as error:
        raise ValueError(f"config.json lacks {error.args[0]!r}; export the model again with its config") from None
