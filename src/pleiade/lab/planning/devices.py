"""Kinds of devices: what they can compute and hold, and what training has been seen to reach on them.

There are no prices here: they differ by contract and by month, and a person knows theirs.
"""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path

import torch

from pleiade.lab.events.flops import data_sheet_peak, peak

# GiB of memory, from the makers' data sheets; FLOP/s stand beside what measures them (events/flops.py).
GIBIBYTES = {
    "B200": 180,
    "H200 NVL": 141,
    "H200": 141,
    "H100 PCIe": 80,
    "H100 NVL": 94,
    "H100": 80,
    "H800": 80,
    "H20": 96,
    "A100-40GB": 40,
    "A100": 80,
    "A800": 80,
    "A40": 48,
    "A30": 24,
    "A10G": 24,
    "A10": 24,
    "L40S": 48,
    "L40": 48,
    "L4": 24,
    "RTX 4090": 24,
    "RTX 3090": 24,
    "MI300X": 192,
}
# The driver, communication buffers and the allocator's gaps take the rest.
USABLE = 0.92


@dataclass(frozen=True)
class Device:
    """One device of a kind: FLOP/s in the type of computation where they are known, bytes that a run may use."""

    kind: str
    flops: float | None
    memory: float | None
    is_gpu: bool


def device_named(kind: str) -> Device:
    """A kind by its data sheet. Raises ValueError that lists the kinds."""
    known = next((name for name in GIBIBYTES if name.lower() == kind.strip().lower()), None)
    flops = data_sheet_peak(known) if known else None
    if known is None or flops is None:
        raise ValueError(f"no device is known as {kind!r}: name one of {', '.join(GIBIBYTES)}, or leave --device out")
    return Device(known, flops, GIBIBYTES[known] * 2**30 * USABLE, is_gpu=True)


def this_device(dtype: torch.dtype, processes: int = 1, given_tflops: float | None = None) -> Device:
    """What a process of a run on this machine has: its GPU, or its share of the CPU's memory among `processes`."""
    place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if place.type == "cpu":  # what it could do says little about what training does with it
        return Device("CPU", None, free_memory(place, processes), is_gpu=False)
    found = peak(place, dtype, 1, given_tflops)
    kind = torch.cuda.get_device_name(place)
    return Device(kind, found.flops if found else None, free_memory(place, processes), is_gpu=True)


def free_memory(device: torch.device, processes: int = 1) -> float | None:
    """Bytes that this process may still take; None where the system does not tell."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0]) * USABLE
    shared = [room for room in (_system_room(), _group_room()) if room is not None]
    rooms = [room / processes for room in shared]
    if (own := _own_room()) is not None:
        rooms.append(own)
    return min(rooms) if rooms else None


def _system_room() -> float | None:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    return next((float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _group_room() -> float | None:
    """What a control group (a container) leaves."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / name).read_text("ascii").strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return None
    return None if limit == "max" else float(limit) - float(used)


def _own_room() -> float | None:
    """What the limit on this process's address space (ulimit -v) leaves."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return None
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return float(limit - pages * os.sysconf("SC_PAGE_SIZE"))
