"""Data parallelism: several processes (ranks) share each step's micro-batches and add up their gradients.

On a CPU, one single-threaded rank a core beats one process with a thread a core: threads wait for each other
after every operation, ranks once a step. The environment is torchrun's (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn

Item = TypeVar("Item")
CPU = torch.device("cpu")
HUGE = 1e15  # a weight's square times a few thousand is still a float32
# A rank that dies is noticed at once, since its connections close; one that is silent so long in a step is lost, too.
SILENCE = timedelta(minutes=10)
PREPARATION = timedelta(days=7)
# What gloo and NCCL say where the other end of a connection is gone, or silent for too long.
LOST = ("Connection closed by peer", "Connection reset", "Broken pipe", "Timed out", "timed out", "timeout", "Socket")


class RankLostError(ConnectionError):
    """Another process of the run is gone; nothing can be computed without it."""


@dataclass(frozen=True)
class Ranks:
    """This process's place among the processes of the run."""

    rank: int = 0
    size: int = 1
    device: torch.device = CPU

    @property
    def is_first(self) -> bool:
        """Whether this rank writes files and prints."""
        return self.rank == 0

    def share(self, items: list[Item]) -> list[Item]:
        """This rank's items of a step: every size-th, so that the sums are the same for any machine."""
        return items[self.rank :: self.size]

    def gather(self, items: list[Item]) -> list[Item]:
        """All ranks' items on every rank, in the order that `share` took apart; every rank calls this."""
        if self.size == 1:
            return items
        parts: list[list[Item]] = [[] for _ in range(self.size)]
        dist.all_gather_object(parts, items)
        return [parts[i % self.size][i // self.size] for i in range(sum(map(len, parts)))]

    def add_up(
        self, parameters: Sequence[nn.Parameter], loss: float, told: Sequence[float]
    ) -> tuple[float, list[float]]:
        """Add gradients and losses over all ranks, in place and in one message.

        Returns the loss and the sums of what each rank has `told` (how many raise a flag, say): the same on every rank.
        """
        scalars = [loss, *map(float, told)]
        if self.size == 1:
            return loss, scalars[1:]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        message = torch.cat([*(g.flatten() for g in gradients), torch.tensor(scalars, device=gradients[0].device)])
        dist.all_reduce(message)
        parts = torch.split(message, [*(g.numel() for g in gradients), len(scalars)])
        for parameter, part in zip(parameters, parts[:-1], strict=True):
            parameter.grad = part.view_as(parameter)
        loss, *sums = (float(value) for value in parts[-1])
        return loss, sums

    def all_finite(self, parameters: Sequence[nn.Parameter]) -> bool:
        """Whether the weights, the same on all ranks, are numbers to go on with."""
        return all(is_sound(parameter) for parameter in parameters)

    def wait_for_all(self) -> None:
        """Return when every rank has come here; raises RankLostError where one cannot."""
        if self.size > 1:
            with self.none_lost():
                dist.barrier(_patient_group())

    @contextmanager
    def none_lost(self) -> Iterator[None]:
        """Turn what torch says of a broken connection into RankLostError."""
        try:
            yield
        except RuntimeError as error:
            if self.size == 1 or not any(sign in str(error) for sign in LOST):
                raise
            raise RankLostError(
                f"rank lost: another of this run's {self.size} processes was killed or does not answer. The same "
                f"command goes on from the last checkpoint (rank {self.rank} heard: {str(error).splitlines()[0]})"
            ) from error

    def from_first(self, values: list[float] | None) -> list[float] | None:
        """The first rank's numbers (or None) on every rank: clocks differ, decisions must not."""
        if self.size == 1:
            return values
        box = [values]
        dist.broadcast_object_list(box, src=0)
        return box[0]


@cache
def _patient_group() -> dist.ProcessGroup:
    """All ranks, for waits during which one may work alone for hours (the text is tokenized, answers are sampled)."""
    group: dist.ProcessGroup = dist.new_group(backend="gloo", timeout=PREPARATION)
    return group


def is_sound(weight: torch.Tensor) -> bool:
    """Whether all are numbers, and none is so large (the wreck of a step) that nothing can be computed with it."""
    return bool((weight.detach().abs() < HUGE).all())


def leave_ranks() -> None:
    """Leave the run's process group, if this process joined one."""
    if dist.is_initialized():
        dist.destroy_process_group()
        _patient_group.cache_clear()


def join_ranks() -> Ranks:
    """Join the run's process group if torchrun's environment is set, else a group of one."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        device, backend = torch.device("cuda", torch.cuda.current_device()), "cpu:gloo,cuda:nccl"
    else:
        device, backend = CPU, "gloo"
    if size == 1:
        return Ranks(device=device)
    if not dist.is_initialized():
        dist.init_process_group(backend, timeout=SILENCE)
        _patient_group()
    return Ranks(dist.get_rank(), size, device)
