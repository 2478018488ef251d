"""The gateway processes: siblings that share one listening socket; one that dies is started again."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pleiade.supervisor.backoff import Backoff
from pleiade.supervisor.child import Child, start_child
from pleiade.supervisor.errors import SupervisorError
from pleiade.supervisor.home import Home

READY_WITHIN_S = 120.0
FATAL_STARTS = 3  # a gateway that never was ready and died this often will not become ready
ROTATE_EVERY_S = 5.0
AFTER_DRAIN_S = 8.0  # a gateway gives itself 5 s more than the drain to end what cannot be ended


class Gateway:
    """One gateway process over all its starts."""

    def __init__(
        self,
        number: int,
        *,
        command: Sequence[str],
        env: Mapping[str, str],
        listener: socket.socket,
        home: Home,
        lifeline: int,
        changed: Callable[[], None],
    ) -> None:
        self.number = number
        self._command = command
        self._env = env
        self._listener = listener
        self._home = home
        self._lifeline = lifeline
        self._changed = changed
        self._backoff = Backoff()
        self.child: Child | None = None
        self.ready = False
        self.first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(), name=f"gateway {number}")

    async def stop(self, drain_s: float) -> None:
        """Let it finish its answers (at most `drain_s` seconds), then end it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        child = self.child
        if child is None or not child.alive:
            return
        child.terminate()
        try:
            async with asyncio.timeout(drain_s + AFTER_DRAIN_S):
                await child.ended()
        except TimeoutError:
            child.kill()
            await child.ended()
        self._changed()

    def kill(self) -> None:
        """End it at once (a second Ctrl-C)."""
        if self.child is not None:
            self.child.kill()

    async def _live(self) -> None:
        deaths_before_ready = 0
        while True:
            lived_s, last_words = await self._serve()
            if not self.first_ready.done():
                deaths_before_ready += 1
                if deaths_before_ready >= FATAL_STARTS:
                    self.first_ready.set_exception(
                        SupervisorError(f"gateway {self.number} does not start:\n{last_words}")
                    )
                    return
            await asyncio.sleep(self._backoff.after_death(lived_s))

    async def _serve(self) -> tuple[float, str]:
        """Start it and stay until it ends; seconds that it served, and how it ended."""
        read_end, write_end = os.pipe()
        descriptor = self._listener.fileno()
        try:
            child = self.child = await start_child(
                [*self._command, "--fd", str(descriptor), "--ready-fd", str(write_end)],
                env=self._env,
                log=self._home.logs / f"gateway-{self.number}.log",
                lifeline=self._lifeline,
                pass_fds=(descriptor, write_end),
            )
        finally:
            os.close(write_end)
        self._changed()
        began = time.monotonic()
        ended = asyncio.create_task(child.ended())
        try:
            if await _says_ready(read_end, READY_WITHIN_S):
                began = time.monotonic()
                self.ready = True
                if not self.first_ready.done():
                    self.first_ready.set_result(None)
                self._changed()
            elif not ended.done():
                await asyncio.wait([ended], timeout=1.0)  # its end of the pipe closes a moment before it is gone
                child.kill()
            while not ended.done():
                await asyncio.wait([ended], timeout=ROTATE_EVERY_S)
                child.rotate_log()
            reason = await ended
        except asyncio.CancelledError:
            ended.cancel()
            raise
        finally:
            os.close(read_end)
        lived_s = time.monotonic() - began if self.ready else 0.0
        self.ready = False
        self._changed()
        return lived_s, f"gateway {self.number} {reason}\n{child.last_lines()}".rstrip()


def clean_metrics(folder: Path) -> None:
    """Remove what the gateways of a former start left: counters begin at zero with each `up`."""
    for path in folder.glob("*.db"):
        path.unlink(missing_ok=True)


async def _says_ready(descriptor: int, within_s: float) -> bool:
    """Whether "ready" arrives on the pipe, before it closes or the time is over."""
    loop = asyncio.get_running_loop()
    os.set_blocking(descriptor, False)
    said: asyncio.Future[bool] = loop.create_future()
    heard = b""

    def listen() -> None:
        nonlocal heard
        chunk = os.read(descriptor, 64)
        heard += chunk
        if not said.done() and (not chunk or b"ready" in heard):
            said.set_result(b"ready" in heard)

    loop.add_reader(descriptor, listen)
    try:
        async with asyncio.timeout(within_s):
            return await said
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
