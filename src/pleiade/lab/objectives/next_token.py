"""Pretraining: predict every next token of a packed stream."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pleiade.lab.data.stream import PackedStream
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.base import Hidden, MicroBatch, next_token_loss_sum


class NextToken:
    """Every token of the stream is a target; `rows` a step, `micro_rows` at a time."""

    def __init__(self, stream: PackedStream, rows: int, micro_rows: int) -> None:
        if rows % micro_rows:
            raise ValueError(f"rows={rows} must be a multiple of micro_rows={micro_rows}")
        self.stream, self.rows, self.micro_rows = stream, rows, micro_rows

    def next_step(self) -> list[MicroBatch]:
        """The next `rows` rows."""
        rows = self.stream.next_rows(self.rows)
        return [
            MicroBatch(part[:, :-1].contiguous(), part[:, 1:].contiguous())
            for part in torch.split(rows, self.micro_rows)
        ]

    def loss_sum(self, hidden: Hidden, model: Gpt, batch: MicroBatch, dtype: torch.dtype) -> Tensor:
        """Cross-entropy in nats."""
        return next_token_loss_sum(hidden, model, batch, dtype)

    def state_dict(self) -> dict[str, Any]:
        """The stream's place."""
        return self.stream.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place in the stream."""
        self.stream.load_state_dict(state)
