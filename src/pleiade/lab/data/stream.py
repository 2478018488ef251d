"""An endless stream of packed rows: pieces of documents shuffled anew each epoch, nothing discarded.

The state is (epoch, piece, token in the piece): a stream set to a state gives exactly the rows that follow it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from pleiade.lab.data.fim import fim_marks, fim_transform
from pleiade.lab.data.shards import Shard, tokenizer_fingerprint
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT


@dataclass(frozen=True)
class StreamConfig:
    """How rows are cut: `seq_len` tokens a row, documents in pieces of at most `piece_tokens` (a multiple of it)."""

    seq_len: int = 512
    piece_tokens: int = 1024
    fim_rate: float = 0.1
    fim_tokens: int = 384
    seed: int = 1


class PackedStream:
    """Rows of tokens from weighted shards.

    A long document is cut into pieces that are shuffled separately: one batch then sees many authors. A document's
    last piece ends with <|endoftext|>.
    """

    def __init__(
        self, shards: Sequence[Shard], repeats: Sequence[float], tokenizer: Tokenizer, config: StreamConfig
    ) -> None:
        if config.piece_tokens % config.seq_len:
            raise ValueError(f"piece_tokens={config.piece_tokens} must be a multiple of seq_len={config.seq_len}")
        self.shards, self.repeats, self.tokenizer, self.config = shards, repeats, tokenizer, config
        self.end_of_text = token_id(tokenizer, END_OF_TEXT)
        self.marks = fim_marks(tokenizer) if config.fim_rate else None
        self.pieces = [_cut(shard, config.piece_tokens) for shard in shards]
        self.epoch, self.position, self.offset = 0, 0, 0
        self.order = self._shuffled(0)

    @property
    def epoch_tokens(self) -> int:
        """About how many tokens one epoch holds."""
        return int(sum(s.num_tokens * r for s, r in zip(self.shards, self.repeats, strict=True)))

    def _order_depends_on(self) -> dict[str, Any]:
        """Everything that decides which token follows which."""
        config = self.config
        return {
            "seed": config.seed,
            "piece_tokens": config.piece_tokens,
            "fim": [config.fim_rate, config.fim_tokens],
            "tokenizer": tokenizer_fingerprint(self.tokenizer),
            "sources": [
                [shard.name, shard.num_tokens, repeat] for shard, repeat in zip(self.shards, self.repeats, strict=True)
            ],
        }

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        """(shard, piece) pairs of an epoch; a fractional repeat takes the next part of a fixed permutation."""
        chosen = []
        for index, (pieces, repeat) in enumerate(zip(self.pieces, self.repeats, strict=True)):
            fixed = np.random.default_rng([self.config.seed, index]).permutation(len(pieces))
            first, last = round(epoch * repeat * len(pieces)), round((epoch + 1) * repeat * len(pieces))
            wanted = fixed[np.arange(first, last) % len(pieces)]
            chosen.append(np.stack([np.full(len(wanted), index), wanted], axis=1))
        order = np.concatenate(chosen)
        if not len(order):
            raise ValueError("the recipe selects no text at all: raise the sources' repeats")
        return order[np.random.default_rng([self.config.seed, epoch, 7]).permutation(len(order))]

    def _piece(self) -> NDArray[np.uint16]:
        shard_index, piece_index = self.order[self.position]
        first, last, is_end = self.pieces[shard_index][piece_index]
        ids = self.shards[shard_index].tokens[first:last]
        rng = random.Random(f"{self.config.seed}/{self.epoch}/{self.position}")
        if self.marks is not None and rng.random() < self.config.fim_rate:
            return np.asarray(self._fim(ids, rng), dtype=np.uint16)
        return np.append(ids, np.uint16(self.end_of_text)) if is_end else ids

    def _fim(self, ids: NDArray[np.uint16], rng: random.Random) -> list[int]:
        """Windows with the middle last, each ended: a middle must stop, also where the document goes on."""
        assert self.marks is not None
        out: list[int] = []
        for first in range(0, len(ids), self.config.fim_tokens):
            text = self.tokenizer.decode(
                ids[first : first + self.config.fim_tokens].tolist(), skip_special_tokens=False
            )
            out += [*fim_transform(text, self.tokenizer, self.marks, rng), self.end_of_text]
        return out

    def next_rows(self, num_rows: int) -> Tensor:
        """The next (num_rows, seq_len + 1) int64 ids; each row's last token is the next row's first."""
        T = self.config.seq_len
        needed, parts, num = num_rows * T + 1, [], 0
        while num < needed:
            piece = self._piece()
            part = piece[self.offset : self.offset + needed - num]
            parts.append(part)
            num += len(part)
            self.offset += len(part)
            if self.offset >= len(piece):
                self._advance()
        flat = torch.from_numpy(np.concatenate(parts).astype(np.int64))
        self._step_back()
        return flat.unfold(0, T + 1, T)

    def _advance(self) -> None:
        self.position, self.offset = self.position + 1, 0
        if self.position == len(self.order):
            self.epoch, self.position = self.epoch + 1, 0
            self.order = self._shuffled(self.epoch)

    def _step_back(self) -> None:
        # The last token is a target here and an input of the next batch, so it is read again.
        if self.offset > 0:
            self.offset -= 1
            return
        if self.position == 0:
            self.epoch -= 1
            self.order = self._shuffled(self.epoch)
            self.position = len(self.order)
        self.position -= 1
        self.offset = len(self._piece()) - 1

    def state_dict(self) -> dict[str, Any]:
        """Where the next row starts: the same for every rank, so that any number of them can go on from it."""
        place = {"epoch": self.epoch, "position": self.position, "offset": self.offset}
        return {**place, "order": self._order_depends_on()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place; raises ValueError, naming what differs, if another stream wrote it.

        The length of rows may differ: a place is a token, not a row.
        """
        ours = self._order_depends_on()
        theirs = state.get("order", {})  # what an older checkpoint does not say is taken at its word
        different = [key for key in ours if ours[key] != theirs.get(key, ours[key])]
        if different:
            told = "; ".join(f"{key} was {theirs.get(key)}, is {ours[key]}" for key in different)
            raise ValueError(f"the checkpoint was written by another stream of data ({told}): go on with what it had")
        self.epoch, self.position, self.offset = state["epoch"], state["position"], state["offset"]
        self.order = self._shuffled(self.epoch)


def _cut(shard: Shard, size: int) -> NDArray[np.int64]:
    """(first, last, is end of document) of every piece of every document."""
    firsts, lengths = shard.starts[:-1], np.diff(shard.starts)
    counts = -(-lengths // size)
    document = np.repeat(np.arange(len(firsts)), counts)
    place = np.arange(len(document)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = firsts[document] + place * size
    last = np.minimum(first + size, shard.starts[1:][document])
    return np.stack([first, last, place + 1 == counts[document]], axis=1).astype(np.int64)
