"""What a measurement must know of its machine: cores, CPU time and memory of a process tree, foreign load."""

import os
import platform
import socket
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def describe() -> dict[str, str | int]:
    """The machine in a few words, for the JSON of a result."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count() or 0, "python": platform.python_version()}


def two_cores() -> tuple[int, int]:
    """Two cores: one for the load, one for what is measured. Raises SystemExit where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("This measurement needs two cores: one for the load, one for the gateway.")
    return cores[0], cores[1]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def process_tree(pid: int) -> list[int]:
    """`pid` and all its descendants that live."""
    pids = [pid]
    for parent in pids:
        try:
            tasks = list(Path(f"/proc/{parent}/task").iterdir())
            for task in tasks:
                pids += [int(child) for child in (task / "children").read_text().split()]
        except OSError:  # it ended while we looked
            continue
    return pids


def cpu_seconds(pid: int) -> float:
    """CPU time of a process tree so far, in seconds, to the nanosecond where the kernel keeps schedstat."""
    total = 0.0
    for member in process_tree(pid):
        try:
            for task in Path(f"/proc/{member}/task").iterdir():
                schedstat = task / "schedstat"
                if schedstat.exists():
                    total += int(schedstat.read_text().split()[0]) * 1e-9
                else:
                    fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
                    total += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
        except OSError:
            continue
    return total


def memory_mb(pid: int) -> float:
    """Resident memory of a process tree in MB (1e6 bytes)."""
    pages = 0
    for member in process_tree(pid):
        try:
            pages += int(Path(f"/proc/{member}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def busy_seconds() -> float:
    """CPU time that all processes of the machine have used since it started."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
