"""The code model: the base model goes on reading, mostly code, half of it with the middle told last.

It starts from the base's weights and tokenizer, at a part of the base's learning rates, with some prose kept in the
recipe so that comments and questions stay readable (Codex; Bavarian et al., 2022, on filling in the middle).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from pleiade.lab.corpora.build import build_corpus
from pleiade.lab.corpora.recipe import bundled_recipe, load_recipe
from pleiade.lab.data.manifest import MANIFEST
from pleiade.lab.data.stream import StreamConfig
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.ranks import join_ranks
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


def code_corpus(config: CodeConfig, data: Path, folder: Path) -> Path:
    """The built corpus of `config.recipe`: the one it names, or one built in `folder` by the first rank."""
    if (Path(config.recipe) / MANIFEST).exists():
        return Path(config.recipe)
    ranks = join_ranks()
    if ranks.is_first:
        is_file = config.recipe.endswith(".toml")
        build_corpus(load_recipe(Path(config.recipe)) if is_file else bundled_recipe(config.recipe), data, folder)
    ranks.wait_for_all()
    return folder
