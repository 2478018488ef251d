"""Hugging Face folder: config.json (Qwen3), model.safetensors, tokenizer and generation settings.

A model with a reward head becomes a Qwen3ForSequenceClassification with one label, read at the last token.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from pleiade.lab.faults import AGAIN
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.tokenizer.bpe import save_tokenizer, vocabulary_sha256
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT, IM_END

# How a model is best sampled where a client says nothing; shipped in generation_config.json.
# Very small models repeat themselves and wander: a cool temperature and a penalty keep them to a sentence.
REPETITION_PENALTY = 1.15
PROSE: Mapping[str, object] = MappingProxyType(
    {"do_sample": True, "temperature": 0.4, "top_p": 0.9, "repetition_penalty": REPETITION_PENALTY}
)
# Code says its names again and again. The values are Codex's for one sample (arXiv:2107.03374).
CODE: Mapping[str, object] = MappingProxyType({"do_sample": True, "temperature": 0.2, "top_p": 0.95})
REWARD_HEAD, SCORE = "reward_head.weight", "score.weight"
TOKENIZER = "pleiade_tokenizer"  # in config.json: `vocabulary_sha256` of the tokenizer that the model was trained with


def config_json(config: GptConfig, tokenizer: Tokenizer, dtype: str) -> dict[str, object]:
    """The config.json that transformers, vLLM, OpenVINO and our engine read as a Qwen3 model."""
    label = {"id2label": {"0": "reward"}, "label2id": {"reward": 0}} if config.reward_head else {}
    return {
        "architectures": ["Qwen3ForSequenceClassification" if config.reward_head else "Qwen3ForCausalLM"],
        **label,
        "model_type": "qwen3",
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.ffn_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "max_position_embeddings": config.max_position,
        "rope_theta": config.rope_theta,
        "rope_scaling": None,
        "rms_norm_eps": config.norm_eps,
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "use_sliding_window": False,
        "sliding_window": None,
        "max_window_layers": config.num_layers,
        "tie_word_embeddings": config.tied,
        "initializer_range": 0.02,
        "use_cache": True,
        "torch_dtype": dtype,
        "bos_token_id": None,
        "eos_token_id": tokenizer.token_to_id(IM_END),
        "pad_token_id": tokenizer.token_to_id(END_OF_TEXT),
        TOKENIZER: vocabulary_sha256(tokenizer),
    }


def refuse_another_tokenizer(folder: Path, tokenizer: Tokenizer) -> None:
    """Raise ValueError where a folder's tokenizer is not that of its model: same size, other words is noise."""
    written = json.loads((folder / "config.json").read_text("utf-8"))
    size, known = tokenizer.get_vocab_size(), written.get(TOKENIZER)
    if size > written.get("vocab_size", size) or known not in (None, vocabulary_sha256(tokenizer)):
        raise ValueError(
            f"{folder}/tokenizer.json is not the tokenizer that this model was trained with ({size:,} tokens): "
            "put back the one that came with the model (of a run of ours: RUN/base/tokenizer)"
        )


def export_huggingface(
    model: Gpt,
    tokenizer: Tokenizer,
    folder: Path,
    dtype: torch.dtype = torch.bfloat16,
    sampling: Mapping[str, object] = PROSE,
) -> None:
    """Write the folder, each file whole or not at all, so that a server may read it meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    dtype_name = str(dtype).removeprefix("torch.")
    _write_json(folder / "config.json", config_json(model.config, tokenizer, dtype_name))
    _write_json(
        folder / "generation_config.json",
        {
            "eos_token_id": [tokenizer.token_to_id(IM_END), tokenizer.token_to_id(END_OF_TEXT)],
            "pad_token_id": tokenizer.token_to_id(END_OF_TEXT),
            **sampling,
        },
    )
    save_tokenizer(tokenizer, folder, model.config.max_position)
    weights = {exported_name(name): weight.detach().to(dtype).contiguous() for name, weight in model.named_parameters()}
    unfinished = folder / "model.safetensors.tmp"
    try:
        save_file(weights, unfinished, metadata={"format": "pt"})
    except SafetensorError as error:  # how the library tells a full disk
        unfinished.unlink(missing_ok=True)
        raise OSError(f"the weights cannot be written to {folder} ({error}): make room there, {AGAIN}") from error
    unfinished.chmod(0o644)
    os.replace(unfinished, folder / "model.safetensors")


def exported_name(name: str) -> str:
    """Hugging Face's name of one of our parameters: the body is below `model.`, the heads are beside it."""
    if name == REWARD_HEAD:
        return SCORE
    return name if name.startswith("lm_head") else f"model.{name}"


def import_huggingface(folder: Path) -> Gpt:
    """Read a folder that `export_huggingface` wrote, as float32 weights.

    Raises ValueError where the weights are damaged or of another shape than config.json says.
    """
    written = json.loads((folder / "config.json").read_text("utf-8"))
    config = GptConfig(
        vocab_size=written["vocab_size"],
        hidden_size=written["hidden_size"],
        num_layers=written["num_hidden_layers"],
        num_heads=written["num_attention_heads"],
        num_kv_heads=written["num_key_value_heads"],
        head_dim=written["head_dim"],
        ffn_size=written["intermediate_size"],
        max_position=written["max_position_embeddings"],
        rope_theta=written["rope_theta"],
        norm_eps=written["rms_norm_eps"],
        tied=written["tie_word_embeddings"],
        reward_head=written["architectures"] == ["Qwen3ForSequenceClassification"],
    )
    model = Gpt(config)
    try:
        weights = load_file(folder / "model.safetensors")
        ours = {
            REWARD_HEAD if name == SCORE else name.removeprefix("model."): weight.float()
            for name, weight in weights.items()
        }
        model.load_state_dict(ours)
    except (SafetensorError, RuntimeError) as error:  # torch's word for weights that do not fit
        raise ValueError(
            f"{folder}/model.safetensors is damaged or not of this config.json ({error}): export or copy it again"
        ) from error
    return model


def _write_json(path: Path, value: object) -> None:
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
    os.replace(unfinished, path)
