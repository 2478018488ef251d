"""Bits per byte on held-out text: comparable between tokenizers, because a byte is a byte."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from pleiade.lab.data.corpus import read_rows
from pleiade.lab.gpt.head_loss import head_loss_sum
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT


@dataclass(frozen=True)
class Score:
    """What a domain cost: `bits_per_byte` over `num_bytes` of UTF-8 text."""

    domain: str
    bits_per_byte: float
    num_bytes: int


@torch.no_grad()
def bits_per_byte(
    model: Gpt,
    tokenizer: Tokenizer,
    texts: Iterable[str],
    domain: str,
    context: int = 256,
    dtype: torch.dtype = torch.float32,
) -> Score:
    """Score texts in windows of `context` tokens that overlap by half: each token but the first few of a text
    is predicted from at least context/2 tokens before it, and each is counted once.
    """
    nats, num_bytes = 0.0, 0
    start_id = token_id(tokenizer, END_OF_TEXT)
    for text in texts:
        ids = [start_id, *tokenizer.encode(text, add_special_tokens=False).ids]
        num_bytes += len(text.encode("utf-8"))
        scored = 1  # the first id is given
        while scored < len(ids):
            first = max(0, scored - context // 2)
            window = torch.tensor(ids[first : first + context + 1])
            targets = window[1:].clone()
            targets[: scored - first - 1] = -100
            x_LD = model.hidden(window[None, :-1], dtype)[0]
            nats += float(head_loss_sum(x_LD, model.head_weight, targets))
            scored = first + len(window)
    return Score(domain, nats / math.log(2) / max(1, num_bytes), num_bytes)


def heldout_scores(model: Gpt, tokenizer: Tokenizer, folder: Path, max_bytes: int = 20_000) -> list[Score]:
    """Scores of every *.jsonl.xz of a folder, at most `max_bytes` of text each (the first documents)."""
    scores = []
    for file in sorted(folder.glob("*.jsonl.xz")):
        texts, left = [], max_bytes
        for row in read_rows(folder, file.name):
            text = row["text"][:left]
            texts.append(text)
            left -= len(text)
            if left <= 0:
                break
        scores.append(bits_per_byte(model, tokenizer, texts, file.name.split(".")[0]))
    return scores
