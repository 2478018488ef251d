"""The record of a stage as it is trained: rows of numbers, events, samples, TensorBoard, the progress line."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch

from pleiade.lab.events.board import Board
from pleiade.lab.events.flops import peak
from pleiade.lab.events.journal import keep_until, line_of, note
from pleiade.lab.events.progress import Place, show_progress
from pleiade.lab.events.samples import Samples, is_whole
from pleiade.lab.network import Network
from pleiade.lab.ranks import Ranks

if TYPE_CHECKING:
    from pleiade.lab.train import LoopConfig

FLUSH_SECONDS = 1.0  # between a row and whoever watches
BAR_SECONDS = 0.5  # between two looks of the bar
MAX_REASON = 1000  # characters: a compiler that fails says a hundred thousand
SAMPLE_SHARE = 200  # samples take at most one part in so many of the time


@runtime_checkable
class Rewarded(Protocol):
    """An objective that keeps the mean reward of every step's answers."""

    rewards: list[float]


@dataclass(frozen=True)
class Step:
    """A step that was taken. `seconds` of this one; `elapsed` and `left` are the run's seconds of training.

    `scale` is the factor on the peak learning rates; `flops` None where they cannot be counted; `last` the run's last
    step, None while a deadline has not decided it; `reward` the answers' mean reward where the model learns from one.
    """

    step: int
    tokens: int
    loss: float
    scale: float
    grad_norm: float
    seconds: float
    elapsed: float
    left: float
    last: int | None
    flops: float | None
    reward: float | None = None


class Record:
    """Writes a stage's files into `folder`, on the first rank; the others' says nothing.

    Entered, it notes that the run started or resumed; left, how it ended. `step` is the one that the run goes on from.
    """

    def __init__(
        self,
        folder: Path,
        ranks: Ranks,
        model: Network,
        loop: LoopConfig,
        peak_lr: float,
        prompts: Samples | None,
        *,
        step: int,
        tokens: int,
        last: int | None,
    ) -> None:
        self.folder, self.model, self.loop, self.peak_lr = folder, model, loop, peak_lr
        self.speaks = ranks.is_first and (last is None or step < last)
        self.step_done, self.last, self.tokens = step, last, tokens
        self.window_tokens, self.window_began = tokens, time.monotonic()
        self.prompts = prompts if loop.sample_seconds and is_whole(model) else None
        self.sampled_at, self.next_samples = -1, time.monotonic() + loop.sample_seconds
        self.flushed = self.shown = time.monotonic()
        if not self.speaks:
            return
        device = model.device
        dtype = getattr(torch, loop.precision)
        self.dtype, self.peak = dtype, peak(device, dtype, ranks.size, loop.peak_tflops)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("metrics.jsonl", "samples.jsonl"):
            keep_until(folder / name, step)
        self.metrics = (folder / "metrics.jsonl").open("a", encoding="utf-8")
        self.board = Board(folder / "tensorboard", step)
        note(
            folder,
            "resumed" if step else "started",
            step=step,
            last=last,
            minutes=loop.minutes,
            device=torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
            ranks=ranks.size,
            precision=loop.precision,
            parameters=model.config.num_params,
            unit=model.config.unit,
            peak=asdict(self.peak) if self.peak else None,
        )

    def __enter__(self) -> Record:
        if self.speaks and self.step_done == 0:
            self._sample()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self.speaks:
            return
        if error is not None:
            self._fail(error)
            return
        if self.last is not None and self.step_done >= self.last:
            self._sample()
            note(self.folder, "finished", step=self.step_done)
        else:
            note(self.folder, "stopped", step=self.step_done)
        self._close()

    def step(self, done: Step) -> None:
        """Write a step down; now and then show it, and what the model writes by now."""
        if not self.speaks:
            return
        tokens_per_s = (done.tokens - self.tokens) / done.seconds
        mfu = done.flops / done.seconds / self.peak.flops if done.flops and self.peak else None
        row: dict[str, float | None] = {
            "step": done.step,
            "tokens": done.tokens,
            "loss": round(done.loss, 5),
            "scale": round(done.scale, 5),
            "lr": float(f"{self.peak_lr * done.scale:.5g}"),
            "grad_norm": round(done.grad_norm, 4),
            "seconds": round(done.elapsed, 2),
            "tokens_per_s": round(tokens_per_s, 1),
            "mfu": None if mfu is None else round(mfu, 4),
        }
        if done.reward is not None:
            row["reward"] = round(done.reward, 5)
        self.metrics.write(line_of(row))
        self.board.scalars(done.step, row)
        self.step_done, self.last, self.tokens = done.step, done.last, done.tokens
        now = time.monotonic()
        if now - self.flushed > FLUSH_SECONDS:
            self.metrics.flush()
            self.flushed = now
        bar_due = sys.stdout.isatty() and now - self.shown > BAR_SECONDS
        if bar_due or done.step % self.loop.log_steps == 0 or done.step == done.last:
            self._show(done, mfu, now)
        if now >= self.next_samples:
            self._sample()

    @contextmanager
    def checkpoint(self) -> Iterator[None]:
        """Around the writing of a checkpoint: rows up to it are on the disk before it, its note after it."""
        if not self.speaks:
            yield
            return
        self.metrics.flush()
        self.board.flush()
        yield
        note(self.folder, "checkpoint", step=self.step_done)

    def _fail(self, error: BaseException) -> None:
        try:
            note(self.folder, "failed", step=self.step_done, reason=f"{type(error).__name__}: {error}"[:MAX_REASON])
            self._close()
        except OSError as also:  # a full disk is why it failed: that shall be told, not this
            error.add_note(f"nor could its record be written: {also}")

    def _close(self) -> None:
        self.metrics.close()
        self.board.close()

    def _show(self, done: Step, mfu: float | None, now: float) -> None:
        speed = (done.tokens - self.window_tokens) / max(1e-9, now - self.window_began)
        self.window_tokens, self.window_began, self.shown = done.tokens, now, now
        lr, unit = self.peak_lr * done.scale, self.model.config.unit
        show_progress(Place(done.step, done.last, done.tokens, done.loss, lr, speed, mfu, done.left, unit))

    def _sample(self) -> None:
        if self.prompts is None or self.sampled_at == self.step_done:
            return
        began = time.monotonic()
        try:
            samples = self.prompts.write(self.model, self.dtype)
        except torch.OutOfMemoryError as error:
            self.prompts = None
            note(self.folder, "samples left out", step=self.step_done, reason=str(error))
            return
        with (self.folder / "samples.jsonl").open("a", encoding="utf-8") as file:
            for sample in samples:
                file.write(line_of({"step": self.step_done, "tokens": self.tokens, **asdict(sample)}))
        self.board.samples(self.step_done, samples)
        self.sampled_at, now = self.step_done, time.monotonic()
        self.next_samples = now + max(self.loop.sample_seconds, SAMPLE_SHARE * (now - began))
