"""Reference decoding: greedy, without a cache; slow, short, and what engines are compared with."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer

from pleiade.lab.dialogues.conversation import Conversation, Message
from pleiade.lab.dialogues.render import render_text
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT, IM_END


@torch.no_grad()
def greedy_tokens(
    model: Gpt, ids: list[int], stop_ids: set[int], max_tokens: int, repetition_penalty: float = 1.0
) -> list[int]:
    """The most likely continuation of `ids`, up to `max_tokens` or a stop id (left out).

    `repetition_penalty` divides (or, below zero, multiplies) the logits of every token seen, as transformers does.
    """
    written: list[int] = []
    room = model.config.max_position - len(ids)
    while len(written) < min(max_tokens, room):
        x_D = model.hidden(torch.tensor([ids + written]))[0, -1]
        logits_V = model.head_weight @ x_D
        seen = torch.tensor(sorted({*ids, *written}))
        chosen = logits_V[seen]
        logits_V[seen] = torch.where(chosen > 0, chosen / repetition_penalty, chosen * repetition_penalty)
        best = int(logits_V.argmax())
        if best in stop_ids:
            break
        written.append(best)
    return written


def answer(
    model: Gpt,
    tokenizer: Tokenizer,
    messages: tuple[Message, ...],
    max_tokens: int = 80,
    repetition_penalty: float = 1.0,
) -> str:
    """What the assistant says to `messages`, greedily."""
    text = render_text(Conversation(messages, "panel"), add_generation_prompt=True)
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    stop_ids = {token_id(tokenizer, IM_END), token_id(tokenizer, END_OF_TEXT)}
    return str(tokenizer.decode(greedy_tokens(model, ids, stop_ids, max_tokens, repetition_penalty)))
