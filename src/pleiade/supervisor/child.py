"""One child process: its log file, its end, its last words."""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

LIFELINE_VARIABLE = "PLEIADE_LIFELINE_FD"
LOG_BYTES = 8 * 1024 * 1024  # a log grows to this, then becomes NAME.log.1
TAIL_BYTES = 4096
TAIL_LINES = 20

logger = logging.getLogger(__name__)


class Child:
    """A running child, the leader of its own process group (so a terminal's Ctrl-C reaches only us)."""

    def __init__(self, process: asyncio.subprocess.Process, argv: Sequence[str], log: Path, start: int) -> None:
        self.process = process
        self.argv = tuple(argv)
        self._log = log
        self._log_start = start

    @property
    def pid(self) -> int:
        """Its process id, also that of its group."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.returncode is None

    async def ended(self) -> str:
        """Wait for its end; how it ended, in words."""
        code = await self.process.wait()
        if code >= 0:
            return f"exited with code {code}"
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"

    def terminate(self) -> None:
        """Ask it to finish what it does and to exit."""
        if self.alive:
            self.process.terminate()

    async def finish(self, within_s: float) -> None:
        """Ask it to finish; kill it where that takes longer than `within_s` seconds. Returns once it is gone."""
        self.terminate()
        try:
            async with asyncio.timeout(within_s):
                await self.ended()
        except TimeoutError:
            self.kill()
            await self.ended()

    def kill(self) -> None:
        """End it and whatever it started, at once."""
        if not self.alive:
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()

    def sweep(self) -> None:
        """After its end: end what it started and left behind (vLLM's engine core would hold the GPU)."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nothing is left, the usual case

    def last_lines(self) -> str:
        """The last lines of this process's log, for an operator."""
        try:
            with self._log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES, min(self._log_start, size)))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return "\n".join([line for line in text.splitlines() if line.strip()][-TAIL_LINES:])

    def rotate_log(self) -> None:
        """Keep one former part of a log that grew large; the child appends, so truncating is safe."""
        size = self._log.stat().st_size if self._log.exists() else 0
        if size < LOG_BYTES:
            return
        try:
            with self._log.open("rb") as file:
                file.seek(size - LOG_BYTES)
                self._log.with_suffix(".log.1").write_bytes(file.read())
            os.truncate(self._log, 0)
        except OSError as error:  # a full disk, say: no reason to let go of the process
            logger.warning("the log %s cannot be rotated, and grows: %s", self._log, error)
            return
        self._log_start = 0


async def start_child(
    argv: Sequence[str], *, env: Mapping[str, str], log: Path, lifeline: int, pass_fds: Sequence[int] = ()
) -> Child:
    """Start `argv` with its output appended to `log` and the lifeline (a pipe's read end) in its hands.

    Raises OSError where the program cannot be started.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    start = os.lseek(descriptor, 0, os.SEEK_END)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env={**env, LIFELINE_VARIABLE: str(lifeline), "PYTHONUNBUFFERED": "1"},
            pass_fds=(lifeline, *pass_fds),
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    return Child(process, argv, log, start)
