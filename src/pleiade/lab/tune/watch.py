"""Watches a trainer step by step: progress, metrics, checkpoints by time, signals, and a loss that is no number."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from pleiade.lab.events.journal import keep_until, line_of
from pleiade.lab.events.progress import Place, progress_line
from pleiade.lab.metrics import read_metrics
from pleiade.lab.tune.config import TuneConfig
from pleiade.lab.tune.tell import Voice

COMPLETE = "complete"  # written into a checkpoint last: one without it was cut by a kill or a full disk
PACE_WINDOW = 50  # steps over which the pace is measured

# What TRL measures beside the loss: its name, ours.
FURTHER = {
    "mean_token_accuracy": "accuracy",
    "accuracy": "accuracy",
    "rewards/accuracies": "accuracy",
    "reward": "reward",
}


def newest_checkpoint(run: Path) -> Path | None:
    """The newest whole checkpoint of a run."""
    whole = [path.parent for path in (run / "checkpoints").glob(f"checkpoint-*/{COMPLETE}")]
    return max(whole, key=lambda folder: int(folder.name.split("-")[1]), default=None)


def remove_unfinished(run: Path) -> None:
    """Remove what a kill or a full disk left of a checkpoint."""
    for folder in (run / "checkpoints").glob("checkpoint-*"):
        if not (folder / COMPLETE).is_file():
            shutil.rmtree(folder)


class Watch(TrainerCallback):  # type: ignore[misc]
    """TRL's callback. `metrics.jsonl` has the rows of `lab.train` and more, so that the same view shows both."""

    def __init__(self, config: TuneConfig, run: Path, voice: Voice, stopped: Callable[[], bool]) -> None:
        self.config, self.run, self.voice, self.stopped = config, run, voice, stopped
        self.metrics = run / "metrics.jsonl"
        self.tokens = self.tokens_before = 0
        self.elapsed = self.pace = 0.0
        self.loss, self.validated = float("nan"), 0
        self.peak = 1.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_rest: Any) -> None:
        """Take up the rows of the steps that stand; those that will be taken again are dropped."""
        keep_until(self.metrics, state.global_step)
        rows = read_metrics(self.metrics) if self.metrics.is_file() else []
        if rows:
            self.tokens = rows[-1]["tokens"]
            self.elapsed, self.loss = rows[-1]["seconds"], rows[-1]["loss"]
            if self.config.method != "grpo":  # whose own count is kept in the checkpoint
                self.tokens_before = self.tokens
        self.peak = args.learning_rate
        self.last_step, self.started = state.global_step, time.monotonic()
        self.last_checkpoint = self.window_start = time.monotonic()
        self.window_tokens = self.tokens

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_rest: Any) -> None:
        """A step's numbers: kept, sometimes printed. Raises FloatingPointError where the loss is not a number."""
        logs = logs or {}
        if "eval_loss" in logs:
            self._note_validation(state.global_step, logs)
            return
        if "loss" not in logs:
            return
        self.loss, grad_norm = float(logs["loss"]), float(logs.get("grad_norm") or 0.0)
        if not (math.isfinite(self.loss) and math.isfinite(grad_norm)):
            raise FloatingPointError(f"step {state.global_step}")
        if state.is_world_process_zero:
            self._note(state, logs, grad_norm)

    def _note_validation(self, step: int, logs: dict[str, Any]) -> None:
        if step <= self.validated:
            return  # the measurement before the first step, or a second one of the same weights
        self.validated = step
        data = {"step": step, "valid_loss": round(logs["eval_loss"], 5)}
        for name, ours in FURTHER.items():
            if logs.get(f"eval_{name}") is not None:
                data[f"valid_{ours}"] = round(logs[f"eval_{name}"], 5)
        self.voice.note("validation", **data)
        shown = "  ".join(f"{name} {value:.3f}" for name, value in list(data.items())[1:])
        if self.voice.speaks:
            print(f"step {step}: {shown}", flush=True)

    def _note(self, state: Any, logs: dict[str, Any], grad_norm: float) -> None:
        now = time.monotonic()
        seconds, self.started = now - self.started, now
        self.elapsed += seconds
        taken = state.global_step - self.last_step
        # The first step allocates; it says little about the pace.
        slow = self.pace == 0.0 or seconds < self.pace / 3
        self.pace = seconds if slow else self.pace + (seconds - self.pace) / min(max(taken, 1), PACE_WINDOW)
        tokens_before, self.tokens = self.tokens, self.tokens_before + int(logs.get("num_tokens") or 0)
        further = {ours: round(logs[name], 5) for name, ours in FURTHER.items() if logs.get(name) is not None}
        row = {
            "step": state.global_step,
            "tokens": self.tokens,
            "loss": round(self.loss, 5),
            "scale": round(logs["learning_rate"] / self.peak, 5),
            "lr": float(f"{logs['learning_rate']:.5g}"),
            "grad_norm": round(grad_norm, 4),
            "seconds": round(self.elapsed, 2),
            "tokens_per_s": round((self.tokens - tokens_before) / max(1e-9, seconds), 1),
            "mfu": None,
            **further,
        }
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(line_of(row))
        if state.global_step % self.config.log_steps == 0 or state.global_step == state.max_steps:
            speed = (self.tokens - self.window_tokens) / max(1e-9, now - self.window_start)
            self.window_start, self.window_tokens = now, self.tokens
            left = (state.max_steps - state.global_step) * self.pace
            place = Place(
                state.global_step, state.max_steps, self.tokens, self.loss, logs["learning_rate"], speed, None, left
            )
            print(progress_line(place) + "".join(f"  {n} {value:.3f}" for n, value in further.items()), flush=True)

    def on_step_end(self, args: Any, state: Any, control: Any, **_rest: Any) -> Any:
        """Ask for a checkpoint where it is time, or where a signal came: all ranks at the same step."""
        every = self.config.checkpoint_steps
        due = time.monotonic() - self.last_checkpoint > self.config.checkpoint_seconds
        stopping, due = _any_rank(args.device, self.stopped(), due)
        control.should_training_stop = control.should_training_stop or stopping
        epoch = state.max_steps // max(1, int(state.num_train_epochs)) if self.config.checkpoint_epochs else 0
        regular = any(count and state.global_step % count == 0 for count in (every, epoch))
        if stopping or due or regular or state.global_step == state.max_steps:
            control.should_save = True
        return control

    def on_save(self, args: Any, state: Any, control: Any, **_rest: Any) -> None:
        """The checkpoint is whole once every rank has written its part."""
        _any_rank(args.device, False)
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()
            self.voice.note("checkpoint", step=state.global_step)
        self.last_checkpoint = time.monotonic()


def _any_rank(device: torch.device, *flags: bool) -> list[bool]:
    """Each flag, true where it is true on any rank; waits for all of them."""
    if not torch.distributed.is_initialized():
        return list(flags)
    told = torch.tensor([float(flag) for flag in flags], device=device)
    torch.distributed.all_reduce(told, torch.distributed.ReduceOp.MAX)
    return [value > 0 for value in told.tolist()]
