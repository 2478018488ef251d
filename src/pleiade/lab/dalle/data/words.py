"""Captions as token ids: the tokenizer that learns from them, and rows of a fixed length."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from random import Random

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pleiade.lab.dalle.data.captions import sampled_captions
from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.scenes import draw_scene
from pleiade.lab.dalle.data.sprites import Sprites
from pleiade.lab.tokenizer.bpe import train_tokenizer

MAX_TEXT = 48
SKETCH = 8  # pixels: of the scenes only the captions are wanted
PADDING = 0  # <|endoftext|>: no caption holds it


def train_caption_tokenizer(drawings: Drawings, vocab_size: int, seed: int = 1, scenes: int = 2000) -> Tokenizer:
    """Learn a byte-level BPE of `vocab_size` tokens from captions of the training split and of so many scenes.

    Raises ValueError where the captions are too few for so many tokens.
    """
    rows = tuple(drawings.rows[i] for i in drawings.split("train"))
    rng, sprites = Random(seed), Sprites(drawings)
    told = (draw_scene(rng, sprites, SKETCH).caption for _ in range(scenes))
    return train_tokenizer(chain(sampled_captions(rows, rng), told), vocab_size)


def encode(tokenizer: Tokenizer, captions: Sequence[str], max_text: int = MAX_TEXT) -> NDArray[np.int64]:
    """Token ids (B, max_text), cut off there and padded with 0; an empty caption is all padding."""
    ids_BT = np.full((len(captions), max_text), PADDING, np.int64)
    for row, encoded in zip(ids_BT, tokenizer.encode_batch_fast(list(captions), add_special_tokens=False), strict=True):
        ids = encoded.ids[:max_text]
        row[: len(ids)] = ids
    return ids_BT
