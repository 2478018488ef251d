"""Checkpoints: one file for everything that the next step depends on, written whole or not at all, with a checksum."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import torch


class CheckpointError(OSError):
    """A checkpoint could not be written or is not what was written."""


def save_checkpoint(folder: Path, step: int, state: dict[str, Any], keep: int = 2) -> Path:
    """Write `checkpoint-STEP.pt` atomically, its SHA-256 beside it, and leave the `keep` newest.

    Raises CheckpointError where the disk takes no more; what was there before is untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"checkpoint-{step:08d}.pt"
    unfinished = path.with_suffix(".tmp")
    try:
        with open(unfinished, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        _checksum_file(path).write_text(_sha256(unfinished) + "\n", "utf-8")
        unfinished.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a short write as a RuntimeError
        unfinished.unlink(missing_ok=True)
        raise CheckpointError(
            f"the checkpoint of step {step} cannot be written to {folder} ({error}): make room there; "
            "the same command then goes on from the checkpoint before it"
        ) from error
    for old in sorted(folder.glob("checkpoint-*.pt"))[:-keep]:
        old.unlink()
        _checksum_file(old).unlink(missing_ok=True)
    return path


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that is what was written, or None where none was. Says so where a newer one is damaged.

    Raises CheckpointError where all are damaged: to begin again from nothing is for a person to decide.
    """
    paths = sorted(folder.glob("checkpoint-*.pt"), reverse=True)
    for path in paths:
        if is_whole(path):
            return path
        print(f"{path.name} is damaged (its checksum is another): looking for the one before it", flush=True)
    if paths:
        raise CheckpointError(
            f"every checkpoint in {folder} is damaged ({', '.join(path.name for path in paths)}): put a copy back, "
            f"or remove {folder}/checkpoint-* to begin this stage again from its first step"
        )
    return None


def is_whole(path: Path) -> bool:
    """Whether a checkpoint has the checksum that was written with it; one without any is taken at its word."""
    recorded = _checksum_file(path)
    return not recorded.exists() or recorded.read_text("utf-8").strip() == _sha256(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint (tensors and plain values only; never runs code from the file)."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _checksum_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
