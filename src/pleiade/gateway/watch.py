"""One look every few milliseconds over all running calls: deadlines, clients that went away or stopped
reading.

A timer and a listening task for each request would cost more than the request; a sweep costs nothing to the
short ones, and still lets go of an abandoned engine request within 100 ms.
"""

import asyncio
import time

from pleiade.gateway.call import Call
from pleiade.settings import Settings

SWEEP_S = 0.04
_YOUNG_S = 0.02  # a call younger than this will likely be over before anybody hangs up


class Watch:
    """The calls in flight, and the task that looks after them."""

    def __init__(self, settings: Settings) -> None:
        self._slow_client_s = settings.slow_client_timeout_s
        self._request_s = settings.request_timeout_s
        self._first_byte_s = settings.first_byte_timeout_s
        self.calls: set[Call] = set()
        self._task: asyncio.Task[None] | None = None
        self._drain_deadline = 0.0

    def enter(self, call: Call) -> None:
        """Look after `call`, which the current task runs."""
        call.task = asyncio.current_task()
        call.deadline = call.started_at + self._request_s
        self.calls.add(call)

    def leave(self, call: Call) -> None:
        """The call is over."""
        self.calls.discard(call)
        if call.watcher is not None:
            call.watcher.cancel()

    def expect_first_byte(self, call: Call) -> None:
        """The engine has been asked: its answer must start within the time set."""
        call.first_byte_deadline = time.perf_counter() + self._first_byte_s

    def drain(self, seconds: float) -> None:
        """Calls that still run in `seconds` are told that the server stops."""
        self._drain_deadline = time.perf_counter() + seconds

    @property
    def draining(self) -> bool:
        """The server has been told to stop."""
        return self._drain_deadline > 0

    @property
    def drain_left_s(self) -> float:
        """Seconds for which what runs may still run, once the server has been told to stop."""
        return max(0.0, self._drain_deadline - time.perf_counter())

    def start(self) -> None:
        """Begin to sweep."""
        self._task = asyncio.create_task(self._sweep_forever())

    async def stop(self) -> None:
        """Stop sweeping."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            now = time.perf_counter()
            for call in tuple(self.calls):
                self._look_at(call, now)

    def _look_at(self, call: Call, now: float) -> None:
        if call.edge.stalled_s(now, self._slow_client_s / 4) > self._slow_client_s:
            if call.aborted != "slow_client":  # also while the end of an aborted call is being told to it
                call.abort("slow_client")
        elif call.aborted:
            pass
        elif now > call.deadline:
            call.abort("timeout")
        elif call.first_byte_deadline and not call.first_byte_at and now > call.first_byte_deadline:
            call.abort("first_byte_timeout")
        elif self._drain_deadline and now > self._drain_deadline:
            call.abort("draining")
        elif call.watcher is None and call.body_read and now - call.started_at > _YOUNG_S:
            call.watcher = asyncio.create_task(_notice_disconnect(call))


async def _notice_disconnect(call: Call) -> None:
    """Wait for the client to go away; nothing else can come once its body was read."""
    while (await call.receive())["type"] != "http.disconnect":
        pass
    call.abort("disconnected")
