"""Many callers at once, who count what they got: streams and plain calls, some of whom leave before the end."""

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import Any

import aiohttp

LEAVERS = 0.05  # share of the calls whose caller goes away by itself


@dataclass
class Seen:
    """What callers saw: the usage of finished calls by request id, and how many broke off or were refused."""

    finished: dict[str, int] = field(default_factory=dict)  # completion tokens
    broken: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    left: int = 0
    started: int = 0


class Callers:
    """`count` callers who call again and again until they are told to stop."""

    def __init__(self, url: str, key: str, count: int, *, seed: int) -> None:
        self.seen = Seen()
        self._url = url
        self._headers = {"authorization": f"Bearer {key}"}
        self._count = count
        self._random = random.Random(seed)
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60))
        self._tasks = [asyncio.create_task(self._call_on()) for _ in range(self._count)]

    async def stop(self) -> None:
        """Let running calls end, start no other."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)
        await self._session.close()

    async def _call_on(self) -> None:
        await asyncio.sleep(self._random.random())
        while not self._stopping.is_set():
            try:
                await self._call()
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                self.seen.broken += 1
                await asyncio.sleep(0.2 * self._random.random())

    async def _call(self) -> None:
        choose = self._random
        stream, leaves = choose.random() < 0.7, choose.random() < LEAVERS
        body: dict[str, Any] = {
            "model": "marked" if stream and choose.random() < 0.5 else "counted",
            "messages": [{"role": "user", "content": "x" * choose.randint(1, 60)}],
            "max_tokens": choose.randint(5, 80),
            "stream": stream,
        }
        self.seen.started += 1
        async with self._session.post(self._url, json=body, headers=self._headers) as response:
            request = response.headers.get("x-request-id", "")
            if response.status != 200:
                self.seen.refused[response.status] = self.seen.refused.get(response.status, 0) + 1
                await response.read()
                await asyncio.sleep(0.2 * choose.random())
                return
            if stream and leaves:
                await response.content.readany()
                self.seen.left += 1
                response.close()
                return
            data = await response.read()
        if not stream:
            self.seen.finished[request] = json.loads(data)["usage"]["completion_tokens"]
        elif data.endswith(b"data: [DONE]\n\n") and b'"error"' not in data:
            self.seen.finished[request] = -1  # the stream's usage was not asked for: the engine knows
        else:
            self.seen.broken += 1
