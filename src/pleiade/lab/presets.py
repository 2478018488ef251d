"""Named runs: everything that a training run depends on, as one frozen value that can be printed and overridden."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pleiade.lab.begun import differences, read_json, write_json
from pleiade.lab.code import CodeConfig, code_on_gpu, slower
from pleiade.lab.configuration import assign
from pleiade.lab.corpora.recipe import sources_named
from pleiade.lab.data.corpus import Source
from pleiade.lab.data.stream import StreamConfig
from pleiade.lab.dpo import DpoConfig
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.parallel.config import ParallelConfig
from pleiade.lab.planning.config import PlanConfig
from pleiade.lab.reward import reward_config
from pleiade.lab.rloo import RlooConfig
from pleiade.lab.stage import StageConfig
from pleiade.lab.train import BAD_BATCH, LoopConfig


@dataclass(frozen=True)
class Preset:
    """A model's whole way: its pretraining, and the stages after it.

    `code`, `chat`, `reward`, `dpo` and `rloo` are those stages'; `replay_rows` of pretraining's text are part of every
    step of `chat` (0 = none). Everything else is pretraining's: `rows` sequences a step, `micro_rows` at a time.
    """

    name: str
    model: GptConfig
    loop: LoopConfig
    recipe: tuple[Source, ...] = field(default_factory=lambda: sources_named("pico"))
    stream: StreamConfig = field(default_factory=StreamConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    rows: int = 32
    micro_rows: int = 16
    tokenizer_megabytes: int = 64
    code: CodeConfig = field(default_factory=CodeConfig)
    chat: StageConfig = field(default_factory=StageConfig)
    replay_rows: int = 64
    reward: StageConfig = field(default_factory=reward_config)
    dpo: DpoConfig = field(default_factory=DpoConfig)
    rloo: RlooConfig = field(default_factory=RlooConfig)
    parallel: ParallelConfig = field(default_factory=ParallelConfig)
    plan: PlanConfig = field(default_factory=PlanConfig)

    @property
    def step_tokens(self) -> int:
        """Tokens an optimizer step sees."""
        return self.rows * self.stream.seq_len

    @property
    def replay_micro_rows(self) -> int:
        """Replayed rows at a time, which divide them: at most as many as pretraining takes, and half of them."""
        most = max(1, min(self.micro_rows, self.replay_rows // 2))
        return next(n for n in range(most, 0, -1) if self.replay_rows % n == 0)

    def on_code(self, corpus: Path) -> Preset:
        """The pretraining that goes on from this one's model with the code stage's text, length and rates."""
        code = self.code
        return dataclasses.replace(
            self,
            name=f"{self.name}-code",
            recipe=sources_named(str(corpus)),
            stream=code.stream,
            loop=code.loop,
            schedule=code.schedule,
            optim=slower(self.optim, code.rate),
            rows=code.rows,
            micro_rows=code.micro_rows,
        )


def presets() -> dict[str, Preset]:
    """The presets by name. `toy` is for tests, `pico` for two CPU cores, `nano` and `mini` for one data-centre GPU.

    `small` and `1b` are for one machine of such GPUs, `7b` and `70b` for clusters.
    """
    return {
        preset.name: preset
        for preset in (
            Preset(
                "toy",
                GptConfig(512, 64, 2, 2, 1, 32, 128, max_position=512),
                LoopConfig(steps=40, precision="float32", compile=False, threads=1, log_steps=10),
                stream=StreamConfig(seq_len=64, piece_tokens=128, fim_tokens=48),
                schedule=ScheduleConfig(warmup_steps=5),
                rows=8,
                micro_rows=4,
                tokenizer_megabytes=1,
            ),
            Preset(
                "pico",
                GptConfig(8192, 256, 4, 4, 2, 64, 704),
                LoopConfig(minutes=90.0),
                stream=StreamConfig(seq_len=256, piece_tokens=1024, fim_tokens=224),
                schedule=ScheduleConfig(decay_fraction=0.6),
                rows=64,
                micro_rows=32,
            ),
            Preset(
                "nano",
                GptConfig(16384, 512, 8, 4, 2, 128, 1408),
                LoopConfig(steps=4600),
                stream=StreamConfig(seq_len=1024, piece_tokens=2048, fim_tokens=768),
                optim=OptimConfig(muon_lr=0.03, embedding_lr=0.03),
                schedule=ScheduleConfig(warmup_steps=60, decay_fraction=0.6),
                rows=128,
                micro_rows=64,
                code=code_on_gpu(steps=2700),
            ),
            Preset(
                "mini",
                GptConfig(32768, 768, 12, 6, 2, 128, 2048, tied=False),
                LoopConfig(steps=2500),
                stream=StreamConfig(seq_len=1024, piece_tokens=2048, fim_tokens=768),
                optim=OptimConfig(muon_lr=0.02, embedding_lr=0.2),
                schedule=ScheduleConfig(warmup_steps=60, decay_fraction=0.6),
                rows=256,
                micro_rows=64,
                code=code_on_gpu(steps=1400),
            ),
            # From here on each model reads about twenty tokens a parameter (arXiv:2203.15556), in a shape that divides
            # among many ranks; `--plan` says what it takes on which devices. None of these has been trained here.
            # Batches grow with size as GPT-3's did (arXiv:2005.14165, table 2.1), up to Llama's 4 to 8 M tokens.
            # muon_lr stays mini's: Muon's update has the same spectral size in matrices of any width, which is what
            # lets a rate be carried over (arXiv:2310.17813). AdamW's rates fall with the root of the width from mini's
            # 0.2 and 0.004 at 768, as nanochat's do.
            Preset(
                "small",
                GptConfig(32768, 1024, 24, 8, 4, 128, 2944, tied=False),
                LoopConfig(steps=14_000),
                stream=StreamConfig(seq_len=2048, piece_tokens=2048, fim_tokens=768),
                optim=OptimConfig(muon_lr=0.02, embedding_lr=0.17, head_lr=0.0035),
                rows=256,
                micro_rows=8,
            ),
            Preset(
                "1b",
                GptConfig(65536, 2048, 16, 16, 8, 128, 6144, max_position=4096, tied=False),
                LoopConfig(steps=21_000),
                stream=StreamConfig(seq_len=4096, piece_tokens=4096, fim_tokens=1024),
                optim=OptimConfig(muon_lr=0.02, embedding_lr=0.12, head_lr=0.0024),
                schedule=ScheduleConfig(warmup_steps=300),
                rows=256,
                micro_rows=2,
            ),
            Preset(
                "7b",
                GptConfig(65536, 4096, 32, 32, 8, 128, 12800, max_position=4096, tied=False),
                LoopConfig(steps=33_000),
                stream=StreamConfig(seq_len=4096, piece_tokens=4096, fim_tokens=1024),
                optim=OptimConfig(muon_lr=0.02, embedding_lr=0.09, head_lr=0.0017),
                schedule=ScheduleConfig(warmup_steps=500),
                rows=1024,
                micro_rows=1,
                parallel=ParallelConfig(recompute=True),
            ),
            Preset(
                "70b",
                GptConfig(65536, 8192, 80, 64, 8, 128, 28672, max_position=4096, tied=False),
                LoopConfig(steps=165_000),
                stream=StreamConfig(seq_len=4096, piece_tokens=4096, fim_tokens=1024),
                # Lower than the others, for here a run that has to begin again costs most.
                optim=OptimConfig(muon_lr=0.015, embedding_lr=0.06, head_lr=0.0012),
                schedule=ScheduleConfig(warmup_steps=1000),
                rows=2048,
                micro_rows=1,
                parallel=ParallelConfig(tensor=8, recompute=True),
            ),
        )
    }


def override(preset: Preset, assignments: list[str]) -> Preset:
    """The preset with `key=value` changes, keys dotted (`loop.minutes=10`, `model.num_layers=8`).

    Raises ValueError naming the key and the keys that exist there. A `loop.steps` replaces a `loop.minutes` and
    the other way round. `recipe=` takes a recipe's name, its file, or the folder of a built corpus.
    """
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if separator and key == "recipe":
            preset = dataclasses.replace(preset, recipe=sources_named(text))
        else:
            preset = assign(preset, assignment, one_of=("steps", "minutes"))
    return preset


def write_preset(preset: Preset, path: Path) -> None:
    """Record a run's whole configuration as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, dataclasses.asdict(preset))


def read_preset(path: Path) -> Preset:
    """What `write_preset` recorded; what an older version did not know is as it is by default."""
    return msgspec.json.decode(path.read_bytes(), type=Preset)


# What may differ when a run goes on: how long and how it is computed, and the stages that follow.
MAY_CHANGE = (
    "loop.steps",
    "loop.minutes",
    "loop.compile",
    "loop.threads",
    "loop.deterministic",
    "loop.log_steps",
    "loop.sample_seconds",
    "loop.peak_tflops",
    "micro_rows",
    "replay_rows",
)
MAY_CHANGE_BELOW = ("loop.checkpoint", "code.", "chat.", "reward.", "dpo.", "rloo.", "parallel.", "plan.")


def is_how_only(key: str) -> bool:
    """Whether a stage's dotted key says how long it runs or how it is computed, not what comes out."""
    if key.endswith(".micro_rows") or ".parallel." in key:
        return True
    return ".loop." in key and not key.endswith((".precision", ".seed"))


def refuse_another_preset(preset: Preset, path: Path) -> None:
    """Raise ValueError, naming every differing key, where the run that recorded `path` was begun with other values.

    The learning rates of a run that was stopped by a loss that is not a number may be others.
    """
    if not path.exists():
        return
    stopped = (path.parent / BAD_BATCH).exists()
    differing = differences(
        read_json(path),
        dataclasses.asdict(preset),
        lambda key: key in MAY_CHANGE or key.startswith(MAY_CHANGE_BELOW) or (stopped and key.endswith("_lr")),
    )
    if differing:
        raise ValueError(
            f"the run in {path.parent} was begun with another configuration ({'; '.join(differing)}): "
            "give it the same values, or another --run"
        )
