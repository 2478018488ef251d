"""Loads a person's model, its tokenizer and its adapter, and says in a sentence why one cannot be trained."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError

from pleiade.lab.tune.config import TuneConfig
from pleiade.lab.tune.errors import TuneError

LARGE = 500_000_000  # parameters from which activations are computed twice rather than kept


@dataclass(frozen=True)
class Start:
    """Where a fine-tune begins: the base model's folder, and the adapter's that is trained further ("" = none)."""

    base: Path
    adapter: Path | None


def find_start(config: TuneConfig) -> Start:
    """Look at the folders, not at weights. Raises TuneError that says what is missing."""
    folder = Path(config.model)
    if not folder.is_dir():
        raise TuneError(f"there is no model folder {folder}: give a Hugging Face folder, hf:org/name or a model's name")
    if not (folder / "adapter_config.json").is_file():
        return Start(_model_folder(folder), None)
    if config.method == "reward":
        raise TuneError(f"{folder} is an adapter: a reward model is trained from a whole model; give its base")
    told = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    base = Path(config.base or str(told.get("base_model_name_or_path") or ""))
    if not base.is_dir():
        raise TuneError(f"{folder} adapts {base}, which is no folder here: say base=FOLDER")
    return Start(_model_folder(base), folder)


def _model_folder(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        kind = "GGUF files are not trained: give" if any(folder.glob("*.gguf")) else "it needs config.json;"
        raise TuneError(f"{folder} is not a model folder: {kind} the Hugging Face folder that it was made from")
    if not any(folder.glob("*.safetensors")):
        raise TuneError(f"{folder} has no *.safetensors: save it so with save_pretrained")
    return folder


def load_tokenizer(folder: Path) -> Any:
    """The folder's tokenizer, with a chat template and something to pad with. Raises TuneError."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        raise TuneError(f"the tokenizer in {folder} cannot be loaded: {_first_line(error)}") from error
    if not tokenizer.is_fast:
        raise TuneError(f"{folder} has its tokenizer in an older form: make tokenizer.json with save_pretrained")
    if not tokenizer.chat_template:
        raise TuneError(
            f"the tokenizer in {folder} has no chat template, so conversations cannot be written for it: put the "
            "template of its instructed sister into chat_template.jinja there; serving reads the same file"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    return tokenizer


def end_of_turn(tokenizer: Any) -> str | None:
    """The special token with which the template ends an assistant's turn, if it does."""
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    try:
        text = str(tokenizer.apply_chat_template(messages, tokenize=False)).rstrip()
    except (TemplateError, TypeError, ValueError):
        return None  # a template that wants more than these two turns tells nothing here
    ending = text[text.rfind("b") + 1 :].strip()
    return ending if ending in tokenizer.get_vocab() else None


def context_length(folder: Path) -> int:
    """Tokens that the model was made for; 0 where its config does not say."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    for source in (config, config.get("text_config") or {}):
        for name in ("max_position_embeddings", "n_positions", "n_ctx"):
            if isinstance(source.get(name), int):
                return int(source[name])
    return 0


def load_model(start: Start, config: TuneConfig, precision: str) -> Any:
    """The model to train: with a fresh adapter, an adapter to go on with, or whole. Raises TuneError, MemoryError."""
    from peft import LoraConfig, PeftModel, TaskType, get_peft_model
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, set_seed

    # Weights that move are kept in float32: a step of 1e-5 vanishes in bfloat16's eight bits.
    dtype = torch.bfloat16 if precision == "bfloat16" and config.adapter is not None else torch.float32
    set_seed(config.seed)  # the adapter's and the head's first values are drawn here
    kind, more = AutoModelForCausalLM, {}
    if config.method == "reward":
        kind, more = AutoModelForSequenceClassification, {"num_labels": 1}
    model = _loaded(kind, start.base, dtype, **more)
    if start.adapter is not None:
        model = PeftModel.from_pretrained(model, str(start.adapter), is_trainable=config.adapter is not None)
        return model if config.adapter is not None else model.merge_and_unload()
    if config.adapter is None:
        return model
    task = TaskType.SEQ_CLS if config.method == "reward" else TaskType.CAUSAL_LM
    lora = LoraConfig(
        task_type=task,
        r=config.adapter.rank,
        lora_alpha=config.adapter.alpha,
        lora_dropout=config.adapter.dropout,
        target_modules="all-linear",
    )
    return get_peft_model(model, lora)


def load_scorer(folder: Path) -> tuple[Any, Any]:
    """A reward model, merged where it is an adapter, and its tokenizer. Raises TuneError."""
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification

    base = folder
    if (folder / "adapter_config.json").is_file():
        told = json.loads((folder / "adapter_config.json").read_text("utf-8"))
        if told.get("task_type") != "SEQ_CLS":
            raise TuneError(f"{folder} is no reward model: train one with --method reward")
        base = Path(str(told["base_model_name_or_path"]))
    elif not folder.is_dir() or "SequenceClassification" not in (folder / "config.json").read_text("utf-8"):
        raise TuneError(f"{folder} is no reward model: train one with --method reward")
    model = _loaded(AutoModelForSequenceClassification, base, torch.float32, num_labels=1)
    if base != folder:
        model = PeftModel.from_pretrained(model, str(folder)).merge_and_unload()
    tokenizer = load_tokenizer(base)
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    return model, tokenizer


def _loaded(kind: Any, folder: Path, dtype: torch.dtype, **more: Any) -> Any:
    try:
        return kind.from_pretrained(
            folder, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False, **more
        )
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        raise TuneError(f"the model in {folder} cannot be loaded: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
