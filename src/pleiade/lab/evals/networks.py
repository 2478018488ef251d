"""Opens a model folder for `LocalScorer`: our own Gpt where the shape is ours, else transformers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from pleiade.lab.dialogues.conversation import Conversation, Message
from pleiade.lab.dialogues.render import render_text
from pleiade.lab.evals.local import LocalScorer
from pleiade.lab.evals.ngram.folder import DESCRIPTION
from pleiade.lab.evals.ngram.scorer import NgramScorer
from pleiade.lab.evals.scorer import EvalError, Scorer
from pleiade.lab.export.huggingface import import_huggingface, refuse_another_tokenizer
from pleiade.lab.gpt.decode import sample
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.tokenizer.bpe import chat_template, load_tokenizer, token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT, IM_END


def open_folder(folder: Path, name: str = "") -> Scorer:
    """The model of an exported or downloaded folder (config.json, safetensors, tokenizer.json), or an n-gram.

    Computes in float32. Raises EvalError for a folder that is not a text model's.
    """
    if (folder / DESCRIPTION).is_file():
        return NgramScorer(folder, name)
    config_file = folder / "config.json"
    if not config_file.is_file() or not (folder / "tokenizer.json").is_file():
        raise EvalError(
            f"{folder} has no config.json and tokenizer.json: give a folder that `pleiade train` exported, a Hugging "
            "Face folder, or the name of a registered model in that format; for another, serve it and give --url"
        )
    refuse_another_tokenizer(folder, load_tokenizer(folder))
    config = json.loads(config_file.read_text("utf-8"))
    name = name or folder.name
    if config.get("architectures") == ["Qwen3ForCausalLM"] and _ours(folder, config):
        return LocalScorer(
            gpt_network(import_huggingface(folder), load_tokenizer(folder), name, repetition_penalty(folder))
        )
    return LocalScorer(_open_transformers(folder, name))


def _ours(folder: Path, config: Mapping[str, Any]) -> bool:
    # What our Gpt does not know stands under these names.
    plain = not (config.get("attention_bias") or config.get("rope_scaling") or config.get("use_sliding_window"))
    settings = folder / "tokenizer_config.json"
    template = json.loads(settings.read_text("utf-8")).get("chat_template") if settings.is_file() else None
    return plain and "rope_theta" in config and (folder / "model.safetensors").is_file() and template == chat_template()


def repetition_penalty(folder: Path) -> float:
    """What the model of a folder ships for generation; 1 where it says nothing."""
    file = folder / "generation_config.json"
    return float(json.loads(file.read_text("utf-8")).get("repetition_penalty", 1.0)) if file.is_file() else 1.0


@dataclass
class GptNetwork:
    """Our model."""

    name: str
    model: Gpt
    tokenizer: Tokenizer
    repetition_penalty: float
    vocab_size: int
    max_positions: int
    stop_ids: set[int]
    facts: Mapping[str, str]
    start: str | None = END_OF_TEXT

    def logits_at(self, ids_BT: Tensor, where_BT: Tensor) -> Tensor:
        """(B, T) -> (N, V); the head is computed only where it is asked for."""
        return F.linear(self.model.hidden(ids_BT)[where_BT], self.model.head_weight).float()

    def generate(self, prompts: Sequence[list[int]], max_tokens: int, stop: Sequence[str]) -> list[list[int]]:
        """Greedy with the model's own repetition penalty."""

        def stopped(written: list[int]) -> bool:
            return bool(stop) and any(mark in self.tokenizer.decode(written) for mark in stop)

        return sample(
            self.model,
            prompts,
            frozenset(self.stop_ids),
            max_tokens,
            temperature=0.0,
            seed=0,
            repetition_penalty=self.repetition_penalty,
            stopped=stopped,
        )

    def render(self, messages: Sequence[Message]) -> str:
        """ChatML."""
        return render_text(Conversation(tuple(messages), "evaluation"), add_generation_prompt=True)


def gpt_network(model: Gpt, tokenizer: Tokenizer, name: str, repetition_penalty: float = 1.0) -> GptNetwork:
    """A Gpt in memory, as a run can examine it between two steps."""
    return GptNetwork(
        name=name,
        model=model,
        tokenizer=tokenizer,
        repetition_penalty=repetition_penalty,
        vocab_size=model.config.vocab_size,
        max_positions=model.config.max_position,
        stop_ids={token_id(tokenizer, mark) for mark in (END_OF_TEXT, IM_END)},
        facts={"network": "pleiade.lab.gpt, float32", "repetition penalty": f"{repetition_penalty:g}"},
    )


@dataclass
class TransformersNetwork:
    """Any causal model that transformers knows."""

    name: str
    model: Any
    pretrained_tokenizer: Any
    tokenizer: Tokenizer
    vocab_size: int
    max_positions: int
    start: str | None
    stop_ids: set[int]
    facts: Mapping[str, str]

    def logits_at(self, ids_BT: Tensor, where_BT: Tensor) -> Tensor:
        """(B, T) -> (N, V)."""
        logits_NV: Tensor = self.model(input_ids=ids_BT, use_cache=False).logits[where_BT].float()
        return logits_NV

    def generate(self, prompts: Sequence[list[int]], max_tokens: int, stop: Sequence[str]) -> list[list[int]]:
        """Greedy by transformers' own loop, prompts at their right."""
        width, padding = max(map(len, prompts)), min(self.stop_ids, default=0)
        ids_BT = torch.tensor([[padding] * (width - len(prompt)) + prompt for prompt in prompts])
        mask_BT = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        with torch.no_grad():
            written_BT = self.model.generate(
                input_ids=ids_BT,
                attention_mask=mask_BT,
                max_new_tokens=max_tokens,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                eos_token_id=sorted(self.stop_ids) or None,
                pad_token_id=padding,
            )[:, width:]
        return [self._until_stop(row.tolist()) for row in written_BT]

    def render(self, messages: Sequence[Message]) -> str:
        """The tokenizer's chat template."""
        if not self.pretrained_tokenizer.chat_template:
            raise EvalError(f"{self.name} has no chat template: choose suites that do not chat, or a chat model")
        return str(
            self.pretrained_tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
        )

    def _until_stop(self, ids: list[int]) -> list[int]:
        ends = [place for place, token in enumerate(ids) if token in self.stop_ids]
        return ids[: ends[0]] if ends else ids


def _open_transformers(folder: Path, name: str) -> TransformersNetwork:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
        pretrained = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise EvalError(f"{folder} cannot be opened by transformers: {error}") from error
    tokenizer = load_tokenizer(folder)
    config, generation = model.config, model.generation_config
    ends = generation.eos_token_id if generation.eos_token_id is not None else config.eos_token_id
    stop_ids = set(ends if isinstance(ends, list) else [] if ends is None else [ends])
    start = pretrained.bos_token or (END_OF_TEXT if tokenizer.token_to_id(END_OF_TEXT) is not None else None)
    penalty = getattr(generation, "repetition_penalty", None) or 1.0
    return TransformersNetwork(
        name=name,
        model=model,
        pretrained_tokenizer=pretrained,
        tokenizer=tokenizer,
        vocab_size=int(config.vocab_size),
        max_positions=int(getattr(config, "max_position_embeddings", 2048)),
        start=start,
        stop_ids=stop_ids,
        facts={"network": "transformers, float32", "repetition penalty": f"{penalty:g}"},
    )
