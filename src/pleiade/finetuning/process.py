"""The lab's process: started, stopped with a checkpoint, waited for; and an older one that still holds its run."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

LAUNCHER = "PLEIADE_LAUNCHER"  # of the lab: it gets a SIGTERM when the process of that id ends
# The trainer runs models of strangers' making on strangers' examples: it is told nothing that opens anything.
SECRET = ("TOKEN", "SECRET", "PASSWORD", "KEY", "PLEIADE_", "DATABASE")
NICE = "10"  # answers to people go first
HOLDER_S = 60.0  # an older trainer, told to stop, has so long to write its checkpoint
STOP_S = 120.0  # and one that we stop
DONE, REFUSED, INTERRUPTED = 0, 2, 3
TAIL_BYTES = 4000


class Trainer:
    """One life of it."""

    def __init__(self, python: str, config: Mapping[str, Any], run: Path, *, threads: int) -> None:
        """Start it. Raises OSError."""
        folder = run.parent
        folder.mkdir(parents=True, exist_ok=True)
        wanted = folder / "config.json"
        wanted.write_bytes(msgspec.json.encode(config))
        self._log = folder / "trainer.log"
        nice = shutil.which("nice")
        argv = [python, "-m", "pleiade.lab.tune", str(wanted), "--run", str(run)]
        with self._log.open("ab") as log:
            self._start = log.tell()
            self._process = subprocess.Popen(
                [*([nice, "-n", NICE] if nice else []), *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(threads),
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ended(self, within_s: float) -> int | None:
        """Its exit status, below 0 where a signal ended it; None where it still runs after so many seconds."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> int:
        """Have it write a checkpoint and end; kill it where that takes too long. Its exit status."""
        self._process.send_signal(signal.SIGTERM)
        status = self.ended(STOP_S)
        if status is None:
            self._process.kill()
            status = self._process.wait()
        return status

    def last_words(self) -> str:
        """The last lines that this one wrote."""
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._start, size - TAIL_BYTES))
            return file.read().decode("utf-8", "replace").strip()


def environment(threads: int) -> dict[str, str]:
    """What the lab's process is told: nothing that opens anything, no hub, and how many cores it may use."""
    kept = {name: value for name, value in os.environ.items() if not any(word in name.upper() for word in SECRET)}
    return {
        **kept,
        LAUNCHER: str(os.getpid()),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "passive",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def threads_here() -> int:
    """Cores of a CPU that train: half of them, for the others answer."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // 2)


def wait_until_free(run: Path, within_s: float = HOLDER_S) -> None:
    """Wait until no process holds a run: the trainer of a runner that was killed ends with it, after a checkpoint.

    One that does not is killed, once its command line shows that it is the one.
    """
    lock = run / ".lock"
    deadline = time.monotonic() + within_s
    while lock.is_file():
        with lock.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip()
        if time.monotonic() > deadline:
            _kill(holder, run)
            deadline = time.monotonic() + within_s
        time.sleep(0.2)


def _kill(holder: str, run: Path) -> None:
    if not holder.isdecimal():
        return
    try:
        command = Path(f"/proc/{holder}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return
    if os.fsencode(str(run)) in command:
        try:
            os.kill(int(holder), signal.SIGKILL)
        except ProcessLookupError:
            return
