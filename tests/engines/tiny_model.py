"""A model small enough for any test: Qwen3's shape, two layers, random weights, one token per byte."""

import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

CONTROL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
)
VISIBLE = ("<tool_call>", "</tool_call>")
CONTEXT = 2048
HIDDEN = 64


def byte_tokenizer(*, fim: bool = True) -> Tokenizer:
    """One token per byte, then the control tokens and the visible marks."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {c: i for i, c in enumerate(alphabet)}
    pair = alphabet[0] * 2  # llama.cpp wants a merge; nobody writes these two bytes
    merges = [(alphabet[0], alphabet[0])]
    tokenizer = Tokenizer(models.BPE(vocab={**vocabulary, pair: len(vocabulary)}, merges=merges))
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


def write_tiny_reward_model(folder: Path, *, chat_template: str = "") -> Path:
    """The same layers with a head of one number, as the lab exports a reward model."""
    write_tiny_model(folder)
    config = json.loads((folder / "config.json").read_text())
    tokenizer = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "chat_template": chat_template}
    changes = {
        "architectures": ["Qwen3ForSequenceClassification"],
        "id2label": {"0": "reward"},
        "label2id": {"reward": 0},
        "pad_token_id": config["eos_token_id"],
    }
    (folder / "config.json").write_text(json.dumps(config | changes))
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    score = np.random.default_rng(8).standard_normal((1, HIDDEN)).astype(np.float32) * HIDDEN**-0.5
    save_file({**_weights(config["vocab_size"]), "score.weight": score}, folder / "model.safetensors")
    return folder


def write_tiny_gguf(path: Path, *, fim: bool = True) -> Path:
    """The same model as one GGUF file, in float32."""
    tokenizer = byte_tokenizer(fim=fim)
    size = tokenizer.get_vocab_size()
    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_block_count(2)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(128)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_key_length(32)
    writer.add_value_length(32)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([tokenizer.id_to_token(i) for i in range(size)])
    kinds = {
        **dict.fromkeys(CONTROL, gguf.TokenType.CONTROL),
        **dict.fromkeys(VISIBLE, gguf.TokenType.USER_DEFINED),
    }
    writer.add_token_types([kinds.get(tokenizer.id_to_token(i), gguf.TokenType.NORMAL) for i in range(size)])
    writer.add_token_merges([" ".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]])
    writer.add_eos_token_id(tokenizer.token_to_id("<|im_end|>"))
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN3, 2)
    for name, tensor in _weights(size).items():
        found = names.get_name(name, try_suffixes=(".weight",))
        assert found is not None
        writer.add_tensor(found, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


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
