"""A child that shows signs of life: a gateway, or the keeper of the books. One that dies or hangs is started again."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence

from pleiade.supervisor.backoff import Backoff
from pleiade.supervisor.child import Child, start_child
from pleiade.supervisor.errors import SupervisorError
from pleiade.supervisor.home import Home
from pleiade.supervisor.pulse import Pulse

READY_WITHIN_S = 120.0
FATAL_STARTS = 3  # what never was ready and died this often will not become ready
LOOK_EVERY_S = 5.0  # at its log and its pulse
HUNG_AFTER_S = 30.0  # without a beat: its event loop stands still; a busy machine is slow, but not that slow
AFTER_DRAIN_S = 8.0  # children give themselves some seconds more than the drain to end what cannot be ended

logger = logging.getLogger(__name__)


class Pulsed:
    """One such process over all its starts."""

    def __init__(
        self,
        name: str,
        *,
        command: Sequence[str],
        env: Mapping[str, str],
        home: Home,
        descriptors: Sequence[int] = (),
        needed: bool = True,
        lifeline: int,
        changed: Callable[[], None],
        hung_after_s: float = HUNG_AFTER_S,
    ) -> None:
        """`command` gets `--pulse-fd N`, and inherits `descriptors`.

        Where it is `needed`, one that never becomes ready ends in `first_ready` failing; else it is tried for ever.
        """
        self.name = name
        self._command = command
        self._env = env
        self._descriptors = tuple(descriptors)
        self._needed = needed
        self._home = home
        self._lifeline = lifeline
        self._changed = changed
        self._hung_after_s = hung_after_s
        self._backoff = Backoff()
        self.child: Child | None = None
        self.ready = False
        self.first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(), name=name)

    async def stop(self, drain_s: float) -> None:
        """Let it finish its answers (at most `drain_s` seconds), then end it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self.child is None or not self.child.alive:
            return
        await self.child.finish(drain_s + AFTER_DRAIN_S)
        self._changed()

    def kill(self) -> None:
        """End it at once (a second Ctrl-C)."""
        if self.child is not None:
            self.child.kill()

    async def _live(self) -> None:
        deaths_before_ready = 0
        while True:
            try:
                lived_s, last_words = await self._serve()
            except OSError as error:
                lived_s, last_words = 0.0, f"{self.name} cannot be started: {error}"
                logger.error("%s", last_words)
            if not self.first_ready.done():
                deaths_before_ready += 1
                if self._needed and deaths_before_ready >= FATAL_STARTS:
                    self.first_ready.set_exception(SupervisorError(f"{self.name} does not start:\n{last_words}"))
                    return
            await asyncio.sleep(self._backoff.after_death(lived_s))

    async def _serve(self) -> tuple[float, str]:
        """Start it and stay until it ends; seconds that it served, and how it ended."""
        read_end, write_end = os.pipe()
        try:
            child = self.child = await start_child(
                [*self._command, "--pulse-fd", str(write_end)],
                env=self._env,
                log=self._home.logs / f"{self.name.replace(' ', '-')}.log",
                lifeline=self._lifeline,
                pass_fds=(*self._descriptors, write_end),
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        self._changed()
        began = time.monotonic()
        trouble = ""
        pulse = Pulse(read_end)
        ended = asyncio.create_task(child.ended())
        try:
            if await pulse.became_ready(READY_WITHIN_S):
                began = time.monotonic()
                self.ready = True
                if not self.first_ready.done():
                    self.first_ready.set_result(None)
                self._changed()
                trouble = await self._watched(child, pulse, ended)
            elif not ended.done():
                await asyncio.wait([ended], timeout=1.0)  # its end of the pipe closes a moment before it is gone
                trouble = "" if ended.done() else f"was not ready after {READY_WITHIN_S:g} s"
            if trouble:
                child.kill()
            reason = trouble or await ended
            await ended
        except asyncio.CancelledError:
            ended.cancel()
            raise
        finally:
            pulse.close()
        lived_s = time.monotonic() - began if self.ready else 0.0
        self.ready = False
        self._changed()
        return lived_s, f"{self.name} {reason}\n{child.last_lines()}".rstrip()

    async def _watched(self, child: Child, pulse: Pulse, ended: asyncio.Task[str]) -> str:
        """Stay while its event loop turns; "" once it ended by itself, else why it must be killed."""
        look_every_s = min(LOOK_EVERY_S, self._hung_after_s / 4)
        while True:
            await asyncio.wait([ended], timeout=look_every_s)
            if ended.done():
                return ""
            child.rotate_log()
            if pulse.silent_s > self._hung_after_s:
                return f"showed no sign of life for {self._hung_after_s:g} s and was killed"
