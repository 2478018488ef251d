"""Starts a chain as processes: one single-threaded rank a CPU core, or one a GPU."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

import torch

from pleiade.lab.signals import end_with

REFUSED, INTERRUPTED = 2, 3
LAUNCHER = "PLEIADE_LAUNCHER"  # its process id, for the ranks
# Seconds for the others: to write the checkpoint of a stopped run, to notice that a rank is lost (GPUs do not), or to
# come to the same refusal.
PATIENCE, AFTER_A_LOSS, HASTE = 60.0, 20.0, 5.0
MAX_TOLD = 4000  # bytes


def training_environment() -> dict[str, str]:
    """The environment that made CPU training fast here: no spinning threads, and freed memory kept by the process.

    glibc otherwise returns each step's large buffers to the kernel and faults every page in again: matrix products
    were 2.5 times slower.
    """
    quiet = {
        "OMP_WAIT_POLICY": "passive",
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": "100000000000",
        "MALLOC_TOP_PAD_": "100000000",
    }
    return {**quiet, **os.environ}


def launch(arguments: Sequence[str], processes: int, module: str = "pleiade.lab") -> int:
    """Run `python -m MODULE ARGUMENTS` in `processes` ranks; returns the first rank's exit status, or the worst.

    Ctrl-C and SIGTERM reach the ranks, which write their checkpoint. A rank that fails ends the others. The first rank
    speaks for all; what another one had to say is told where that one failed first.
    """
    command = [sys.executable, "-m", module, *arguments]
    port = _free_port()
    with ExitStack() as open_files:
        said = [open_files.enter_context(tempfile.TemporaryFile()) for _ in range(processes)]
        ranks = [
            subprocess.Popen(command, env=_rank_environment(rank, processes, port), stderr=said[rank] if rank else None)
            for rank in range(processes)
        ]
        with _passed_on(ranks):
            failed = _first_to_fail(ranks)
            if failed is not None:
                _end(ranks, _patience_after(ranks[failed].returncode))
        if failed is not None and ranks[failed].returncode < 0:
            print(_lost(failed, -ranks[failed].returncode), file=sys.stderr, flush=True)
        elif failed and ranks[failed].returncode != ranks[0].returncode:  # else the first has said the same
            said[failed].seek(0)
            told = said[failed].read()[-MAX_TOLD:].decode("utf-8", "replace").strip()
            print(f"rank {failed} ended with {ranks[failed].returncode}: {told}", file=sys.stderr, flush=True)
    if ranks[0].returncode > 0:
        return ranks[0].returncode
    return max((abs(rank.returncode) for rank in ranks), default=0)


def _patience_after(status: int) -> float:
    if status < 0:
        return AFTER_A_LOSS
    return HASTE if status == REFUSED else PATIENCE


def _first_to_fail(ranks: Sequence[subprocess.Popen[bytes]]) -> int | None:
    """Wait until all ranks are finished, or one of them ends with another status than 0: its number.

    Of several it is one that was killed, since that is why the others failed.
    """
    while True:
        running = any(rank.poll() is None for rank in ranks)
        failed = [number for number, rank in enumerate(ranks) if rank.returncode not in (None, 0)]
        if failed or not running:
            return min(failed, key=lambda number: ranks[number].returncode, default=None)
        time.sleep(0.2)


def _lost(rank: int, number: int) -> str:
    name = signal.Signals(number).name
    perhaps = ", perhaps for want of memory" if number == signal.SIGKILL else ""
    return f"rank lost: rank {rank} was killed ({name}{perhaps}). The same command goes on from the last checkpoint"


@contextmanager
def _passed_on(ranks: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Within it a SIGTERM goes to the ranks instead of ending this process; a Ctrl-C has reached them already."""

    def pass_on(_signal: int, _frame: FrameType | None) -> None:
        for rank in ranks:
            rank.terminate()

    before = signal.signal(signal.SIGTERM, pass_on), signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


def _rank_environment(rank: int, processes: int, port: int) -> dict[str, str]:
    environment = training_environment() | {LAUNCHER: str(os.getpid())}
    if processes > 1:
        place = {
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": processes,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
        }
        environment |= {"OMP_NUM_THREADS": "1", **{name: str(value) for name, value in place.items()}}
    return environment


def end_with_launcher() -> None:
    """Called by a rank: if the process that launched it ends, however that ended, it gets a SIGTERM (on Linux)."""
    if LAUNCHER in os.environ:
        end_with(int(os.environ[LAUNCHER]), signal.SIGTERM)


def _end(ranks: Sequence[subprocess.Popen[bytes]], patience: float) -> None:
    deadline = time.monotonic() + patience
    while any(rank.poll() is None for rank in ranks) and time.monotonic() < deadline:
        time.sleep(0.2)
    for rank in ranks:
        if rank.poll() is None:
            rank.kill()
            rank.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def default_ranks(num_micro_batches: int, ranks_per_row: int = 1) -> int:
    """How many ranks suit this machine: the most GPUs (or else cores) that share a step evenly.

    `ranks_per_row` of them work on the same row (parallel.sequence x parallel.tensor).
    """
    if torch.cuda.is_available():
        devices = torch.cuda.device_count()
    else:
        devices = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    most = max(1, min(devices // ranks_per_row, num_micro_batches))
    return ranks_per_row * max(n for n in range(1, most + 1) if num_micro_batches % n == 0)
