"""Tensor parallelism: each rank computes some heads, some feed-forward channels and some of the vocabulary.

Megatron-LM's way (arXiv:1909.08053): within attention and feed-forward, the first matrices are divided by rows and the
last by columns, so that a block needs two sums over ranks forward and two backward. The matrices are DTensors, which
FSDP2 and checkpoints understand; the model computes with its own part of each (`here` in gpt/model.py).
"""

from __future__ import annotations

from typing import Any

import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import Placement, Replicate, Shard, distribute_tensor

from pleiade.lab.gpt.divided import copy_to_ranks, sum_over_ranks
from pleiade.lab.gpt.model import Attention, Gpt, SwiGLU

# How Hugging Face's names are divided; every other parameter is whole on each rank.
DIVIDED_BY_ROWS = ("embed_tokens", "lm_head", "q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
DIVIDED_BY_COLUMNS = ("o_proj", "down_proj")


def divided_dim(name: str) -> int | None:
    """The dimension in which tensor parallelism divides a parameter, or None."""
    layer = name.split(".")[-2] if "." in name else name
    return 0 if layer in DIVIDED_BY_ROWS else 1 if layer in DIVIDED_BY_COLUMNS else None


def divide_tensors(model: Gpt, mesh: DeviceMesh) -> None:
    """Leave this rank its part of each parameter, in place, and make attention and feed-forward sum over ranks."""
    group = mesh.get_group()
    for prefix, module in model.named_modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            dim = divided_dim(f"{prefix}.{name}")
            placement: Placement = Replicate() if dim is None else Shard(dim)
            # Every rank has the same values (or none yet), so none has to send its own.
            part = distribute_tensor(parameter.detach(), mesh, [placement], src_data_rank=None)
            module.register_parameter(name, nn.Parameter(part))
        if isinstance(module, Attention | SwiGLU):
            _sum_what_comes_out(module, group)
        if isinstance(module, Attention):
            for norm in (module.q_norm, module.k_norm):
                norm.heads_over = group


def _sum_what_comes_out(module: nn.Module, group: dist.ProcessGroup) -> None:
    def take_in(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return (copy_to_ranks(inputs[0], group), *inputs[1:])

    def give_out(_: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        return sum_over_ranks(output, group)

    module.register_forward_pre_hook(take_in)
    module.register_forward_hook(give_out)
