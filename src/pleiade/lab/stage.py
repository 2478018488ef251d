"""A stage after pretraining: some epochs over examples, through the same loop, with rates that fall all the way."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pleiade.lab.events.samples import Prompts
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.base import B, Objective
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.parallel.config import ParallelConfig
from pleiade.lab.train import LoopConfig, Outcome, train


@dataclass(frozen=True)
class StageConfig:
    """`epochs` over the examples, `rows` of them (conversations packed, or pairs) a step; rates below pretraining's.

    `loop.minutes` ends the stage by the clock instead of by epochs. Ranks share its rows; `parallel` can divide more.
    """

    epochs: float = 4.0
    seq_len: int = 512
    rows: int = 32
    micro_rows: int = 16
    seed: int = 1
    loop: LoopConfig = field(default_factory=lambda: LoopConfig(steps=1))
    optim: OptimConfig = field(
        default_factory=lambda: OptimConfig(muon_lr=0.006, embedding_lr=0.003, gain_lr=0.002, muon_weight_decay=0.0)
    )
    schedule: ScheduleConfig = field(default_factory=lambda: ScheduleConfig(warmup_steps=20, decay_fraction=0.9))
    parallel: ParallelConfig = field(default_factory=lambda: ParallelConfig(shard=False))


class EpochObjective(Objective[B], Protocol[B]):
    """An objective over a known number of examples."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps until every example was seen once."""
        ...


def num_steps(objective: EpochObjective[B], config: StageConfig) -> int:
    """How many steps the stage takes."""
    return max(1, round(config.epochs * objective.steps_per_epoch))


def run_stage(
    model: Gpt, objective: EpochObjective[B], config: StageConfig, run: Path, prompts: Prompts | None = None
) -> Outcome:
    """Train `model` in place for the stage's epochs or minutes, or resume the run in `run`.

    `prompts` are what its samples answer.
    """
    loop = config.loop
    if loop.minutes is None:
        loop = dataclasses.replace(loop, steps=num_steps(objective, config))
    return train(model, objective, loop, config.optim, config.schedule, run, prompts, config.parallel)
