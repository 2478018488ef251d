"""The contract between the training loop and what is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from pleiade.lab.gpt.head_loss import head_loss_sum
from pleiade.lab.gpt.model import Gpt

IGNORED = -100
Hidden = Callable[[Tensor, torch.dtype], Tensor]


@dataclass(frozen=True)
class MicroBatch:
    """Rows that pass through the model together: inputs and next-token targets, both (B, T) int64.

    A target of IGNORED adds nothing to the loss.
    """

    ids: Tensor
    targets: Tensor

    @property
    def num_targets(self) -> int:
        """Targets that count."""
        return int((self.targets != IGNORED).sum())

    def to(self, device: torch.device) -> MicroBatch:
        """The same on a device."""
        return MicroBatch(self.ids.to(device), self.targets.to(device))


class Objective(Protocol):
    """Deals out the micro-batches of each step; the loop adds up their losses, divided by all targets of the step."""

    def next_step(self) -> list[MicroBatch]:
        """The micro-batches of the next step."""
        ...

    def loss_sum(self, hidden: Hidden, model: Gpt, batch: MicroBatch, dtype: torch.dtype) -> Tensor:
        """The loss summed over the targets that count, a float32 scalar; `hidden` is model.hidden, perhaps compiled."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """The place in the data."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place in the data."""
        ...


def next_token_loss_sum(hidden: Hidden, model: Gpt, batch: MicroBatch, dtype: torch.dtype) -> Tensor:
    """Cross-entropy in nats, summed over the targets that count. `hidden` is the model's, perhaps compiled."""
    x_LD = hidden(batch.ids, dtype).flatten(0, 1)
    return head_loss_sum(x_LD, model.head_weight, batch.targets.flatten())
