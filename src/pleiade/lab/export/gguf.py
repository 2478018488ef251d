"""GGUF: the one-file form that llama.cpp reads, written by llama.cpp's own `gguf` package."""

from __future__ import annotations

import json
import os
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from pleiade.lab.gpt.model import Gpt
from pleiade.lab.tokenizer.bpe import chat_template
from pleiade.lab.tokenizer.special_tokens import (
    CONTROL_TOKENS,
    END_OF_TEXT,
    FIM_MIDDLE,
    FIM_PREFIX,
    FIM_SUFFIX,
    IM_END,
    SPARE_TOKENS,
    VISIBLE_TOKENS,
)

# Our (and Hugging Face's) names on the left, llama.cpp's on the right; `{}` is the layer.
OUTER_NAMES = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}
LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
QUANTISATIONS = {"f16": gguf.GGMLQuantizationType.F16, "q8_0": gguf.GGMLQuantizationType.Q8_0}
FILE_TYPES = {"f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}


def gguf_name(name: str) -> str:
    """llama.cpp's name of one of our parameters."""
    stem = name.removesuffix(".weight")
    if stem in OUTER_NAMES:
        return f"{OUTER_NAMES[stem]}.weight"
    _, layer, inner = stem.split(".", 2)
    return f"blk.{layer}.{LAYER_NAMES[inner]}.weight"


def export_gguf(
    model: Gpt, tokenizer: Tokenizer, path: Path, quantisation: str = "q8_0", name: str = "pleiade", licence: str = ""
) -> None:
    """Write one GGUF file, whole or not at all. `quantisation` is "f16" or "q8_0"; gains stay float32.

    `licence` is an SPDX name, for `general.license`.

    Raises ValueError for another quantisation, or a width that 8-bit blocks of 32 do not divide.
    """
    if quantisation not in QUANTISATIONS:
        raise ValueError(f"quantisation {quantisation!r}: choose one of {', '.join(QUANTISATIONS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    writer = gguf.GGUFWriter(unfinished, "qwen3")
    _write_shape(writer, model, name)
    if licence:
        writer.add_license(licence)
    writer.add_file_type(FILE_TYPES[quantisation])
    _write_tokenizer(writer, tokenizer)
    for parameter_name, parameter in model.named_parameters():
        data, kind = _quantised(parameter, "f16" if _shows_rounding(parameter_name, model) else quantisation)
        writer.add_tensor(gguf_name(parameter_name), data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(unfinished, path)


def _shows_rounding(name: str, model: Gpt) -> bool:
    """Matrices that stay at 16 bits: a tied embedding, which is the head as well, and the feed-forward's way back.

    llama.cpp rounds to 8 bits what it multiplies with an 8-bit matrix; a gated activation has outliers, which lose most
    (`tests/lab/test_export.py` asserts the agreement that this makes possible).
    """
    return name.endswith("down_proj.weight") or (model.lm_head is None and name.startswith("embed_tokens"))


def _quantised(parameter: Tensor, quantisation: str) -> tuple[NDArray[np.generic], gguf.GGMLQuantizationType]:
    weights = parameter.detach().float().numpy()
    if weights.ndim == 1:
        return weights, gguf.GGMLQuantizationType.F32
    kind = QUANTISATIONS[quantisation]
    if quantisation == "q8_0" and weights.shape[1] % 32:
        raise ValueError(f"a matrix of width {weights.shape[1]} cannot be cut into 8-bit blocks of 32: use f16")
    return gguf.quants.quantize(weights, kind), kind


def _write_shape(writer: gguf.GGUFWriter, model: Gpt, name: str) -> None:
    config = model.config
    writer.add_name(name)
    writer.add_block_count(config.num_layers)
    writer.add_context_length(config.max_position)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.ffn_size)
    writer.add_head_count(config.num_heads)
    writer.add_head_count_kv(config.num_kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.norm_eps)
    writer.add_vocab_size(config.vocab_size)


def _write_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    tokens = sorted(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda pair: pair[1])
    kinds = []
    for token, _ in tokens:
        if token in CONTROL_TOKENS or token in SPARE_TOKENS:
            kinds.append(gguf.TokenType.CONTROL)
        else:
            kinds.append(gguf.TokenType.USER_DEFINED if token in VISIBLE_TOKENS else gguf.TokenType.NORMAL)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([token for token, _ in tokens])
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(merge) if isinstance(merge, list) else merge for merge in merges])
    writer.add_eos_token_id(tokenizer.token_to_id(IM_END))
    writer.add_eot_token_id(tokenizer.token_to_id(IM_END))
    writer.add_pad_token_id(tokenizer.token_to_id(END_OF_TEXT))
    writer.add_add_bos_token(False)
    writer.add_uint32(gguf.Keys.Tokenizer.FIM_PRE_ID, tokenizer.token_to_id(FIM_PREFIX))
    writer.add_uint32(gguf.Keys.Tokenizer.FIM_SUF_ID, tokenizer.token_to_id(FIM_SUFFIX))
    writer.add_uint32(gguf.Keys.Tokenizer.FIM_MID_ID, tokenizer.token_to_id(FIM_MIDDLE))
    writer.add_chat_template(chat_template())
