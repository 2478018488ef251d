"""Out of memory, or a loss that is no number: which keys to type so that the same command gets further."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.objectives.base import Batch
from pleiade.lab.objectives.pairs import PairBatch
from pleiade.lab.objectives.replay import ReplayedBatch
from pleiade.lab.planning.fitting import what_fits
from pleiade.lab.planning.layout import Layout
from pleiade.lab.planning.memory import divisors, memory_of_step

# What comes before a key where it is that of a stage after pretraining.
BELOW = {stage: f"{stage}." for stage in ("code", "chat", "reward")} | {
    stage: f"{stage}.stage." for stage in ("dpo", "rloo")
}
# The same of a picture model's stages: those that take a step's rows at once, and all.
AT_ONCE = {"encoder": "encoder.", "measuring": "encoder.", "enlarger": "enlarger."}
OF_PICTURES = {"few": "few.", **AT_ONCE}
# The formula is within 25 % of what a step takes; libraries take some more at their first use.
SURE, FIRST_USE = 0.8, 64 * 2**20


@dataclass(frozen=True)
class Room:
    """What a rank of a stage had left (bytes; None = unknown) when weights and optimizer were there, nothing else.

    `model` is None for a network whose memory no formula tells.
    """

    model: GptConfig | None
    layout: Layout
    free: float | None
    stage: str

    @contextmanager
    def advice(self, batch: Batch, num_batches: int) -> Iterator[None]:
        """Turn the allocator's cry over one of a step's batches into a MemoryError that names the batch that fits."""
        try:
            yield
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if _is_about_memory(error):
                what = "tokens" if self.model is not None else "pictures"
                raise MemoryError(
                    f"a micro-batch of {batch.num_tokens:,} {what} does not fit into memory: "
                    f"{self._remedy(batch, num_batches)}"
                ) from error
            raise

    @contextmanager
    def advice_on_update(self) -> Iterator[None]:
        """The same for the optimizer's step, which no smaller batch makes smaller."""
        try:
            yield
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if _is_about_memory(error):
                remedy = "take a larger device, or a smaller model"
                if self.model is not None and not self.layout.shard and self.layout.data * self.layout.sequence > 1:
                    below = "" if self.stage == "code" else _below(self.stage)  # code is divided as the base is
                    remedy = f"give the same command with {below}parallel.shard=true, or {remedy}"
                raise MemoryError(f"the optimizer's step does not fit into memory: {remedy}") from error
            raise

    def _remedy(self, batch: Batch, num_batches: int) -> str:
        rows_each = 2 if isinstance(batch, PairBatch) else 1
        micro_rows, seq_len = len(batch.ids) // rows_each, batch.ids.shape[1] * self.layout.sequence
        is_replayed = isinstance(batch, ReplayedBatch)  # by as many rows as pretraining takes, whose key is the base's
        below = "" if is_replayed else _below(self.stage)
        rows = micro_rows * (1 if is_replayed else num_batches)
        if self.model is None and self.stage in AT_ONCE:
            return f"train this stage anew with fewer {below}rows than {rows}, or take a larger device"
        found = None
        if self.free is not None and self.model is not None:
            room, there = self.free * SURE - FIRST_USE, memory_of_step(self.model, seq_len, 1, self.layout)
            kept = there.weights + there.optimizer
            if self.stage in BELOW:  # those divide nothing
                found = next(
                    (
                        f"{below}micro_rows={fewer}"
                        for fewer in divisors(rows)
                        if fewer < micro_rows
                        and memory_of_step(self.model, seq_len, fewer * rows_each, self.layout).total - kept <= room
                    ),
                    None,
                )
            else:
                found = what_fits(self.model, seq_len, micro_rows, rows, self.layout, room, kept, tried=True)
        same = "the step stays the same, in more and smaller parts"
        if found:
            return f"give the same command with {found}, which fits ({same})"
        if micro_rows > 1:
            fewer = next(n for n in divisors(rows) if n < micro_rows)
            return f"give the same command with {below}micro_rows={fewer} or fewer ({same})"
        return "not even one row does: shorten the rows, choose a smaller model, or take a larger device"


def learning_rates(stage: str) -> str:
    """The keys by which a stage's learning rates are lowered."""
    below = _below(stage)
    return "code.rate" if stage == "code" else f"{below}optim.muon_lr, {below}optim.embedding_lr"


def _is_about_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _below(stage: str) -> str:
    return (BELOW | OF_PICTURES).get(stage, "")
