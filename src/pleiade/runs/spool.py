"""From a gateway to the keeper: batches of runs as small files, each written whole, in one folder of the home.

A file appears under its name only when it is complete, so a process that is killed loses what it had not flushed, and
nothing else. What is in a folder is bounded: while nobody ships, runs are dropped rather than the disk filled.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from pleiade.runs.nouns import Run

SUFFIX = ".runs"
MOST_PENDING = 50_000  # runs in memory; calls matter more than records of them
MOST_FILES = 4_000  # about an hour of one busy gateway

logger = logging.getLogger(__name__)

_decoder = msgspec.msgpack.Decoder(list[Run])


class Spool:
    """Where one process leaves its runs."""

    def __init__(self, folder: Path, ready: Callable[[Run], Run] | None = None) -> None:
        """`ready` makes each run ready to be kept (see `redaction`), in the thread that writes. It may be changed."""
        self._folder = folder
        self.ready = ready
        self._pending: list[Run] = []
        self._dropped = 0
        self._full = False
        self._writing = threading.Lock()

    @property
    def waiting(self) -> bool:
        """Whether there is something to flush."""
        return bool(self._pending)

    def add(self, run: Run) -> None:
        """Note a run: a list grows, and nothing else happens."""
        if len(self._pending) < MOST_PENDING:
            self._pending.append(run)
        else:
            self._dropped += 1

    def flush(self) -> None:
        """Write what is pending as one file. Blocks: for a thread. A disk that takes nothing loses it, and says so."""
        with self._writing:
            pending, self._pending = self._pending, []
            dropped, self._dropped = self._dropped, 0
            if pending and (problem := self._write(pending)):
                dropped += len(pending)
                if not self._full:
                    logger.error("runs are not recorded: %s", problem)
            self._full = bool(dropped)
            if dropped:
                logger.warning("%d runs were not recorded", dropped)

    def _write(self, runs: list[Run]) -> str:
        """Why it could not be written; "" if it was."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if sum(1 for _ in os.scandir(self._folder)) >= MOST_FILES:
                return f"{MOST_FILES} batches wait in {self._folder}; see that the keeper runs and reaches its database"
            if self.ready is not None:
                runs = [self.ready(run) for run in runs]
            path = self._folder / f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
            trial = path.with_suffix(".new")
            descriptor = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.msgpack.encode(runs))
            trial.rename(path)
        except OSError as error:
            return str(error)
        return ""


def batches(folder: Path) -> list[Path]:
    """The batches that wait in `folder`, oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def read_batch(path: Path) -> list[Run]:
    """The runs of a batch. Raises ValueError where the file is damaged (a loss of power), OSError."""
    try:
        return _decoder.decode(path.read_bytes())
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error


def clear(paths: Iterable[Path]) -> None:
    """Remove batches that are in the database."""
    for path in paths:
        path.unlink(missing_ok=True)
