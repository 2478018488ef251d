"""Long sequences: the ranks of a group share each row's positions and gather keys and values from one another.

As in Llama 3's training (arXiv:2407.21783, section 3.3.2): a row is cut into twice as many slices as there are ranks,
and rank i takes the i-th from the beginning and the i-th from the end, because late positions attend to more than early
ones. Queries stay where they are; keys and values are small (few heads) and are gathered whole.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from pleiade.lab.gpt.model import Block, Gpt, causal_attention
from pleiade.lab.objectives.base import B, MicroBatch


def positions_of(rank: int, size: int, length: int) -> Tensor:
    """The positions (length / size,) of a row of `length` that are a rank's: its early slice, then its late one.

    Raises ValueError where the row has no two equal slices for each rank.
    """
    if length % (2 * size):
        raise ValueError(
            f"rows of {length} positions do not divide into two slices for each of {size} ranks: "
            f"make seq_len a multiple of {2 * size}"
        )
    slices = torch.arange(length).chunk(2 * size)
    return torch.cat([slices[rank], slices[2 * size - 1 - rank]])


def take_positions(batch: B, rank: int, size: int) -> B:
    """A rank's positions of a batch of rows of tokens; of any other there are none to take."""
    if not isinstance(batch, MicroBatch):
        raise TypeError(f"a {type(batch).__name__} has no positions to share")
    mine = positions_of(rank, size, batch.ids.shape[1])
    return dataclasses.replace(batch, ids=batch.ids[:, mine], targets=batch.targets[:, mine])


class _GatherRanks(torch.autograd.Function):
    """(...) -> (ranks, ...): what every rank has; backward, each rank's own is summed over those that used it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: dist.ProcessGroup) -> Tensor:
        ctx.group = group
        gathered = x.new_empty(dist.get_world_size(group) * len(x), *x.shape[1:])
        dist.all_gather_single(gathered, x.contiguous(), group=group)
        return gathered.view(-1, *x.shape)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        own = torch.empty_like(grad[0])
        dist.reduce_scatter_single(own, grad.flatten(0, 1).contiguous(), group=ctx.group)
        return own, None


class GatheredAttention:
    """Causal attention of this rank's positions to those of the whole row."""

    def __init__(self, group: dist.ProcessGroup) -> None:
        self.group, self.rank, self.size = group, dist.get_rank(group), dist.get_world_size(group)

    def __call__(self, q_BNTH: Tensor, k_BKTH: Tensor, v_BKTH: Tensor) -> Tensor:
        """(B, N, T, H) of this rank's queries, keys and values -> (B, N, T, H)."""
        k_BKSH, v_BKSH = self._in_order(_GatherRanks.apply(torch.stack([k_BKTH, v_BKTH]), self.group))  # type: ignore[no-untyped-call]
        width = q_BNTH.shape[2] // 2
        parts = []
        for queries, place in zip(
            torch.split(q_BNTH, width, dim=2), (self.rank, 2 * self.size - 1 - self.rank), strict=True
        ):
            end = (place + 1) * width  # nothing after a slice is looked at
            parts.append(causal_attention(queries, k_BKSH[:, :, :end], v_BKSH[:, :, :end]))
        return torch.cat(parts, dim=2)

    def _in_order(self, gathered_R2BKTH: Tensor) -> tuple[Tensor, Tensor]:
        early, late = gathered_R2BKTH.chunk(2, dim=4)
        in_order = torch.cat([*early.unbind(0), *late.flip(0).unbind(0)], dim=3)  # (2, B, K, S, H)
        keys, values = in_order.unbind(0)
        return keys, values


def divide_positions(model: Gpt, group: dist.ProcessGroup) -> None:
    """Make every block attend to the positions of all ranks of the group, in place."""
    for layer in model.layers:
        assert isinstance(layer, Block)
        layer.self_attn.attend = GatheredAttention(group)
