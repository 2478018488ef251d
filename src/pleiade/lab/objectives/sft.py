"""Instruction tuning: whole conversations, only the assistant's tokens are targets."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pleiade.lab.dialogues.render import Rendered
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.base import (
    IGNORED,
    Hidden,
    MicroBatch,
    examples_fingerprint,
    next_token_loss_sum,
    refuse_other_examples,
)


class InstructionTuning:
    """Conversations packed into rows of `seq_len` by best fit, the rest padded: none is ever cut.

    Conversations longer than a row are left out (`num_left_out`). Packing is done anew each epoch.
    """

    def __init__(
        self, conversations: Sequence[Rendered], pad_id: int, seq_len: int, rows: int, micro_rows: int, seed: int
    ) -> None:
        self.conversations = [c for c in conversations if len(c.ids) <= seq_len]
        self.num_left_out = len(conversations) - len(self.conversations)
        if not self.conversations:
            raise ValueError(f"no conversation fits {seq_len} tokens: raise seq_len or give shorter conversations")
        self.pad_id, self.seq_len, self.rows, self.micro_rows, self.seed = pad_id, seq_len, rows, micro_rows, seed
        self.fingerprint = examples_fingerprint(c.ids for c in self.conversations)
        self.epoch, self.position = 0, 0
        self.packed = self._packed(0)

    @property
    def steps_per_epoch(self) -> int:
        """Steps until every conversation was seen once."""
        return max(1, -(-len(self.packed) // self.rows))

    def _packed(self, epoch: int) -> list[list[int]]:
        rng = random.Random(f"{self.seed}/{epoch}")
        order = list(range(len(self.conversations)))
        rng.shuffle(order)
        # Best fit within windows: placing the longest first over the whole set would sort rows by length.
        packed: list[list[int]] = []
        for first in range(0, len(order), 1024):
            lengths = {i: len(self.conversations[i].ids) for i in order[first : first + 1024]}
            packed += best_fit(lengths, self.seq_len)
        rng.shuffle(packed)
        return packed

    def next_step(self) -> list[MicroBatch]:
        """The next `rows` packed rows."""
        chosen = []
        for _ in range(self.rows):
            if self.position == len(self.packed):
                self.epoch, self.position = self.epoch + 1, 0
                self.packed = self._packed(self.epoch)
            chosen.append(self._row(self.packed[self.position]))
            self.position += 1
        ids, targets = torch.stack([c[0] for c in chosen]), torch.stack([c[1] for c in chosen])
        parts = zip(torch.split(ids, self.micro_rows), torch.split(targets, self.micro_rows), strict=True)
        return [MicroBatch(a, b) for a, b in parts]

    def _row(self, members: list[int]) -> tuple[Tensor, Tensor]:
        ids = torch.full((self.seq_len,), self.pad_id)
        targets = torch.full((self.seq_len,), IGNORED)
        start = 0
        for member in members:
            rendered = self.conversations[member]
            end = start + len(rendered.ids)
            ids[start:end] = torch.tensor(rendered.ids)
            wanted = [i if t else IGNORED for i, t in zip(rendered.ids[1:], rendered.is_target[1:], strict=True)]
            targets[start : end - 1] = torch.tensor(wanted, dtype=torch.long)
            start = end
        return ids, targets

    def loss_sum(self, hidden: Hidden, model: Gpt, batch: MicroBatch, dtype: torch.dtype) -> Tensor:
        """Cross-entropy of the assistant's tokens, in nats."""
        return next_token_loss_sum(hidden, model, batch, dtype)

    def state_dict(self) -> dict[str, Any]:
        """The place in the epoch, and in which conversations."""
        return {"epoch": self.epoch, "position": self.position, "examples": self.fingerprint}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place; raises ValueError if it is one in other conversations."""
        refuse_other_examples(self.fingerprint, state)
        self.epoch, self.position = state["epoch"], state["position"]
        self.packed = self._packed(self.epoch)


def best_fit(lengths: dict[int, int], capacity: int) -> list[list[int]]:
    """Put each item, longest first, into the row that it fills best; rows never overflow."""
    rows: list[list[int]] = []
    left: list[int] = []
    for item, length in sorted(lengths.items(), key=lambda pair: (-pair[1], pair[0])):
        fitting = [i for i, room in enumerate(left) if room >= length]
        if fitting:
            best = min(fitting, key=lambda i: left[i])
            rows[best].append(item)
            left[best] -= length
        else:
            rows.append([item])
            left.append(capacity - length)
    return rows
