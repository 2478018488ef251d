"""What a suite may ask of a model, wherever it runs: how likely, go on, answer, fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tokenizers import Tokenizer

from pleiade.lab.dialogues.conversation import Message


class EvalError(RuntimeError):
    """The evaluation cannot go on; the message says what to do."""


@dataclass(frozen=True)
class Likelihood:
    """Of a continuation after its context.

    `logprob` in nats, summed over its `num_tokens` tokens; `greedy`: each of them was the likeliest;
    `truncated`: the context did not fit and lost its beginning.
    """

    logprob: float
    greedy: bool
    num_tokens: int
    truncated: bool = False


class Scorer(Protocol):
    """A model under examination. Answers come in the order of the questions; decoding is greedy.

    All raise EvalError when the model cannot do what is asked.
    """

    @property
    def name(self) -> str:
        """What the report calls the model."""
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """How it is asked: where it runs, precision, what stands before a text, penalties."""
        ...

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        """Of each (context, continuation). A token that straddles the two belongs to the continuation."""
        ...

    def complete(self, prompts: Sequence[str], max_tokens: int, stop: Sequence[str] = ()) -> list[str]:
        """What follows each text, cut before the first of `stop`."""
        ...

    def chat(self, conversations: Sequence[Sequence[Message]], max_tokens: int) -> list[str]:
        """The assistant's answer to each conversation."""
        ...

    def infill(self, holes: Sequence[tuple[str, str]], max_tokens: int, stop: Sequence[str] = ()) -> list[str]:
        """What stands between each (prefix, suffix)."""
        ...


def cut(text: str, stop: Sequence[str]) -> str:
    """`text` before the first occurrence of any of `stop`."""
    ends = [place for place in (text.find(mark) for mark in stop) if place >= 0]
    return text[: min(ends)] if ends else text


def scored_ids(tokenizer: Tokenizer, start: str, context: str, continuation: str) -> tuple[list[int], int]:
    """The tokens of a text after `start`, and from which of them on they are the continuation's; the first never is."""
    border = len(start) + len(context)
    encoding = tokenizer.encode(start + context + continuation, add_special_tokens=False)
    first = next((i for i, (_, end) in enumerate(encoding.offsets) if end > border), len(encoding.ids))
    return list(encoding.ids), max(1, first)
