"""Fill-in-the-middle: a text is cut in three at two characters and told out of order (Bavarian et al., 2022)."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tokenizers import Tokenizer

from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX


@dataclass(frozen=True)
class FimMarks:
    """Ids of the three marks."""

    prefix: int
    suffix: int
    middle: int


def fim_marks(tokenizer: Tokenizer) -> FimMarks:
    """The tokenizer's fill-in-the-middle ids; raises ValueError if it has none."""
    return FimMarks(*(token_id(tokenizer, token) for token in (FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE)))


def fim_transform(text: str, tokenizer: Tokenizer, marks: FimMarks, rng: random.Random) -> list[int]:
    """Token ids of `text` with its middle last, in prefix-suffix-middle or suffix-prefix-middle order, half each.

    The cuts fall between characters, not tokens, because an editor's cursor does.
    """
    first, second = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
    prefix, middle, suffix = (
        tokenizer.encode(piece, add_special_tokens=False).ids
        for piece in (text[:first], text[first:second], text[second:])
    )
    if rng.random() < 0.5:
        return [marks.prefix, *prefix, marks.suffix, *suffix, marks.middle, *middle]
    return [marks.prefix, marks.suffix, *suffix, marks.middle, *prefix, *middle]
