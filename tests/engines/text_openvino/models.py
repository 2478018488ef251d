"""Tiny random models of every family, as transformers and gguf write them, and what transformers computes."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Kind
from numpy.typing import NDArray

torch.set_num_threads(1)  # tiny models: a second thread only waits

VOCABULARY, HIDDEN, LAYERS, HEADS, KV_HEADS, FFN, CONTEXT = 512, 128, 3, 4, 2, 256, 512

_COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "intermediate_size": FFN,
    "max_position_embeddings": CONTEXT,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 0,
    "initializer_range": 0.08,  # so that logits differ by more than rounding
}
_LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


def _model(family: str) -> Any:
    torch.manual_seed(1)
    match family:
        case "qwen3":
            config = transformers.Qwen3Config(**_COMMON, head_dim=64, tie_word_embeddings=True)
            return transformers.Qwen3ForCausalLM(config)
        case "wide":  # wide enough for the engine to quantise activations, too
            config = transformers.Qwen3Config(**{**_COMMON, "hidden_size": 512}, head_dim=64)
            return transformers.Qwen3ForCausalLM(config)
        case "qwen2":  # has biases on queries, keys and values
            config = transformers.Qwen2Config(**_COMMON, tie_word_embeddings=False)
            model = transformers.Qwen2ForCausalLM(config)
            for name, parameter in model.named_parameters():
                if name.endswith("bias"):
                    torch.nn.init.normal_(parameter, std=0.1)
            return model
        case "llama":
            return transformers.LlamaForCausalLM(transformers.LlamaConfig(**_COMMON, tie_word_embeddings=False))
        case "llama3":
            config = transformers.LlamaConfig(**_COMMON, rope_parameters=_LLAMA3, tie_word_embeddings=True)
            return transformers.LlamaForCausalLM(config)
        case "gpt2":
            config = transformers.GPT2Config(
                vocab_size=VOCABULARY,
                n_embd=HIDDEN,
                n_layer=LAYERS,
                n_head=HEADS,
                n_positions=CONTEXT,
                initializer_range=0.08,
            )
            return transformers.GPT2LMHeadModel(config)
    raise ValueError(family)


@cache
def reference(family: str) -> Any:
    """The model in float32, to ask for logits."""
    return _model(family).float().eval()


def write_folder(family: str, folder: Path, dtype: torch.dtype = torch.float32, shard: str = "1GB") -> Path:
    """Save the model as transformers saves it."""
    model = _model(family).to(dtype)
    model.save_pretrained(folder, max_shard_size=shard)
    return folder


def reference_logits(family: str, tokens: Sequence[int]) -> NDArray[np.float32]:
    """[len(tokens), VOCABULARY], in float32."""
    with torch.no_grad():
        logits = reference(family)(torch.tensor([list(tokens)])).logits[0]
    return logits.numpy()


def random_prompt(length: int, seed: int = 0) -> list[int]:
    """`length` token ids, the same for the same seed."""
    return np.random.default_rng(seed).integers(2, VOCABULARY, length).tolist()


_GGUF_ENDS = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "transformer.wte": "token_embd",
    "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm",
}
_GGUF_PARTS = {
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
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def write_gguf(family: str, path: Path, kind: Kind = Kind.F32) -> Path:
    """Save the model as llama.cpp's converter does; matrices in `kind`."""
    model = reference(family)
    config, arch = model.config, "llama" if family == "llama3" else family
    writer = gguf.GGUFWriter(path, arch)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(4 * HIDDEN if arch == "gpt2" else FFN)
    writer.add_head_count(HEADS)
    if arch == "gpt2":
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        head_size = getattr(config, "head_dim", None) or HIDDEN // HEADS
        writer.add_head_count_kv(KV_HEADS)
        writer.add_key_length(head_size)
        writer.add_value_length(head_size)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_freq_base(10000.0)
    tied = config.tie_word_embeddings
    for name, parameter in model.state_dict().items():
        values = parameter.numpy()
        module, _, suffix = name.rpartition(".")
        if module in _GGUF_ENDS:
            if module == "lm_head" and tied:
                continue
            target = _GGUF_ENDS[module]
        else:
            _, _, layer, part = module.split(".", 3)
            target = f"blk.{layer}.{_GGUF_PARTS[part]}"
            if part.startswith(("attn.c", "mlp.c")) and values.ndim == 2:
                values = values.T
            if arch == "llama" and part in ("self_attn.q_proj", "self_attn.k_proj"):
                heads = HEADS if "q_proj" in part else KV_HEADS
                halves = values.reshape(heads, 2, values.shape[0] // heads // 2, -1)
                values = halves.swapaxes(1, 2).reshape(values.shape)
        if values.ndim == 1:
            writer.add_tensor(f"{target}.{suffix}", values.astype(np.float32))
        else:
            data = gguf.quants.quantize(np.ascontiguousarray(values), kind)
            writer.add_tensor(f"{target}.{suffix}", data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
