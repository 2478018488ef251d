"""Where this rank stands among those of a run, and what it therefore takes from a step and adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from pleiade.lab.gpt.divided import here
from pleiade.lab.objectives.base import B, MicroBatch
from pleiade.lab.parallel.config import ParallelConfig
from pleiade.lab.parallel.sequence import take_positions
from pleiade.lab.ranks import Ranks, is_sound


@dataclass(frozen=True)
class Layout:
    """All ranks as a mesh with dimensions dp, cp and tp; `copies` are the ranks that hold the same part of the weights.

    Those copies (dp x cp) each take other rows or positions and add up their gradients; with `config.shard` they divide
    weights, gradients and optimizer among themselves.
    """

    config: ParallelConfig
    ranks: Ranks
    mesh: DeviceMesh
    copies: DeviceMesh

    @property
    def device(self) -> torch.device:
        """Where this rank computes."""
        return self.ranks.device

    def share(self, batches: list[B]) -> list[B]:
        """What this rank computes of a step's batches: every data rank takes others, every sequence rank its positions.

        Raises ValueError where ranks that gather weights together would get different numbers of batches, and where a
        batch is not one whose loss is a sum over tokens, but rows or vocabulary are divided.
        """
        data, sequence = self.config.data, self.config.sequence
        if self.config.ranks_per_row > 1 and not all(isinstance(batch, MicroBatch) for batch in batches):
            raise ValueError(
                f"a {type(batches[0]).__name__} is judged by whole rows and whole vocabularies: set parallel.tensor=1 "
                "and parallel.sequence=1 for this stage (parallel.shard divides its weights as well)"
            )
        if self.config.shard and len(batches) % data:
            raise ValueError(
                f"a step of {len(batches)} micro-batches does not divide among {data} data ranks that gather weights "
                "together: choose rows and micro_rows so that it does, or set parallel.shard=false"
            )
        mine = batches[self.mesh.get_local_rank("dp") :: data]
        if sequence == 1:
            return mine
        rank = self.mesh.get_local_rank("cp")
        return [take_positions(batch, rank, sequence) for batch in mine]

    @torch.no_grad()
    def add_up(
        self, parameters: Sequence[nn.Parameter], loss: float, told: Sequence[float]
    ) -> tuple[float, list[float]]:
        """Add gradients over the copies, in place, and losses over all that computed different ones.

        Sharded gradients were added up in the backward pass already. Returns the loss and the sums of what
        each rank has `told` (how many raise a flag, say): the same on every rank.
        """
        if not self.config.shard and self.copies.size() > 1:
            for parameter in parameters:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
            gradients = [here(parameter.grad) for parameter in parameters if parameter.grad is not None]
            message = torch.cat([gradient.flatten() for gradient in gradients])
            dist.all_reduce(message, group=self.copies.get_group())
            for gradient, part in zip(gradients, torch.split(message, [g.numel() for g in gradients]), strict=True):
                gradient.copy_(part.view_as(gradient))
        return self._sum(loss, told)

    def all_finite(self, parameters: Sequence[nn.Parameter]) -> bool:
        """Whether all ranks' parts of the weights are numbers."""
        bad = not all(is_sound(here(parameter)) for parameter in parameters)
        return self._sum(0.0, [bad])[1] == [0.0]

    def _sum(self, loss: float, told: Sequence[float]) -> tuple[float, list[float]]:
        # The ranks of a tensor group have the same loss; it counts once.
        total = torch.tensor([loss / self.config.tensor, *map(float, told)], device=self.device)
        dist.all_reduce(total)
        loss, *sums = (float(value) for value in total)
        return loss, sums


def arrange(ranks: Ranks, config: ParallelConfig) -> Layout:
    """The mesh of a run whose configuration is settled; tensor ranks are neighbours, since they talk the most."""
    shape = config.data, config.sequence, config.tensor
    mesh = init_device_mesh(ranks.device.type, shape, mesh_dim_names=("dp", "cp", "tp"))
    return Layout(config, ranks, mesh, mesh["dp", "cp"]._flatten("copies"))
