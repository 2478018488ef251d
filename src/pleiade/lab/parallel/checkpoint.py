"""Checkpoints of a divided model: a folder into which every rank writes its part, in the background.

torch.distributed.checkpoint writes the tensors with their places, so that any other division can read them. A folder
gets its name when all ranks have written and summed what is theirs; until then the one before it counts.
"""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import async_save

from pleiade.lab.checkpoint import (
    OPTIMIZER_TENSORS,
    SUMS,
    fill_from,
    has_its_sums,
    keep_newest,
    latest_checkpoint,
    load_checkpoint,
    remove_unfinished,
    sha256,
    unwritten,
)
from pleiade.lab.network import Network
from pleiade.lab.optim.muon import MuonAdamW
from pleiade.lab.ranks import PREPARATION, Ranks

REST = "rest.pt"  # what is no divided tensor: the places in data and schedule
METADATA = ".metadata"


class DividedCheckpoints:
    """Writes and reads a run's checkpoints with all its ranks. One is written at a time."""

    def __init__(self, run: Path, ranks: Ranks) -> None:
        self.run, self.ranks = run, ranks
        # The background has a group of its own: its messages must not mix with a step's.
        self.group = dist.new_group(backend="gloo", timeout=PREPARATION)
        self.thread = ThreadPoolExecutor(1)
        self.pending: tuple[int, Path, Future[None]] | None = None

    @property
    def is_written(self) -> bool:
        """Whether this rank's part of one that was begun lies on the disk and waits for `settle`."""
        return self.pending is not None and self.pending[2].done()

    def begin(self, step: int, state: dict[str, Any]) -> None:
        """Copy what is to be written, and write it while training goes on."""
        self.settle()
        unfinished = self.run / f"checkpoint-{step:08d}.tmp"
        if self.ranks.is_first:
            remove_unfinished(self.run)
            unfinished.mkdir(parents=True)
        dist.barrier(self.group)
        rest = {**state, "model": {}, "optimizer": {**state["optimizer"], **{part: {} for part in OPTIMIZER_TENSORS}}}
        saved = async_save(_flat(state), checkpoint_id=unfinished, process_group=self.group)
        assert isinstance(saved, Future)
        self.pending = step, unfinished, self.thread.submit(self._finish, saved, unfinished, rest)

    def _finish(self, saved: Future[Any], folder: Path, rest: dict[str, Any]) -> None:
        """Wait for the tensors, and write down what this rank has written."""
        saved.result()
        mine = sorted(folder.glob(f"__{self.ranks.rank}_*"))
        if self.ranks.is_first:
            torch.save(rest, folder / REST)
            mine += [folder / REST, folder / METADATA]
        told = {"ranks": self.ranks.size, "files": {path.name: sha256(path) for path in mine}}
        (folder / SUMS.format(self.ranks.rank)).write_text(json.dumps(told), "utf-8")

    def settle(self) -> None:
        """Wait for the checkpoint that is being written, if any, and give it its name.

        Raises CheckpointError on every rank where one of them could not write; what was there before is untouched.
        """
        if self.pending is None:
            return
        (step, unfinished, written), self.pending = self.pending, None
        error = _error_of(written)
        failed = torch.tensor(float(error is not None))
        dist.all_reduce(failed, group=self.group)
        if self.ranks.is_first and failed:
            shutil.rmtree(unfinished, ignore_errors=True)
        elif self.ranks.is_first:
            finished = unfinished.with_suffix("")
            shutil.rmtree(finished, ignore_errors=True)  # a damaged one of the same step
            unfinished.replace(finished)
            keep_newest(self.run)
        dist.barrier(self.group)
        if failed:
            raise unwritten(self.run, step, error or "another rank failed") from error

    def restore(self, model: Network, optimizer: MuonAdamW) -> dict[str, Any] | None:
        """Give every rank its part of the newest whole checkpoint; returns its other values, None without one."""
        newest = latest_checkpoint(self.run, self._is_whole)
        if newest is None:
            return None
        if not newest.is_dir():
            state = load_checkpoint(newest)
            fill_from(state, model, optimizer)
            return state | {"name": newest.name}
        parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        load(_flat(parts), checkpoint_id=newest, process_group=self.group)
        rest: dict[str, Any] = torch.load(newest / REST, map_location="cpu", weights_only=True)
        optimizer.num_steps = rest["optimizer"]["num_steps"]
        return rest | {"name": newest.name}

    def _is_whole(self, path: Path) -> bool:
        """What the ranks find together: each sums a part of the files."""
        found = torch.tensor(float(has_its_sums(path, self.ranks.rank, self.ranks.size)))
        dist.all_reduce(found, dist.ReduceOp.MIN, self.group)
        return bool(found)


def load_whole(path: Path, parts: Sequence[str] = ("model", *OPTIMIZER_TENSORS)) -> dict[str, Any]:
    """A folder's tensors of some parts and other values in one process, as `save_checkpoint` would have kept them."""
    described = FileSystemReader(path).read_metadata().state_dict_metadata
    flat = {
        name: torch.empty(entry.size, dtype=entry.properties.dtype)
        for name, entry in described.items()
        if isinstance(entry, TensorStorageMetadata) and name.startswith(tuple(f"{part}/" for part in parts))
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that one process loads, which is what is wanted
        load(flat, checkpoint_id=path, no_dist=True)
    state: dict[str, Any] = torch.load(path / REST, map_location="cpu", weights_only=True)
    for key, tensor in flat.items():
        part, name = key.split("/", 1)
        (state["model"] if part == "model" else state["optimizer"][part])[name] = tensor
    return state


def _flat(state: dict[str, Any]) -> dict[str, Tensor]:
    """The tensors of weights and optimizer by "part/name"."""
    parts = {"model": state["model"], **{part: state["optimizer"][part] for part in OPTIMIZER_TENSORS}}
    return {f"{part}/{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}


def _error_of(written: Future[None]) -> BaseException | None:
    try:
        written.result()
    except (OSError, RuntimeError, CheckpointException) as error:
        return error
    return None
