"""A model is spread over the ranks: tensors divided, positions shared, blocks recomputed or sharded, and back again."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor

from pleiade.lab.gpt.model import Gpt, init_weights, rotary_tables
from pleiade.lab.network import Network
from pleiade.lab.objectives.base import Hidden
from pleiade.lab.parallel.checkpoint import DividedCheckpoints
from pleiade.lab.parallel.config import ParallelConfig
from pleiade.lab.parallel.layout import Layout, arrange
from pleiade.lab.parallel.sequence import divide_positions, positions_of
from pleiade.lab.parallel.tensor import divide_tensors
from pleiade.lab.placed import Placed
from pleiade.lab.ranks import Ranks


def spread(
    model: Gpt,
    config: ParallelConfig,
    ranks: Ranks,
    run: Path,
    dtype: torch.dtype,
    seed: int,
    *,
    compiled: bool,
) -> Placed:
    """Divide a model as a settled configuration says: this rank's part of it, computing in `dtype`.

    A model that has no weights yet (on the meta device) never takes more memory than a part, and gets its first from
    `seed`. Any other gives its own up.
    """
    layout = arrange(ranks, config)
    is_new = any(parameter.is_meta for parameter in model.parameters())
    divided = copy.deepcopy(model)
    model.to("meta")
    divide(divided, layout, dtype, compiled=compiled)
    if is_new:
        new_weights(divided, ranks.device, seed)
    else:
        divided.to(ranks.device)
    return Placed(
        layout,
        divided,
        hidden_of(divided, layout),
        DividedCheckpoints(run, ranks),
        lender=None if is_new else model,
    )


def divide(model: Gpt, layout: Layout, dtype: torch.dtype, *, compiled: bool) -> None:
    """Leave this rank its part of a model, in place."""
    config, mesh = layout.config, layout.mesh
    if config.tensor > 1:
        divide_tensors(model, mesh["tp"])
    if config.sequence > 1:
        divide_positions(model, mesh["cp"].get_group())
    model.recompute = config.recompute
    if compiled:
        for block in model.layers:
            block.compile(dynamic=False)
    if config.shard:
        _shard(model, layout, dtype)


def _shard(model: Gpt, layout: Layout, dtype: torch.dtype) -> None:
    """FSDP2: a block's weights are gathered when it computes, in the type that it computes in, and dropped after it."""
    narrow = dtype if dtype != torch.float32 else None
    # Rotary tables pass through the blocks as inputs and stay float32.
    policy = MixedPrecisionPolicy(param_dtype=narrow, reduce_dtype=torch.float32, cast_forward_inputs=False)
    for module in (*model.layers, model):
        sharded = fully_shard(module, mesh=layout.copies, mp_policy=policy)
        # The loss is divided by all targets of the step beforehand: gradients add up and are not averaged. (A factor of
        # one alone is a reduction that gloo does not know.)
        sharded.set_gradient_divide_factor(1.0)
        sharded.set_force_sum_reduction_for_comms(True)
    register_fsdp_forward_method(model, "hidden")


def new_weights(model: Gpt, device: torch.device, seed: int) -> None:
    """Give a divided model that is still on the meta device its first weights, the same for any division."""
    _materialise(model, device)
    init_weights(model, seed)


def _materialise(model: Gpt, device: torch.device) -> None:
    model.to_empty(device=device)
    cos_TH, sin_TH = rotary_tables(model.config, model.config.max_position, device)
    model.cos_TH.copy_(cos_TH)
    model.sin_TH.copy_(sin_TH)


def hidden_of(model: Gpt, layout: Layout) -> Hidden:
    """`model.hidden` for this rank's positions."""
    sequence = layout.config.sequence
    if sequence == 1:
        return model.hidden
    rank = layout.mesh.get_local_rank("cp")

    def hidden(ids_BT: Tensor, dtype: torch.dtype) -> Tensor:
        positions_T = positions_of(rank, sequence, ids_BT.shape[1] * sequence).to(ids_BT.device)
        if (length := len(positions_T) * sequence) > model.config.max_position:
            raise ValueError(f"{length} tokens exceed the model's {model.config.max_position} positions: shorten rows")
        return model.hidden(ids_BT, dtype, positions_T)

    return hidden


@torch.no_grad()
def gather(divided: Network, whole: Gpt) -> None:
    """Give a model on the meta device a divided one's weights; all ranks take part and each gets all of them."""
    _materialise(whole, torch.device("cpu"))
    targets = dict(whole.named_parameters())
    for name, parameter in divided.named_parameters():
        targets[name].copy_(parameter.full_tensor() if isinstance(parameter, DTensor) else parameter)
