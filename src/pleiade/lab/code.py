"""The code model: the base model goes on reading, mostly code, half of it with the middle told last.

It starts from the base's weights and tokenizer, at a part of the base's learning rates, with some prose kept in the
recipe so that comments and questions stay readable (Codex; Bavarian et al., 2022, on filling in the middle).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from pleiade.lab.data.stream import StreamConfig
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.train import LoopConfig


@dataclass(frozen=True)
class CodeConfig:
    """`recipe` is a recipe's name or file, built in the run's folder, or the folder of a built corpus.

    `rate` is the share of the base's peak learning rates.
    """

    recipe: str = "code"
    rate: float = 0.5
    rows: int = 32
    micro_rows: int = 16
    stream: StreamConfig = field(
        default_factory=lambda: StreamConfig(seq_len=512, piece_tokens=1024, fim_rate=0.5, fim_tokens=512)
    )
    loop: LoopConfig = field(default_factory=lambda: LoopConfig(steps=1400))
    schedule: ScheduleConfig = field(default_factory=lambda: ScheduleConfig(warmup_steps=50, decay_fraction=0.6))


def slower(optim: OptimConfig, rate: float) -> OptimConfig:
    """The same optimizer at `rate` times its learning rates."""
    rates = {name: rate * getattr(optim, name) for name in ("muon_lr", "embedding_lr", "head_lr", "gain_lr")}
    return dataclasses.replace(optim, **rates)


def code_on_gpu(steps: int) -> CodeConfig:
    """The stage at the sizes of one data-centre GPU: 131,072 tokens a step."""
    stream = StreamConfig(seq_len=1024, piece_tokens=2048, fim_rate=0.5, fim_tokens=1024)
    return CodeConfig(rows=128, micro_rows=64, stream=stream, loop=LoopConfig(steps=steps))
