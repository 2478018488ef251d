"""What can end a fine-tune on its way, told in one sentence that a person can act on."""

from __future__ import annotations

from pathlib import Path

import torch

from pleiade.lab.begun import read_json
from pleiade.lab.faults import EXPECTED
from pleiade.lab.faults import told as told_of_system
from pleiade.lab.tune.config import TuneConfig
from pleiade.lab.tune.errors import TuneError
from pleiade.lab.tune.watch import newest_checkpoint

SIZES = "sizes.json"  # what "auto" became


def sentence(error: Exception, config: TuneConfig, run: Path) -> str | None:
    """The sentence for what went wrong; None for a mistake in the program, whose traceback is wanted."""
    newest = newest_checkpoint(run) if (run / "checkpoints").is_dir() else None
    kept = f"the last good checkpoint is {newest}" if newest else "no checkpoint was written yet"
    if isinstance(error, TuneError):
        return str(error)
    if isinstance(error, FloatingPointError):
        return (
            f"the loss is not a number at {error} ({kept}): give another --run and a lower "
            "learning_rate_multiplier, say 0.3"
        )
    full = isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
    if full:
        return _memory(config, run)
    if isinstance(error, OSError):
        return f"{told_of_system(error)} ({kept})"
    # The refusals of our own rooms; those of libraries inside a trainer are mistakes in the program.
    return told_of_system(error) if isinstance(error, EXPECTED) and _is_ours(error) else None


def _memory(config: TuneConfig, run: Path) -> str:
    micro = int(read_json(run / SIZES)["micro_batch_size"]) if (run / SIZES).is_file() else 0
    if micro > 1:
        return (
            f"a micro-batch of {micro} does not fit into memory: the same command again with "
            f"micro_batch_size={micro // 2} (a step stays the same, in more and smaller parts)"
        )
    if not micro:
        return f"the model {config.model} does not fit into memory: take a smaller one, or a machine with more"
    less = "a smaller model" if config.gradient_checkpointing is True else "gradient_checkpointing=true"
    return f"one example at a time does not fit into memory: try max_length={config.max_length // 2}, or {less}"


def _is_ours(error: Exception) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith("pleiade.")
