"""The contract between the training loop and what is learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from pleiade.lab.gpt.model import Gpt

IGNORED = -100


@dataclass(frozen=True)
class MicroBatch:
    """Rows that pass through the model together: inputs and next-token targets, both (B, T) int64.

    A target of IGNORED adds nothing to the loss.
    """

    ids_BT: Tensor
    targets_BT: Tensor

    @property
    def num_targets(self) -> int:
        """Targets that count."""
        return int((self.targets_BT != IGNORED).sum())


class Objective(Protocol):
    """Deals out the micro-batches of each step; the loop adds up their losses, divided by all targets of the step."""

    def next_step(self) -> list[MicroBatch]:
        """The micro-batches of the next step."""
        ...

    def loss_sum(self, model: Gpt, ids_BT: Tensor, targets_BT: Tensor, dtype: torch.dtype) -> Tensor:
        """The loss summed over the targets that count, a float32 scalar. May be compiled."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """The place in the data."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place in the data."""
        ...


def next_token_loss_sum(model: Gpt, ids_BT: Tensor, targets_BT: Tensor, dtype: torch.dtype) -> Tensor:
    """Cross-entropy in nats, summed over the targets that count."""
    x_LD = model.hidden(ids_BT, dtype).flatten(0, 1)
    logits_LV = F.linear(x_LD, model.head_weight_VD.to(dtype)).float()
    return F.cross_entropy(logits_LV, targets_BT.flatten(), ignore_index=IGNORED, reduction="sum")
