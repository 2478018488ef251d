"""The model of bench/engine.py: 100 M random weights of Qwen3's shape, as a folder and as a GGUF file."""

import json
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

VOCABULARY, HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD, FFN, CONTEXT = 32000, 768, 12, 12, 4, 64, 2048, 4096
FIRST_PLAIN_TOKEN = 300  # below are bytes and control tokens; prompts use what is above

CONFIG = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "head_dim": HEAD,
    "intermediate_size": FFN,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "max_position_embeddings": CONTEXT,
    "tie_word_embeddings": True,
    "hidden_act": "silu",
    "torch_dtype": "bfloat16",
    "bos_token_id": 256,
    "eos_token_id": 257,
}

_BYTES = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}

_ENDS = {"model.embed_tokens": "token_embd", "model.norm": "output_norm"}
_PARTS = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def make_weights() -> dict[str, NDArray[np.float32]]:
    """Random tensors under Hugging Face's names, the same each time, rounded to bfloat16."""
    generator = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> NDArray[np.float32]:
        values = generator.standard_normal((rows, columns), np.float32) * np.float32(0.02)
        return (values.view(np.uint32) & 0xFFFF0000).view(np.float32)

    weights = {"model.embed_tokens.weight": matrix(VOCABULARY, HIDDEN)}
    for layer in range(LAYERS):
        shapes = {
            "self_attn.q_proj": (HEADS * HEAD, HIDDEN),
            "self_attn.k_proj": (KV_HEADS * HEAD, HIDDEN),
            "self_attn.v_proj": (KV_HEADS * HEAD, HIDDEN),
            "self_attn.o_proj": (HIDDEN, HEADS * HEAD),
            "mlp.gate_proj": (FFN, HIDDEN),
            "mlp.up_proj": (FFN, HIDDEN),
            "mlp.down_proj": (HIDDEN, FFN),
        }
        for part, (rows, columns) in shapes.items():
            weights[f"model.layers.{layer}.{part}.weight"] = matrix(rows, columns)
        for part in ("input_layernorm", "post_attention_layernorm"):
            weights[f"model.layers.{layer}.{part}.weight"] = np.ones(HIDDEN, np.float32)
        for part in ("self_attn.q_norm", "self_attn.k_norm"):
            weights[f"model.layers.{layer}.{part}.weight"] = np.ones(HEAD, np.float32)
    weights["model.norm.weight"] = np.ones(HIDDEN, np.float32)
    return weights


def make_vocabulary() -> list[str]:
    """256 bytes in the byte-level alphabet, two control tokens, and words of letters for the rest."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {b: chr(256 + i) for i, b in enumerate(others)}
    words = [letters[byte] for byte in range(256)] + ["<|begin|>", "<|end|>"]
    number = 0
    while len(words) < VOCABULARY:
        words.append("Ġ" + "".join(chr(97 + number // 26**place % 26) for place in range(4)))
        number += 1
    return words


def write_folder(folder: Path, weights: dict[str, NDArray[np.float32]], words: list[str]) -> None:
    """config.json, tokenizer.json and model.safetensors in bfloat16."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=1))
    tokenizer = {
        "version": "1.0",
        "added_tokens": [
            {
                "id": token,
                "content": words[token],
                "special": True,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
            }
            for token in (256, 257)
        ],
        "pre_tokenizer": _BYTES | {"add_prefix_space": False},
        "decoder": _BYTES | {"add_prefix_space": True},
        "model": {"type": "BPE", "vocab": {word: token for token, word in enumerate(words)}, "merges": []},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", "bos_token": "<|begin|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    header, offset = {}, 0
    for name, values in weights.items():
        header[name] = {
            "dtype": "BF16",
            "shape": list(values.shape),
            "data_offsets": [offset, offset + 2 * values.size],
        }
        offset += 2 * values.size
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for values in weights.values():
            file.write((values.view(np.uint32) >> 16).astype("<u2").tobytes())


def write_gguf(path: Path, weights: dict[str, NDArray[np.float32]], words: list[str]) -> None:
    """The same model at 8 bits (Q8_0), as llama.cpp's converter writes it."""
    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_name("bench")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(words)
    writer.add_token_types([3 if token in (256, 257) else 1 for token in range(len(words))])
    writer.add_token_merges(["Ġ a"])
    writer.add_bos_token_id(256)
    writer.add_eos_token_id(257)
    for name, values in weights.items():
        module, _, suffix = name.rpartition(".")
        if module in _ENDS:
            target = _ENDS[module]
        else:
            _, _, layer, part = module.split(".", 3)
            target = f"blk.{layer}.{_PARTS[part]}"
        if values.ndim == 1:
            writer.add_tensor(f"{target}.{suffix}", values)
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(f"{target}.{suffix}", gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
