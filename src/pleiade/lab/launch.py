"""Starts a chain as processes: one single-threaded rank a CPU core, or one process on a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
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
    """Run `python -m pleiade.lab ARGUMENTS` in `processes` ranks; returns the exit status. Ctrl-C reaches the ranks."""
    environment = training_environment()
    command = [sys.executable, "-m", "pleiade.lab", *arguments]
    if processes > 1:
        environment["OMP_NUM_THREADS"] = "1"
        torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "--no-python"]
        command = [sys.executable, *torchrun, *command]
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the ranks received it too, and are writing their checkpoint


def default_ranks(num_micro_batches: int) -> int:
    """How many ranks suit this machine: one where there is a GPU, else the most cores that share a step evenly."""
    if torch.cuda.is_available():
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(n for n in range(1, max(1, min(cores, num_micro_batches)) + 1) if num_micro_batches % n == 0)
