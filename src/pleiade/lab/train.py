"""The one training loop: an objective deals batches, the optimizer moves weights, nothing is lost when it stops.

State that the next step depends on: weights, optimizer, the objective's place in the data, the random generator and
the decided decay. All of it is in each checkpoint, so a run that was killed and one that was not end on the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

import torch

from pleiade.lab.events.flops import step_flops
from pleiade.lab.events.record import Record, Rewarded, Step
from pleiade.lab.events.samples import Samples
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.network import Network
from pleiade.lab.objectives.base import B, Batch, Follows, Objective
from pleiade.lab.optim.muon import MuonAdamW, OptimConfig
from pleiade.lab.optim.schedule import (
    Decay,
    ScheduleConfig,
    decay_for_steps,
    decay_to_go_on_with,
    learning_rate_scale,
    revise_decay,
)
from pleiade.lab.parallel.config import ParallelConfig, settle
from pleiade.lab.placed import place, take_back
from pleiade.lab.planning.advice import Room, learning_rates
from pleiade.lab.planning.devices import free_memory
from pleiade.lab.planning.layout import layout_for
from pleiade.lab.ranks import Ranks, join_ranks
from pleiade.lab.signals import stop_on_signal

PACE_WINDOW = 50  # steps over which the pace is measured
BAD_BATCH = "nan-batch.pt"  # of the step that ended a run whose numbers were none
DEADLINE_STEPS = 10  # steps between two looks at the deadline
UNDIVIDED = ParallelConfig()


@dataclass(frozen=True)
class LoopConfig:
    """How long and how: exactly one of `steps` and `minutes` (training time, over all resumed pieces) ends a run.

    `sample_seconds` lie between two looks at what the model writes (0: none); `peak_tflops` is what a device can reach,
    for MFU, where it is not known by name.
    """

    steps: int | None = None
    minutes: float | None = None
    precision: str = "bfloat16"
    compile: bool = True
    deterministic: bool = True
    threads: int = 0
    seed: int = 1
    checkpoint_seconds: float = 180.0
    checkpoint_steps: int | None = None
    log_steps: int = 20
    sample_seconds: float = 60.0
    peak_tflops: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise ValueError(f"give either steps or minutes (got steps={self.steps}, minutes={self.minutes})")


@dataclass(frozen=True)
class Outcome:
    """How a call of `train` ended."""

    finished: bool
    step: int
    tokens: int
    loss: float


def train(
    model: Network,
    objective: Objective[B],
    loop: LoopConfig,
    optim: OptimConfig,
    schedule: ScheduleConfig,
    run: Path,
    prompts: Samples | None = None,
    parallel: ParallelConfig = UNDIVIDED,
) -> Outcome:
    """Train `model` in place until the end of the run or a signal; resume from the newest checkpoint in `run`.

    `parallel` says what the ranks divide. Writes checkpoints and the run's record to `run`, with what the model makes
    of `prompts` by and by. SIGINT and SIGTERM checkpoint and return. Raises FloatingPointError (after the last good
    checkpoint) when the loss is no longer a number.
    """
    ranks = join_ranks()
    if loop.threads:
        torch.set_num_threads(loop.threads)
    torch.manual_seed(loop.seed)
    # Inductor's embedding backward adds floats atomically, in any order: without this (5 to 9 % slower on a CPU)
    # a resumed run can differ in the last bit when it is compiled on several threads. One thread has one order.
    in_any_order = torch.cuda.is_available() or torch.get_num_threads() > 1
    torch.use_deterministic_algorithms(loop.deterministic and in_any_order)
    dtype = getattr(torch, loop.precision)
    placed = place(model, parallel, ranks, run, precision=loop.precision, seed=loop.seed, compiled=loop.compile)
    trained, team, checkpoints = placed.model, placed.team, placed.checkpoints
    optimizer = MuonAdamW(trained.named_parameters(), optim)
    decay = decay_for_steps(loop.steps, schedule) if loop.steps else None
    step, tokens, elapsed, loss, saved_at = 0, 0, 0.0, float("nan"), -1
    if (state := checkpoints.restore(trained, optimizer)) is not None:
        objective.load_state_dict(state["objective"])
        torch.set_rng_state(state["rng"])
        step, tokens, elapsed, loss = state["step"], state["tokens"], state["elapsed"], state["loss"]
        decay = decay_to_go_on_with(Decay(**state["decay"]) if state["decay"] else None, decay, step)
        saved_at = step
        if ranks.is_first:
            print(f"resumed from {state['name']}: step {step}, {tokens / 1e6:.2f} M {model.config.unit}", flush=True)
    last = decay.last if decay else None
    record = Record(run, ranks, trained, loop, optim.muon_lr, prompts, step=step, tokens=tokens, last=last)

    def checkpoint() -> None:
        if not team.all_finite(parameters):
            _refuse_numbers("a weight", step, micro_batches, run, ranks)
        with record.checkpoint():
            checkpoints.begin(
                step,
                {
                    "model": trained.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "objective": objective.state_dict(),
                    "rng": torch.get_rng_state(),
                    "step": step,
                    "tokens": tokens,
                    "elapsed": elapsed,
                    "loss": loss,
                    "decay": asdict(decay) if decay else None,
                },
            )

    gpt, on_gpu = model.config if isinstance(model.config, GptConfig) else None, team.device.type == "cuda"
    settled = settle(parallel, ranks.size, gpt, on_gpu=on_gpu) if gpt else parallel
    layout = layout_for(settled, loop.precision, on_gpu=on_gpu, compiled=loop.compile)
    room = Room(gpt, layout, free_memory(team.device, ranks.size), run.name)
    pace, last_checkpoint = 0.0, time.monotonic()
    parameters, micro_batches = list(trained.parameters()), list[B]()
    stopping = False
    with stop_on_signal() as stopped, record, ranks.none_lost():
        while (decay is None or step < decay.last) and not stopping:
            started = time.monotonic()
            micro_batches = objective.next_step()
            num_targets = sum(batch.num_targets for batch in micro_batches)
            total = torch.zeros((), device=team.device)
            for batch in team.share(micro_batches):
                with room.advice(batch, len(micro_batches)):
                    part = objective.loss_sum(placed.hidden, trained, batch.to(team.device), dtype) / num_targets
                    torch.autograd.backward(part)
                total += part.detach()
            due = ranks.is_first and time.monotonic() - last_checkpoint > loop.checkpoint_seconds  # clocks differ
            used = elapsed / (loop.minutes * 60) if loop.minutes else 0.0
            told = [stopped(), checkpoints.is_written, due, used]
            loss, (num_stopped, num_written, num_due, all_used) = team.add_up(parameters, float(total), told)
            scale = learning_rate_scale(step, schedule, decay, all_used / ranks.size)
            stopping = num_stopped > 0
            if num_written == ranks.size:
                checkpoints.settle()
            if not math.isfinite(loss):
                _refuse_numbers("the loss", step, micro_batches, run, ranks)
            with room.advice_on_update():
                grad_norm = optimizer.step(scale)
            if not math.isfinite(grad_norm):
                _refuse_numbers("the gradient", step, micro_batches, run, ranks)
            if isinstance(objective, Follows):
                objective.after_step(trained)
            step, tokens = step + 1, tokens + sum(batch.num_tokens for batch in micro_batches)
            seconds = time.monotonic() - started
            elapsed += seconds
            # The first steps compile; they say nothing about the pace.
            pace = seconds if pace == 0.0 or seconds < pace / 3 else pace + (seconds - pace) / min(step, PACE_WINDOW)
            decided = decay
            if loop.minutes is not None and step % DEADLINE_STEPS == 0:
                decay = _agree(ranks, revise_decay(step, pace, elapsed, loop.minutes * 60 - elapsed, schedule, decay))
            left = (decay.last - step) * pace if decay else (loop.minutes or 0.0) * 60 - elapsed
            flops = step_flops(model.config, micro_batches)
            last = decay.last if decay else None
            reward = objective.rewards[-1] if isinstance(objective, Rewarded) else None
            record.step(Step(step, tokens, loss, scale, grad_norm, seconds, elapsed, left, last, flops, reward))
            if num_due or decay != decided or (loop.checkpoint_steps and step % loop.checkpoint_steps == 0):
                checkpoint()
                last_checkpoint, saved_at = time.monotonic(), step
        if step > saved_at:
            checkpoint()
        checkpoints.settle()
    ranks.wait_for_all()  # whoever returns may read the checkpoint
    take_back(placed)
    return Outcome(decay is not None and step >= decay.last, step, tokens, loss)


def _refuse_numbers(what: str, step: int, batches: Sequence[Batch], run: Path, ranks: Ranks) -> NoReturn:
    """Stop before such a number reaches a checkpoint; the step's batches are kept to look at."""
    kept = run / BAD_BATCH
    if ranks.is_first:
        torch.save({"step": step, "batches": [vars(batch) for batch in batches]}, kept)
    raise FloatingPointError(
        f"{what} is not a number at step {step}: resume from the last checkpoint with a lower learning "
        f"rate ({learning_rates(run.name)}), or, if it ends so again, remove that one and resume from the one "
        f"before; the batch is in {kept}"
    )


def _agree(ranks: Ranks, decay: Decay | None) -> Decay | None:
    values = ranks.from_first([decay.first, decay.last, decay.start_scale] if decay else None)
    return Decay(int(values[0]), int(values[1]), values[2]) if values else None
