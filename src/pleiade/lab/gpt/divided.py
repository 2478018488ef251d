"""A model divided among ranks: what each computes with, and how their parts of a value become one.

`copy_to_ranks` and `sum_over_ranks` are each other's backward pass: f and g of Megatron-LM (arXiv:1909.08053).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn


def is_divided(tensor: Tensor) -> bool:
    """Whether each rank holds a part of a tensor."""
    # By name, because to import the class costs each start a second, and the compiler sees no attributes of a tensor.
    return type(tensor).__name__ == "DTensor"


def here(tensor: Tensor) -> Tensor:
    """This rank's part of a divided tensor; any other tensor itself."""
    part: Tensor = tensor.to_local() if is_divided(tensor) else tensor  # type: ignore[attr-defined]
    return part


@torch.no_grad()
def fill(tensor: Tensor, values: Tensor) -> None:
    """Give a tensor its values; of a divided one this rank's part, without a word to the others."""
    if not is_divided(tensor):
        tensor.copy_(values)
        return
    from torch.distributed.tensor import DTensor, Replicate

    assert isinstance(tensor, DTensor)
    mesh = tensor.device_mesh
    whole = DTensor.from_local(values.to(tensor.device), mesh, [Replicate()] * mesh.ndim, run_check=False)
    tensor.to_local().copy_(whole.redistribute(placements=tensor.placements).to_local())


@dataclass(frozen=True)
class VocabularyPart:
    """The tokens `first`… of which this rank holds the rows, and the ranks that hold the others."""

    group: dist.ProcessGroup
    first: int
    weight: Tensor  # (tokens here, D)

    def find(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Each token's row here (any row where it is elsewhere), and whether it is here."""
        rows = ids - self.first
        is_here = (rows >= 0) & (rows < len(self.weight))
        return rows.clamp(0, len(self.weight) - 1), is_here


def vocabulary_part(weight_VD: Tensor) -> VocabularyPart | None:
    """What this rank holds of a vocabulary that tensor parallelism divides evenly; None where it is whole."""
    mesh = getattr(weight_VD, "device_mesh", None)
    if mesh is None:
        return None
    part = here(weight_VD)
    return VocabularyPart(mesh.get_group(), mesh.get_local_rank() * len(part), part)


def embed(embedding: nn.Embedding, ids_BT: Tensor) -> Tensor:
    """(B, T) -> (B, T, D), whether this rank holds all of the vocabulary's rows or some."""
    part = vocabulary_part(embedding.weight)
    if part is None:
        x_BTD: Tensor = embedding(ids_BT)
        return x_BTD
    rows, is_here = part.find(ids_BT)
    return sum_over_ranks(F.embedding(rows, part.weight) * is_here[..., None], part.group)


class _CopyToRanks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, group: dist.ProcessGroup) -> Tensor:
        ctx.group = group
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return _summed(grad, ctx.group), None


class _SumOverRanks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, group: dist.ProcessGroup) -> Tensor:
        return _summed(x, group)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


def _summed(x: Tensor, group: dist.ProcessGroup) -> Tensor:
    total = x.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total, group=group)
    return total


def copy_to_ranks(x: Tensor, group: dist.ProcessGroup) -> Tensor:
    """`x`, equal on all ranks, each of which goes on to compute a part: gradients add up on the way back."""
    y: Tensor = _CopyToRanks.apply(x, group)  # type: ignore[no-untyped-call]
    return y


def sum_over_ranks(x: Tensor, group: dist.ProcessGroup) -> Tensor:
    """The sum of the ranks' `x`, on each of them."""
    y: Tensor = _SumOverRanks.apply(x, group)  # type: ignore[no-untyped-call]
    return y
