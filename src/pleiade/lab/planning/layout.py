"""How a run is divided and computed, as the plain numbers that formulas need."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pleiade.lab.parallel.config import ParallelConfig


@dataclass(frozen=True)
class Layout:
    """How a run is divided and computed, as plain numbers (parallel/config.py tells what the first five mean).

    `fused` attention keeps no scores (GPUs); `compiled` steps keep fewer values on the way than eager ones;
    `value_bytes` is the size of what passes through the model: 2 for bfloat16, 4 for float32.
    """

    data: int = 1
    sequence: int = 1
    tensor: int = 1
    shard: bool = False
    recompute: bool = False
    fused: bool = True
    compiled: bool = True
    value_bytes: int = 2

    @property
    def parts(self) -> int:
        """Into how many parts weights, gradients and optimizer are divided."""
        return self.tensor * (self.data * self.sequence if self.shard else 1)


def layout_for(settled: ParallelConfig, precision: str, *, on_gpu: bool, compiled: bool) -> Layout:
    """The numbers of a configuration that is settled (parallel/config.py) and computes in `precision`."""
    return Layout(
        data=settled.data,
        sequence=settled.sequence,
        tensor=settled.tensor,
        shard=bool(settled.shard),
        recompute=settled.recompute,
        fused=on_gpu,
        compiled=compiled,
        value_bytes=getattr(torch, precision).itemsize,
    )
