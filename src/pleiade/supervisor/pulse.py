"""What a gateway says through its pipe: `ready` once, then a beat now and then for as long as its event loop turns."""

import asyncio
import os
import time


class Pulse:
    """The supervisor's ear on a gateway. All gateways share one socket, so asking over HTTP would ask any of them."""

    def __init__(self, descriptor: int) -> None:
        """Listen to the pipe's read end, which `close` closes."""
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._said: asyncio.Future[bool] = self._loop.create_future()
        self._heard = b""
        self._last = time.monotonic()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._listen)

    @property
    def silent_s(self) -> float:
        """Seconds since it was last heard."""
        return time.monotonic() - self._last

    async def became_ready(self, within_s: float) -> bool:
        """Whether `ready` arrives before the pipe closes or the time is over."""
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(self._said)
        except TimeoutError:
            return False

    def close(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _listen(self) -> None:
        chunk = os.read(self._descriptor, 4096)
        self._last = time.monotonic()
        if not chunk:
            self._loop.remove_reader(self._descriptor)
        if not self._said.done():
            self._heard += chunk
            if not chunk or b"ready" in self._heard:
                self._said.set_result(b"ready" in self._heard)
