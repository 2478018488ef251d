"""The contract between the training loop and what is learned."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor

from pleiade.lab.gpt.head_loss import head_loss_sum
from pleiade.lab.gpt.model import Gpt

IGNORED = -100
Hidden = Callable[..., Tensor]  # a network's `hidden`, perhaps compiled


class Batch(Protocol):
    """What passes through the model together; each objective has its own kind."""

    @property
    def ids(self) -> Tensor:
        """The tokens, a row each."""
        ...

    @property
    def num_targets(self) -> int:
        """What the loss is divided by: tokens, pairs or answers."""
        ...

    @property
    def num_tokens(self) -> int:
        """Tokens that pass through the model."""
        ...

    def to(self, device: torch.device) -> Self:
        """The same on a device."""
        ...


@dataclass(frozen=True)
class MicroBatch:
    """Rows of tokens: inputs and next-token targets, both (B, T) int64.

    A target of IGNORED adds nothing to the loss.
    """

    ids: Tensor
    targets: Tensor

    @property
    def num_targets(self) -> int:
        """Targets that count."""
        return int((self.targets != IGNORED).sum())

    @property
    def num_tokens(self) -> int:
        """All tokens, padding too."""
        return self.ids.numel()

    def to(self, device: torch.device) -> MicroBatch:
        """The same on a device."""
        return MicroBatch(self.ids.to(device), self.targets.to(device))


B = TypeVar("B", bound=Batch)


class Objective(Protocol[B]):
    """Deals out the micro-batches of each step; the loop adds up their losses, divided by all targets of the step."""

    def next_step(self) -> list[B]:
        """The micro-batches of the next step."""
        ...

    def loss_sum(self, hidden: Hidden, model: Any, batch: B, dtype: torch.dtype) -> Tensor:
        """The loss summed over the targets that count, a float32 scalar; `hidden` is model.hidden, perhaps compiled.

        Which networks (see network.py) an objective can teach, it says itself.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """The place in the data."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place in the data."""
        ...


@runtime_checkable
class Follows(Protocol):
    """An objective that looks at the weights after every step, to keep their averages."""

    def after_step(self, model: Any) -> None:
        """Look at them."""
        ...


def examples_fingerprint(examples: Iterable[Sequence[int]]) -> str:
    """A short hash of tokenized examples in their order: a place in one list means nothing in another."""
    digest = hashlib.sha256()
    for ids in examples:
        digest.update(array("q", [len(ids), *ids]).tobytes())
    return digest.hexdigest()[:16]


def refuse_other_examples(ours: str, state: dict[str, Any]) -> None:
    """Raise ValueError where a checkpoint's place is one in other examples; older checkpoints do not say."""
    if state.get("examples", ours) != ours:
        raise ValueError(
            "the checkpoint was written over other examples (another --data, seed or version): give it the same ones, "
            "or remove the stage's folder to train it anew"
        )


def next_token_loss_sum(hidden: Hidden, model: Gpt, batch: MicroBatch, dtype: torch.dtype) -> Tensor:
    """Cross-entropy in nats, summed over the targets that count. `hidden` is the model's, perhaps compiled."""
    x_LD = hidden(batch.ids, dtype).flatten(0, 1)
    return head_loss_sum(x_LD, model.head_weight, batch.targets.flatten())


def row_logprobs(hidden: Hidden, model: Gpt, ids_BT: Tensor, targets_BT: Tensor, dtype: torch.dtype) -> Tensor:
    """log p(each row's targets), in nats, a float32 (B,); only the logits that count are made."""
    rows, places = (targets_BT != IGNORED).nonzero(as_tuple=True)
    x_LD = hidden(ids_BT, dtype)[rows, places]
    logits_LV = F.linear(x_LD, model.head_weight.to(dtype)).float()
    logprobs_L = -F.cross_entropy(logits_LV, targets_BT[rows, places], reduction="none")
    return torch.zeros(len(ids_BT), device=logprobs_L.device).index_add(0, rows, logprobs_L)
