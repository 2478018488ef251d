"""How many pixels may be in the making at once: the memory of a server of pictures has an end."""

import asyncio
import math
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

MEGAPIXELS = 100  # 400 MB as RGBA; four photographs of a phone, a hundred of OpenAI's squares


class Room:
    """Pictures in the making; those that find no room wait for their turn."""

    def __init__(self, megapixels: int = MEGAPIXELS) -> None:
        self._most = megapixels
        self._free = asyncio.Semaphore(megapixels)
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def of(self, pixels: int) -> AsyncIterator[None]:
        """Within it there is room for a picture of so many; one that is larger than all room has it alone."""
        wanted, taken = min(self._most, max(1, math.ceil(pixels / 1e6))), 0
        try:
            async with self._turn:  # one takes at a time: two would wait for each other's half
                while taken < wanted:
                    await self._free.acquire()
                    taken += 1
            yield
        finally:
            for _ in range(taken):
                self._free.release()


def bound_threads(loop: asyncio.AbstractEventLoop) -> None:
    """Let `asyncio.to_thread` of `loop` use a thread a core: each may hold a photograph that is being read."""
    loop.set_default_executor(ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="pixels"))
