"""Limiters of both kinds, on a clock that tests set."""

from collections.abc import AsyncIterator, Iterator

import pytest

from pleiade.quota import Limiter, MemoryLimiter
from pleiade.quota.valkey import ValkeyLimiter
from redis_server import RedisServer


class Clock:
    """Unix milliseconds; it starts in the middle of a minute, and of a month."""

    def __init__(self) -> None:
        self.now_ms = 1_763_812_830_000  # 2025-11-22 12:00:30 UTC

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """One Redis for all tests that do it no harm."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis that the test may kill."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """Each test's own keys on the shared server."""
    return f"test {request.node.nodeid}"


@pytest.fixture(params=["memory", "valkey"])
async def limiter(request: pytest.FixtureRequest, clock: Clock, prefix: str) -> AsyncIterator[Limiter]:
    """A running limiter: once in memory, once on a real server."""
    made: Limiter
    if request.param == "memory":
        made = MemoryLimiter(clock)
    else:
        server: RedisServer = request.getfixturevalue("shared_redis")
        made = ValkeyLimiter(server.url, prefix=prefix, clock=clock, timeout_s=10)
    await made.start()
    yield made
    await made.stop()
