"""Turns a conversation into tokens, and marks those that the model is to learn: what the assistant says."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from pleiade.lab.dialogues.conversation import Conversation
from pleiade.lab.tokenizer.bpe import chat_template

# What the assistant says lies between its header and the end of its turn, that end included.
ASSISTANT_TURN = re.compile(r"(?<=<\|im_start\|>assistant\n).*?<\|im_end\|>", re.DOTALL)


@dataclass(frozen=True)
class Rendered:
    """Token ids of a conversation and, for each, whether it is a target."""

    ids: list[int]
    is_target: list[bool]


@functools.cache
def _template() -> Any:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    # As transformers does it: keys in their own order, letters as they are.
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(chat_template())


def render_text(conversation: Conversation, add_generation_prompt: bool = False) -> str:
    """The conversation as the chat template writes it."""
    return str(
        _template().render(
            messages=conversation.messages,
            tools=list(conversation.tools) or None,
            add_generation_prompt=add_generation_prompt,
        )
    )


def render(conversation: Conversation, tokenizer: Tokenizer) -> Rendered:
    """Tokens and targets; a token is a target if it lies in an assistant's turn."""
    text = render_text(conversation)
    spans = [match.span() for match in ASSISTANT_TURN.finditer(text)]
    encoding = tokenizer.encode(text, add_special_tokens=False)
    is_target = [any(first <= start < last for first, last in spans) for start, _ in encoding.offsets]
    return Rendered(list(encoding.ids), is_target)
