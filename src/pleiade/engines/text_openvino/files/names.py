"""One name space for all checkpoints: what Hugging Face's and GGUF's names are called in this room.

`embedding`, `positions`, `norm`, `head`, and in `layers.N.`: `attention_norm q k v q_norm k_norm o mlp_norm
gate up down`, each with `.weight` and perhaps `.bias`. Matrices are [out, in].
"""

from __future__ import annotations

from collections.abc import Mapping

from pleiade.engines.text_openvino.files.tensors import StoredTensor, rows_of, transposed

_LLAMA_ENDS = {"model.embed_tokens": "embedding", "model.norm": "norm", "lm_head": "head", "score": "head"}
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
_GPT2_ENDS = {"wte": "embedding", "wpe": "positions", "ln_f": "norm", "lm_head": "head"}
_GPT2 = {
    "attn.c_attn": "qkv",
    "ln_1": "attention_norm",
    "attn.c_proj": "o",
    "ln_2": "mlp_norm",
    "mlp.c_fc": "up",
    "mlp.c_proj": "down",
}

_GGUF_ENDS = {
    "token_embd": "embedding",
    "position_embd": "positions",
    "output_norm": "norm",
    "output": "head",
}
_GGUF = {
    "attn_norm": "attention_norm",
    "attn_q": "q",
    "attn_k": "k",
    "attn_v": "v",
    "attn_q_norm": "q_norm",
    "attn_k_norm": "k_norm",
    "attn_output": "o",
    "ffn_norm": "mlp_norm",
    "ffn_gate": "gate",
    "ffn_up": "up",
    "ffn_down": "down",
}


def layer_module(module: str) -> str:
    """Our name of a decoder's module in Hugging Face's Llama spelling, "" where it has none.

    `model.layers.3.self_attn.q_proj` -> `layers.3.q`.
    """
    if module in _LLAMA_ENDS:
        return _LLAMA_ENDS[module]
    if module.startswith("model.layers."):
        _, _, layer, part = module.split(".", 3)
        if part in _LLAMA:
            return f"layers.{layer}.{_LLAMA[part]}"
    return ""


def gpt2_module(module: str) -> str:
    """Our name of a module in GPT-2's spelling, "" where it has none; the fused projection is `qkv`.

    `transformer.h.3.attn.c_attn` -> `layers.3.qkv`.
    """
    module = module.removeprefix("transformer.")
    if module in _GPT2_ENDS:
        return _GPT2_ENDS[module]
    if module.startswith("h."):
        _, layer, part = module.split(".", 2)
        if part in _GPT2:
            return f"layers.{layer}.{_GPT2[part]}"
    return ""


def llama_names(stored: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """Tensors of Llama, Qwen2 and Qwen3 checkpoints; unknown ones (rotary tables and such) are left out."""
    tensors = {}
    for name, tensor in stored.items():
        module, _, kind = name.rpartition(".")
        if ours := layer_module(module):
            tensors[f"{ours}.{kind}"] = tensor
    return tensors


def gpt2_names(stored: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """Tensors of GPT-2 checkpoints: its Conv1D weights are [in, out]; queries, keys and values lie in one."""
    tensors: dict[str, StoredTensor] = {}
    for full_name, stored_tensor in stored.items():
        module, _, kind = full_name.removeprefix("transformer.").rpartition(".")
        tensor, ours = stored_tensor, gpt2_module(module)
        if ours.startswith("layers.") and len(tensor.shape) == 2:
            tensor = transposed(tensor)
        if ours.endswith(".qkv"):
            tensors.update(split_qkv(tensor, ours.removesuffix("qkv"), kind))
        elif ours:
            tensors[f"{ours}.{kind}"] = tensor
    return tensors


def gguf_names(stored: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """Tensors of GGUF files, in which all matrices are [out, in]."""
    tensors: dict[str, StoredTensor] = {}
    for name, tensor in stored.items():
        module, _, kind = name.rpartition(".")
        if module in _GGUF_ENDS:
            tensors[f"{_GGUF_ENDS[module]}.{kind}"] = tensor
        elif module.startswith("blk."):
            _, layer, part = module.split(".", 2)
            if part == "attn_qkv":
                tensors.update(split_qkv(tensor, f"layers.{layer}.", kind))
            elif part in _GGUF:
                tensors[f"layers.{layer}.{_GGUF[part]}.{kind}"] = tensor
    return tensors


def split_qkv(tensor: StoredTensor, layer: str, kind: str) -> dict[str, StoredTensor]:
    """GPT-2's queries, keys and values: thirds of one tensor."""
    third = tensor.shape[0] // 3
    return {
        f"{layer}{part}.{kind}": rows_of(tensor, place * third, (place + 1) * third) for place, part in enumerate("qkv")
    }
