"""An n-gram as a folder that `pleiade eval` opens as it opens any model: arrays, a description, the tokenizer."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from tokenizers import Tokenizer

from pleiade.lab.evals.ngram.kneser_ney import Discounts, KneserNey, Table
from pleiade.lab.tokenizer.bpe import load_tokenizer

DESCRIPTION = "ngram.json"
ARRAYS = ("keys", "kept", "given")


class Description(msgspec.Struct, frozen=True):
    """What the arrays are: `tokens` counted, of `source`; `discounts` and `grams` by order."""

    vocab_size: int
    boundary: int
    tokens: int
    source: str
    discounts: list[Discounts]
    grams: list[int]


def write_ngram(model: KneserNey, tokenizer: Tokenizer, folder: Path, tokens: int, source: str) -> None:
    """Write `model` with the tokenizer that made its tokens; `source` says what they were."""
    folder.mkdir(parents=True, exist_ok=True)
    for order, table in enumerate(model.tables, start=1):
        for name in ARRAYS:
            np.save(_file(folder, name, order), getattr(table, name))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    grams = [len(table.keys) for table in model.tables]
    told = Description(model.vocab_size, model.boundary, tokens, source, list(model.discounts), grams)
    (folder / DESCRIPTION).write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")


def read_ngram(folder: Path) -> tuple[KneserNey, Description, Tokenizer]:
    """What `write_ngram` wrote, the arrays mapped from disk."""
    told = msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=Description)
    tables = [
        Table(*(np.load(_file(folder, name, order), mmap_mode="r") for name in ARRAYS))
        for order in range(1, len(told.grams) + 1)
    ]
    model = KneserNey(told.vocab_size, told.boundary, tuple(tables), tuple(told.discounts))
    return model, told, load_tokenizer(folder)


def _file(folder: Path, name: str, order: int) -> Path:
    return folder / f"{name}-{order}.npy"
