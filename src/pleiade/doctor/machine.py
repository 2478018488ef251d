"""The machine and what is installed on it."""

import importlib
import os
import platform
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from pleiade.doctor.findings import Finding

# Instruction sets from the slowest to the fastest that OpenVINO uses; without AVX2 serving is slow.
CPU_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_tile", "amx_bf16")
FREE_MEMORY_WANTED = 500_000_000
EARLIEST = 1_767_225_600  # 2026-01-01: this program is younger
_MEMORY = Path("/proc/meminfo")


def examine_machine() -> Iterator[Finding]:
    """Python, packages, versions, processor, memory and clock."""
    yield _python()
    yield _packages()
    yield _cpu()
    yield from _memory()
    yield _clock(time.time())


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.machine()} ({sys.prefix})"
    if sys.maxsize < 2**32:
        return Finding("python", "wrong", f"{found} is a 32-bit build", "install a 64-bit Python")
    return Finding("python", "ok", found)


def _packages() -> Finding:
    missing = []
    for name in (
        "openvino",
        "tokenizers",
        "llguidance",
        "uvicorn",
        "aiohttp",
        "xllamacpp",
        "gguf",
        "alembic",
    ):
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            missing.append(f"{name} ({error})")
    if missing:
        return Finding(
            "packages",
            "wrong",
            f"cannot be imported: {'; '.join(missing)}",
            "pip install --force-reinstall pleiade",
        )
    told = ", ".join(f"{name} {version(name)}" for name in ("pleiade", "openvino", "xllamacpp"))
    return Finding("packages", "ok", told)


def _cpu() -> Finding:
    cpuinfo = Path("/proc/cpuinfo")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not cpuinfo.exists() or "flags" not in (text := cpuinfo.read_text()):
        return Finding("cpu", "ok", f"{cores} cores, {platform.machine()}")
    flags = text.split("flags", 1)[1].split("\n", 1)[0].split()
    there = [flag for flag in CPU_FLAGS if flag in flags]
    if "avx2" not in there:
        return Finding("cpu", "warning", f"{cores} cores without AVX2", "answers will be slow: use a newer machine")
    return Finding("cpu", "ok", f"{cores} cores with {', '.join(there)}")


def _memory() -> Iterator[Finding]:
    try:
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines())
        total, available = (int(lines[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        return  # no Linux: nobody tells
    found = f"{available / 1e9:.1f} of {total / 1e9:.1f} GB available"
    if available > FREE_MEMORY_WANTED:
        yield Finding("memory", "ok", found)
    else:
        mend = "stop what else runs here, or undeploy a model: pleiade deployment list"
        yield Finding("memory", "warning", found, mend)


def _clock(now: float) -> Finding:
    told = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < EARLIEST:
        return Finding(
            "clock", "wrong", f"{told} is in the past", "set the clock, and keep it by NTP: keys expire by it"
        )
    return Finding("clock", "ok", told)
