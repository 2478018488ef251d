"""A conversation: messages in OpenAI's shape, and the tools that the assistant may call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]


@dataclass(frozen=True)
class Conversation:
    """What one training example holds; `source` names where it came from, for the model card."""

    messages: tuple[Message, ...]
    source: str
    tools: tuple[dict[str, Any], ...] = ()


def exchange(question: str, answer: str, source: str, system: str | None = None) -> Conversation:
    """One question and its answer, after an optional system message."""
    before: tuple[Message, ...] = ({"role": "system", "content": system},) if system else ()
    return Conversation(
        (*before, {"role": "user", "content": question}, {"role": "assistant", "content": answer}), source
    )
