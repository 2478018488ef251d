"""How many ranks divide what, and the refusal of what cannot be divided."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from pleiade.lab.gpt.config import GptConfig


@dataclass(frozen=True)
class ParallelConfig:
    """The ranks of a run are `data` x `sequence` x `tensor`; what is not asked for is not divided.

    `data` ranks share the rows of a step (0: as many as the other two leave). `sequence` ranks share the positions of
    each row, `tensor` ranks the heads, feed-forward channels and vocabulary of each matrix. With `shard`, the ranks of
    data and sequence each keep only their part of weights, gradients and optimizer (FSDP2); None means wherever several
    GPUs train together. `recompute` computes each block again in the backward pass instead of keeping what it held.
    """

    data: int = 0
    sequence: int = 1
    tensor: int = 1
    shard: bool | None = None
    recompute: bool = False

    @property
    def divides(self) -> bool:
        """Whether a rank of a settled configuration holds less than all weights, or sees less than whole rows."""
        return bool(self.shard) or self.ranks_per_row > 1

    @property
    def ranks_per_row(self) -> int:
        """How many ranks work on the same row."""
        return self.sequence * self.tensor


def settle(
    config: ParallelConfig,
    world: int,
    model: GptConfig,
    *,
    on_gpu: bool,
    seq_len: int | None = None,
    micro_batches: int | None = None,
) -> ParallelConfig:
    """The configuration with `data` and `shard` decided, for a run of `world` ranks.

    Raises ValueError, with every reason and its remedy, where the model, its rows of `seq_len` or the step's
    `micro_batches` cannot be divided so. Nothing that was asked for is ever changed.
    """
    data = config.data or max(1, world // max(1, config.ranks_per_row))
    shard = on_gpu and world > 1 if config.shard is None else config.shard
    settled = dataclasses.replace(config, data=data, shard=shard and data * config.sequence > 1)
    if misfits := _misfits(settled, world, model, seq_len, micro_batches):
        raise ValueError("this run cannot be divided so:\n" + "\n".join(f"  - {misfit}" for misfit in misfits))
    return settled


def _misfits(
    config: ParallelConfig, world: int, model: GptConfig, seq_len: int | None, micro_batches: int | None
) -> list[str]:
    data, sequence, tensor = config.data, config.sequence, config.tensor
    if min(data, sequence, tensor) < 1:
        return [f"parallel.data={data}, sequence={sequence} and tensor={tensor} count ranks: give 1 or more"]
    found = []
    if data * sequence * tensor != world:
        found.append(
            f"data x sequence x tensor = {data} x {sequence} x {tensor} is not the number of ranks, {world}: start "
            f"{data * sequence * tensor} ranks or change parallel.data, parallel.sequence or parallel.tensor"
        )
    for what, size in (
        ("num_heads", model.num_heads),
        ("num_kv_heads", model.num_kv_heads),
        ("ffn_size", model.ffn_size),
        ("vocab_size", model.vocab_size),
    ):
        if size % tensor:
            found.append(f"model.{what}={size} does not divide among parallel.tensor={tensor} ranks: choose a divisor")
    if sequence > 1 and seq_len is not None and seq_len % (2 * sequence):
        found.append(
            f"rows of {seq_len} positions do not divide into two slices for each of parallel.sequence={sequence} "
            f"ranks: make seq_len a multiple of {2 * sequence}"
        )
    if data > 1 and micro_batches is not None and micro_batches % data and config.shard:
        found.append(
            f"a step of {micro_batches} micro-batches does not divide among {data} data ranks that gather weights "
            "together: choose rows and micro_rows so that rows / micro_rows is a multiple"
        )
    return found
