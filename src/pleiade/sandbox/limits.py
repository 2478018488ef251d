"""What hostile code may use."""

import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one judged program. Memory and CPU time are for each process; the worst case is the product with
    `processes`, plus the scratch folder.
    """

    wall_seconds: float = 10.0
    cpu_seconds: int = 8
    memory_bytes: int = 256 << 20  # address space
    processes: int = 8  # threads count too
    file_bytes: int = 1 << 20  # the largest file
    scratch_bytes: int = 8 << 20  # all files together, held in memory
    open_files: int = 32


def apply_limits(limits: Limits) -> None:
    """Bind the calling process and all it starts; there is no way back."""
    for which, bound in (
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(which, (bound, bound))
