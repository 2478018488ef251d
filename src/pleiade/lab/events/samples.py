"""What a model writes while it learns: the same few prompts in English and French again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from tokenizers import Tokenizer

from pleiade.lab.gpt.decode import sample
from pleiade.lab.gpt.divided import is_divided
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.network import Network
from pleiade.lab.preferences.pair import prompt_ids
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX, IM_END

TEXTS = ("Once upon a time, there was", "The capital of France is", "Il était une fois", "La capitale de l'Italie est")
CODE = ("def add(a, b):\n    return ", "\n\nprint(add(2, 3))\n")
QUESTIONS = ("Who are you?", "What is the capital of Spain?", "Bonjour ! Qui es-tu ?", "Cite trois fruits.")
GAP = " ▁▁▁ "


@dataclass(frozen=True)
class Sample:
    """What the model made of a prompt, as shown to people: a text, or a `picture` (a PNG as a data URI)."""

    prompt: str
    text: str
    picture: str = ""


class Samples(Protocol):
    """What makes samples of a network's work, of whichever kind both are."""

    def write(self, model: Any, dtype: torch.dtype) -> list[Sample]:
        """Some samples. Leaves the model, its gradients and the global random state alone."""
        ...


@dataclass(frozen=True)
class Prompts:
    """Prompts as shown and as tokens, and how their continuations are drawn: the same random numbers each time."""

    tokenizer: Tokenizer
    shown: tuple[str, ...]
    ids: tuple[list[int], ...]
    max_tokens: int = 48
    temperature: float = 0.7
    seed: int = 1

    def write(self, model: Gpt, dtype: torch.dtype) -> list[Sample]:
        """One continuation of each prompt. Leaves the model, its gradients and the global random state alone."""
        stop_ids = frozenset(
            number for token in (END_OF_TEXT, IM_END) if (number := self.tokenizer.token_to_id(token)) is not None
        )
        written = sample(
            model, self.ids, stop_ids, self.max_tokens, temperature=self.temperature, seed=self.seed, dtype=dtype
        )
        texts = [str(self.tokenizer.decode(ids)) for ids in written]
        return [Sample(shown, text) for shown, text in zip(self.shown, texts, strict=True)]


def text_prompts(tokenizer: Tokenizer) -> Prompts:
    """Beginnings of texts, and a gap in a program where the tokenizer knows fill-in-the-middle."""
    shown, asked = list(TEXTS), list(TEXTS)
    if tokenizer.token_to_id(FIM_MIDDLE) is not None:
        before, after = CODE
        shown.append(before + GAP + after)
        asked.append(f"{FIM_PREFIX}{before}{FIM_SUFFIX}{after}{FIM_MIDDLE}")
    ids = (tokenizer.encode(text, add_special_tokens=False).ids for text in asked)
    return Prompts(tokenizer, tuple(shown), tuple(ids))


def chat_prompts(tokenizer: Tokenizer) -> Prompts:
    """Questions in the chat template."""
    ids = (prompt_ids([{"role": "user", "content": question}], tokenizer) for question in QUESTIONS)
    return Prompts(tokenizer, QUESTIONS, tuple(ids))


def is_whole(model: Network) -> bool:
    """Whether this rank holds all of the weights, so that it can write without the others."""
    return not any(is_divided(parameter) for parameter in model.parameters())
