"""A model small enough for any test: Qwen3's shape, two layers, random weights, one token per byte."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>")
VISIBLE = ("<tool_call>", "</tool_call>")
CONTEXT = 2048
HIDDEN = 64


def byte_tokenizer(*, fim: bool = True) -> Tokenizer:
    """One token per byte, then the control tokens and the visible marks."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([t for t in CONTROL if fim or "fim" not in t])
    tokenizer.add_tokens(list(VISIBLE))
    return tokenizer


def write_tiny_model(folder: Path, *, fim: bool = True) -> Path:
    """Write config, weights and tokenizer into `folder`; the same bytes each time."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = byte_tokenizer(fim=fim)
    vocabulary = tokenizer.get_vocab_size()
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": vocabulary,
        "hidden_size": HIDDEN,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "intermediate_size": 128,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "max_position_embeddings": CONTEXT,
        "tie_word_embeddings": True,
        "hidden_act": "silu",
        "attention_bias": False,
        "eos_token_id": tokenizer.token_to_id("<|endoftext|>"),
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(tokenizer.to_str())
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|im_end|>"}))
    save_file(_weights(vocabulary), folder / "model.safetensors")
    return folder


def _weights(vocabulary: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (random.standard_normal((rows, columns)) * columns**-0.5).astype(np.float32)

    def ones(size: int) -> np.ndarray:
        return np.ones(size, np.float32)

    weights = {"model.embed_tokens.weight": matrix(vocabulary, HIDDEN), "model.norm.weight": ones(HIDDEN)}
    for layer in range(2):
        name = f"model.layers.{layer}"
        weights |= {
            f"{name}.input_layernorm.weight": ones(HIDDEN),
            f"{name}.post_attention_layernorm.weight": ones(HIDDEN),
            f"{name}.self_attn.q_proj.weight": matrix(128, HIDDEN),
            f"{name}.self_attn.k_proj.weight": matrix(64, HIDDEN),
            f"{name}.self_attn.v_proj.weight": matrix(64, HIDDEN),
            f"{name}.self_attn.o_proj.weight": matrix(HIDDEN, 128),
            f"{name}.self_attn.q_norm.weight": ones(32),
            f"{name}.self_attn.k_norm.weight": ones(32),
            f"{name}.mlp.gate_proj.weight": matrix(128, HIDDEN),
            f"{name}.mlp.up_proj.weight": matrix(128, HIDDEN),
            f"{name}.mlp.down_proj.weight": matrix(HIDDEN, 128),
        }
    return weights
