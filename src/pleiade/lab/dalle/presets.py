"""Named runs of picture models: everything that one depends on, as one frozen value."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pleiade.lab.begun import differences, read_json, write_json
from pleiade.lab.configuration import assign
from pleiade.lab.dalle.config import MOST_GUIDANCE, PixConfig
from pleiade.lab.dalle.encoder import EncoderConfig, EncoderStage
from pleiade.lab.dalle.enlarger import EnlargerConfig, EnlargerStage
from pleiade.lab.dalle.flow import GUIDED_UNTIL
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.train import BAD_BATCH, LoopConfig

MEANFLOW, HALVES = "meanflow", "halves"  # ways to distil, see distil.py


@dataclass(frozen=True)
class FlowConfig:
    """What the base model practises: how noisy, how often with known pixels, without caption or likeness.

    `time_mean` and `time_deviation` are of the normal number whose logistic is the time.
    """

    time_mean: float = -1.4
    time_deviation: float = 1.1
    masked: float = 0.35
    drop_caption: float = 0.1
    drop_picture: float = 0.6


@dataclass(frozen=True)
class FewStepConfig:
    """`method` is "meanflow" or "halves", with `teacher_steps` small ones in a step.

    Of the rows, `instant` have no length (the student keeps the teacher's velocity), `on_grid` begin and end where a
    sampler's steps do, the others anywhere. Guidance is log-uniform up to `most_guidance`; the teacher is guided while
    t lies below `guided_until`. Errors count with the power -`adaptive` of their own size (MeanFlow's p).
    """

    method: str = HALVES
    teacher_steps: int = 4
    instant: float = 0.25
    on_grid: float = 0.5
    most_guidance: float = 6.0
    guided_until: float = GUIDED_UNTIL
    adaptive: float = 0.5

    def __post_init__(self) -> None:
        if self.method not in (MEANFLOW, HALVES):
            raise ValueError(f"few.distil.method={self.method!r}: choose {MEANFLOW} or {HALVES}")
        if not 1 <= self.most_guidance <= MOST_GUIDANCE:
            raise ValueError(f"few.distil.most_guidance={self.most_guidance} must lie between 1 and {MOST_GUIDANCE}")


@dataclass(frozen=True)
class FewStage:
    """The distillation: `rows` pictures a step, `micro_rows` at a time, with rates below the base's."""

    distil: FewStepConfig = field(default_factory=FewStepConfig)
    loop: LoopConfig = field(default_factory=lambda: LoopConfig(steps=1200))
    optim: OptimConfig = field(
        default_factory=lambda: OptimConfig(muon_lr=0.005, embedding_lr=0.0007, head_lr=0.0004, gain_lr=0.001)
    )
    schedule: ScheduleConfig = field(default_factory=lambda: ScheduleConfig(warmup_steps=50, decay_fraction=0.5))
    rows: int = 128
    micro_rows: int = 32


@dataclass(frozen=True)
class PixPreset:
    """All stages of a picture model; the base takes `rows` pictures a step, `micro_rows` at a time.

    `drawers` are processes that draw pictures ahead, for a GPU that takes them faster than one core draws (0: none).
    Of the pictures `scenes` are composed ones; the others show drawings of `styles` (separated by commas; "": of all).
    `begin_with` is a run whose base's weights and words the base begins with, instead of with nothing.
    """

    name: str
    model: PixConfig
    loop: LoopConfig
    flow: FlowConfig = field(default_factory=FlowConfig)
    optim: OptimConfig = field(default_factory=lambda: OptimConfig(muon_lr=0.015, embedding_lr=0.002, head_lr=0.001))
    schedule: ScheduleConfig = field(default_factory=lambda: ScheduleConfig(warmup_steps=100, decay_fraction=0.3))
    rows: int = 128
    micro_rows: int = 32
    drawers: int = 0
    styles: str = ""
    scenes: float = 0.3
    begin_with: str = ""
    few: FewStage = field(default_factory=FewStage)
    encoder: EncoderStage = field(default_factory=EncoderStage)
    enlarger: EnlargerStage = field(default_factory=EnlargerStage)

    def __post_init__(self) -> None:
        if not 0 <= self.scenes <= 1:
            raise ValueError(f"scenes={self.scenes} must lie between 0 and 1")


def pix_presets() -> dict[str, PixPreset]:
    """The presets by name: `pix-toy` for tests, `pix-6m` for CPU cores, `pix-25m` for one data-centre GPU."""
    return {
        preset.name: preset
        for preset in (
            PixPreset(
                "pix-toy",
                PixConfig(
                    size=16,
                    patch=4,
                    hidden_size=32,
                    num_layers=2,
                    num_heads=2,
                    ffn_size=64,
                    bottleneck=16,
                    refine=4,
                    vocab_size=512,
                    max_text=16,
                    text_layers=1,
                    image_embedding=16,
                    noise_scale=2.0,
                ),
                LoopConfig(steps=20, precision="float32", compile=False, threads=1, log_steps=10),
                flow=FlowConfig(time_mean=-0.8, time_deviation=0.5),  # so few pictures tell more of one kind of them
                schedule=ScheduleConfig(warmup_steps=5),
                rows=8,
                micro_rows=4,
                few=FewStage(
                    loop=LoopConfig(steps=10, precision="float32", compile=False, threads=1, log_steps=10),
                    rows=8,
                    micro_rows=4,
                ),
                encoder=EncoderStage(
                    EncoderConfig(channels=(4, 8, 12), blocks=(1, 1, 1), width=16, layers=1, heads=2),
                    LoopConfig(steps=10, precision="float32", compile=False, threads=1, log_steps=10),
                    schedule=ScheduleConfig(warmup_steps=5),
                    rows=8,
                ),
                enlarger=EnlargerStage(
                    EnlargerConfig(channels=8, blocks=1),
                    LoopConfig(steps=10, precision="float32", compile=False, threads=1, log_steps=10),
                    schedule=ScheduleConfig(warmup_steps=5),
                    rows=4,
                    crop=8,
                ),
            ),
            PixPreset(
                "pix-6m",
                # Large patches and hardly any likenesses: what two cores can do is spent on words. In each step a
                # micro-batch a core, for what Muon costs does not grow with the pictures of a step.
                PixConfig(patch=16, bottleneck=128, refine=16),
                LoopConfig(steps=7_800, threads=1),
                flow=FlowConfig(masked=0.3, drop_picture=0.9),
                optim=OptimConfig(muon_lr=0.018, embedding_lr=0.002, head_lr=0.001),
                schedule=ScheduleConfig(warmup_steps=100, decay_fraction=0.85),
                rows=128,
                micro_rows=64,
                drawers=1,
                few=FewStage(loop=LoopConfig(steps=1200, threads=1)),
                encoder=EncoderStage(loop=LoopConfig(minutes=20.0, threads=1, compile=False)),
                enlarger=EnlargerStage(loop=LoopConfig(minutes=20.0, threads=1, compile=False)),
            ),
            PixPreset(
                "pix-25m",
                PixConfig(
                    size=128,
                    patch=8,
                    hidden_size=384,
                    num_layers=10,
                    num_heads=6,
                    ffn_size=1024,
                    refine=16,
                    text_layers=3,
                    noise_scale=8.0,
                ),
                # A piece may end without a signal: little is lost.
                LoopConfig(minutes=12.0, checkpoint_seconds=60.0),
                rows=1024,
                micro_rows=512,
                drawers=12,
                few=FewStage(loop=LoopConfig(minutes=8.0, checkpoint_seconds=60.0), rows=512, micro_rows=256),
                encoder=EncoderStage(loop=LoopConfig(minutes=2.0, compile=False, checkpoint_seconds=60.0), rows=1024),
                enlarger=EnlargerStage(loop=LoopConfig(minutes=2.0, compile=False, checkpoint_seconds=60.0), rows=64),
            ),
        )
    }


def override_pix(preset: PixPreset, assignments: list[str]) -> PixPreset:
    """The preset with `key=value` changes, keys dotted (`loop.minutes=10`, `flow.masked=0.5`).

    Raises ValueError naming the key and the keys that exist there.
    """
    for assignment in assignments:
        preset = assign(preset, assignment, one_of=("steps", "minutes"))
    return preset


def write_pix_preset(preset: PixPreset, path: Path) -> None:
    """Record a run's whole configuration as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, dataclasses.asdict(preset))


def read_pix_preset(path: Path) -> PixPreset:
    """What `write_pix_preset` recorded; what an older version did not know is as it is by default.

    Raises ValueError that names the file where it is damaged.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=PixPreset)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} is damaged ({error}): put a copy back, or give another --run") from error


MAY_CHANGE = ("micro_rows", "name", "drawers")
# The other stages remember themselves what they were begun with.
MAY_CHANGE_BELOW = ("loop.", "schedule.", "few.", "encoder.", "enlarger.")


def refuse_another_pix(preset: PixPreset, path: Path) -> None:
    """Raise ValueError, naming every differing key, where the run that recorded `path` was begun with other values.

    How long it runs and how it is computed may change; so may the learning rates of a run that was stopped by a loss
    that is not a number.
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
