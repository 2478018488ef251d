"""Where a model is trained: whole on each rank, which is what a run does that asks for nothing else, or in parts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from pleiade.lab.checkpoint import WholeCheckpoints
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.network import Network
from pleiade.lab.objectives.base import B, Hidden
from pleiade.lab.optim.muon import MuonAdamW
from pleiade.lab.parallel.config import ParallelConfig, settle
from pleiade.lab.ranks import Ranks


class Team(Protocol):
    """The ranks of a step (Ranks, or a Layout where each has a part of the model)."""

    @property
    def device(self) -> torch.device:
        """Where this rank computes."""
        ...

    def share(self, batches: list[B]) -> list[B]:
        """What this rank computes of a step's batches."""
        ...

    def add_up(
        self, parameters: Sequence[nn.Parameter], loss: float, told: Sequence[float]
    ) -> tuple[float, list[float]]:
        """Add gradients, in place, and losses over the ranks; returns the loss and the sums of what they `told`."""
        ...

    def all_finite(self, parameters: Sequence[nn.Parameter]) -> bool:
        """Whether all weights, on all ranks, are numbers; every rank calls this."""
        ...


class Checkpoints(Protocol):
    """A run's checkpoints; every rank calls every method, in the same order."""

    @property
    def is_written(self) -> bool:
        """Whether one that was begun lies on the disk and waits for `settle`."""
        ...

    def begin(self, step: int, state: dict[str, Any]) -> None:
        """Write a checkpoint, or begin to."""
        ...

    def settle(self) -> None:
        """Wait for the one that is being written, if any, and make it count."""
        ...

    def restore(self, model: Network, optimizer: MuonAdamW) -> dict[str, Any] | None:
        """Give model and optimizer what the newest whole checkpoint holds; returns its other values, or None."""
        ...


@dataclass(frozen=True)
class Placed:
    """A model ready for the loop: `model` is what this rank holds of it, `hidden` its forward pass, perhaps compiled.

    `lender` is the whole model that gave its weights up to be divided.
    """

    team: Team
    model: Network
    hidden: Hidden
    checkpoints: Checkpoints
    lender: Gpt | None = None


def place(
    model: Network, parallel: ParallelConfig, ranks: Ranks, run: Path, *, precision: str, seed: int, compiled: bool
) -> Placed:
    """Place `model` on this rank's device, whole or divided as `parallel` says.

    A model that is divided gives its weights up and is left on the meta device until `take_back`; one that is there
    already has none yet, and gets its first from `seed`. Raises ValueError where the model cannot be divided so. Only a
    Gpt can be; every rank holds the whole of another network.
    """
    compiled, recompute = compiled and finds_compiler(), parallel.recompute
    if isinstance(model, Gpt):
        settled = settle(parallel, ranks.size, model.config, on_gpu=ranks.device.type == "cuda")
    elif parallel.divides:
        raise ValueError(f"a network of {model.config.unit} is not divided: leave parallel.* as it is")
    if isinstance(model, Gpt) and settled.divides:
        from pleiade.lab.parallel.spread import spread  # only those who divide wait for its imports

        return spread(model, settled, ranks, run, getattr(torch, precision), seed, compiled=compiled)
    model.to(ranks.device)
    model.recompute = recompute
    hidden: Hidden = torch.compile(model.hidden, dynamic=False) if compiled else model.hidden
    return Placed(ranks, model, hidden, WholeCheckpoints(run, ranks))


def take_back(placed: Placed) -> None:
    """Give the model that lent its weights those that were trained; all ranks take part, each gets all of them."""
    if placed.lender is not None:
        from pleiade.lab.parallel.spread import gather

        gather(placed.model, placed.lender)


def finds_compiler() -> bool:
    """Whether networks can be compiled here; says what is missing where they cannot."""
    if shutil.which("g++") is not None or torch.cuda.is_available():
        return True
    print("no C++ compiler found: training without torch.compile (install g++ to go 2 to 3 times faster)")
    return False
