"""Starts a chain as processes: one single-threaded rank a CPU core, or one process on a GPU."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

import torch


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


def launch(arguments: Sequence[str], processes: int) -> int:
    """Run `python -m pleiade.lab ARGUMENTS` in `processes` ranks; returns the worst exit status.

    Ctrl-C reaches the ranks, which write their checkpoint. A rank that fails ends the others.
    """
    command = [sys.executable, "-m", "pleiade.lab", *arguments]
    port = _free_port()
    ranks = [subprocess.Popen(command, env=_rank_environment(rank, processes, port)) for rank in range(processes)]
    while any(rank.poll() is None for rank in ranks):
        try:
            time.sleep(0.2)
        except KeyboardInterrupt:
            continue  # the ranks received it too
        if any(rank.poll() not in (None, 0) for rank in ranks):
            _end(ranks)
    return max((abs(rank.returncode) for rank in ranks), default=0)


def _rank_environment(rank: int, processes: int, port: int) -> dict[str, str]:
    environment = training_environment()
    if processes > 1:
        place = {"RANK": rank, "WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment |= {"OMP_NUM_THREADS": "1", **{name: str(value) for name, value in place.items()}}
    return environment


def _end(ranks: Sequence[subprocess.Popen[bytes]]) -> None:
    # A stopped run exits with 3 in every rank, so give the others time to say so before asking them.
    deadline = time.monotonic() + 20
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


def default_ranks(num_micro_batches: int) -> int:
    """How many ranks suit this machine: one where there is a GPU, else the most cores that share a step evenly."""
    if torch.cuda.is_available():
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(n for n in range(1, max(1, min(cores, num_micro_batches)) + 1) if num_micro_batches % n == 0)
