"""What the training loop needs of a network, whichever kind it is (lab/gpt, lab/dalle)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch


class Shape(Protocol):
    """A network's configuration."""

    @property
    def unit(self) -> str:
        """What its runs count: tokens or pictures."""
        ...

    @property
    def num_params(self) -> int:
        """All parameters."""
        ...


@runtime_checkable
class CountsFlops(Protocol):
    """A shape that knows what a step costs."""

    def train_flops(self, batches: Sequence[Any]) -> float:
        """FLOPs of a step forward and backward."""
        ...


class Network(Protocol):
    """A module with a configuration, whose `hidden` is its forward pass as objectives call it."""

    recompute: bool

    @property
    def config(self) -> Shape:
        """Its shape."""
        ...

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        ...

    @property
    def hidden(self) -> Any:
        """The forward pass."""
        ...

    @property
    def parameters(self) -> Any:
        """As torch's modules have it."""
        ...

    @property
    def named_parameters(self) -> Any:
        """As torch's modules have it."""
        ...

    @property
    def state_dict(self) -> Any:
        """As torch's modules have it."""
        ...

    @property
    def to(self) -> Any:
        """As torch's modules have it."""
        ...
