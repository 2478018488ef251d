"""Checkpoints: everything that the next step depends on, written whole or not at all, with checksums.

A model that is whole on each rank is kept in one file; of a divided one every rank writes its part into a folder
(parallel/checkpoint.py). Either can be read by any number of ranks.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pleiade.lab.gpt.divided import fill
from pleiade.lab.ranks import Ranks

if TYPE_CHECKING:
    from pleiade.lab.network import Network
    from pleiade.lab.optim.muon import MuonAdamW

SUMS = "sums-{}.json"  # within a folder: what a rank wrote
OPTIMIZER_TENSORS = ("momentum", "first_moment", "second_moment")


class CheckpointError(OSError):
    """A checkpoint could not be written or is not what was written."""


def save_checkpoint(folder: Path, step: int, state: dict[str, Any], keep: int = 2) -> Path:
    """Write `checkpoint-STEP.pt` atomically, its SHA-256 beside it, and leave the `keep` newest.

    Raises CheckpointError where the disk takes no more; what was there before is untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remove_unfinished(folder)
    path = folder / f"checkpoint-{step:08d}.pt"
    unfinished = path.with_suffix(".tmp")
    try:
        with open(unfinished, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        _checksum_file(path).write_text(sha256(unfinished) + "\n", "utf-8")
        unfinished.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a short write as a RuntimeError
        unfinished.unlink(missing_ok=True)
        raise unwritten(folder, step, error) from error
    keep_newest(folder, keep)
    return path


def unwritten(folder: Path, step: int, error: object) -> CheckpointError:
    """The error to raise where a checkpoint could not be written."""
    return CheckpointError(
        f"the checkpoint of step {step} cannot be written to {folder} ({error}): make room there; "
        "the same command then goes on from the checkpoint before it"
    )


def remove_unfinished(folder: Path) -> None:
    """Remove what a run that was killed while it wrote has left, of whatever step: it may be large."""
    for path in folder.glob("checkpoint-*.tmp"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def keep_newest(folder: Path, keep: int = 2) -> None:
    """Remove all but the `keep` newest checkpoints."""
    for old in _checkpoints(folder)[:-keep]:
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
            _checksum_file(old).unlink(missing_ok=True)


def _checkpoints(folder: Path) -> list[Path]:
    """Finished ones, the oldest first."""
    return sorted(path for path in folder.glob("checkpoint-*") if path.suffix in ("", ".pt"))


def latest_checkpoint(folder: Path, is_whole: Callable[[Path], bool] | None = None) -> Path | None:
    """The newest checkpoint that is what was written, or None where none was. Says so where a newer one is damaged.

    Raises CheckpointError where all are damaged: to begin again from nothing is for a person to decide.
    """
    paths = _checkpoints(folder)[::-1]
    for path in paths:
        if (is_whole or has_its_sums)(path):
            return path
        print(f"{path.name} is damaged (its checksum is another): looking for the one before it", flush=True)
    if paths:
        raise CheckpointError(
            f"every checkpoint in {folder} is damaged ({', '.join(path.name for path in paths)}): put a copy back, "
            f"or remove {folder}/checkpoint-* to begin this stage again from its first step"
        )
    return None


def has_its_sums(path: Path, rank: int = 0, size: int = 1) -> bool:
    """Whether a checkpoint has the checksums that were written with it; a file without any is taken at its word.

    Of a folder's files, `rank` looks at every `size`-th.
    """
    if not path.is_dir():
        recorded = _checksum_file(path)
        return not recorded.exists() or recorded.read_text("utf-8").strip() == sha256(path)
    files: dict[str, str] = {}
    for writer in range(_num_writers(path)):
        try:
            files |= json.loads((path / SUMS.format(writer)).read_text("utf-8"))["files"]
        except (OSError, ValueError, KeyError):
            return False
    mine = sorted(files)[rank::size]
    return bool(files) and all((path / name).is_file() and sha256(path / name) == files[name] for name in mine)


def _num_writers(path: Path) -> int:
    try:
        return int(json.loads((path / SUMS.format(0)).read_text("utf-8"))["ranks"])
    except (OSError, ValueError, KeyError):
        return 0


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint whole, in one process (tensors and plain values only)."""
    if path.is_dir():
        from pleiade.lab.parallel.checkpoint import load_whole

        return load_whole(path)
    # Mapped, not read: a rank that needs a part takes that from the disk.
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    return state


def load_weights(path: Path) -> dict[str, Tensor]:
    """Only the model's tensors of a checkpoint, whole, in one process."""
    if path.is_dir():
        from pleiade.lab.parallel.checkpoint import load_whole

        weights: dict[str, Tensor] = load_whole(path, parts=("model",))["model"]
        return weights
    weights = load_checkpoint(path)["model"]
    return weights


def is_finished(folder: Path) -> bool:
    """Whether the stage whose checkpoints lie there was trained to its end."""
    newest = latest_checkpoint(folder)
    if newest is None:
        return False
    state = load_checkpoint(newest)
    return bool(state["decay"] and state["step"] >= state["decay"]["last"])


def fill_from(state: Mapping[str, Any], model: Network, optimizer: MuonAdamW) -> None:
    """Give a model and its optimizer, whole or divided, a whole checkpoint's tensors."""
    for name, tensor in model.state_dict().items():
        fill(tensor, state["model"][name])
    optimizer.load_state_dict(state["optimizer"])


class WholeCheckpoints:
    """The checkpoints of a run in which every rank holds the whole model: the first one writes them."""

    is_written = False

    def __init__(self, run: Path, ranks: Ranks) -> None:
        self.run, self.ranks = run, ranks

    def begin(self, step: int, state: dict[str, Any]) -> None:
        """Write a checkpoint; see `save_checkpoint`."""
        if self.ranks.is_first:
            save_checkpoint(self.run, step, state)

    def settle(self) -> None:
        """Nothing is ever half written."""

    def restore(self, model: Network, optimizer: MuonAdamW) -> dict[str, Any] | None:
        """Give model and optimizer the newest whole checkpoint's tensors; returns all of it, None without one."""
        newest = latest_checkpoint(self.run)
        if newest is None:
            return None
        state = load_checkpoint(newest)
        fill_from(state, model, optimizer)
        return state | {"name": newest.name}


def _checksum_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
