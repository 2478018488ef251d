"""What happens to a shared limiter when processes, the store and callers fail. Everything here is real."""

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

import pytest

from pleiade.quota import Ask, Bucket, Correction, LimiterLostError, Truing, choose_limiter
from pleiade.quota.errors import LimitsError
from pleiade.quota.memory import MemoryLimiter
from pleiade.quota.valkey import ValkeyLimiter
from redis_server import RedisServer

CENTURY_MS = 100 * 365 * 86_400_000  # a window that does not end while a test runs
ONE = Ask("shared", Bucket.WINDOW, 1, 100, CENTURY_MS)


def money(amount: int, limit: int = 1000) -> Ask:
    return Ask("money", Bucket.TOTAL, amount, limit, CENTURY_MS, truing=Truing.BOTH)


PROCESS = """
import asyncio, json, sys
from pleiade.quota import Ask, Bucket
from pleiade.quota.valkey import ValkeyLimiter

async def main():
    limiter = ValkeyLimiter(sys.argv[1], timeout_s=30)
    await limiter.start()
    ask = Ask("shared", Bucket.WINDOW, 1, 100, int(sys.argv[2]))
    async def caller():
        return sum([(await limiter.reserve([ask])).allowed for _ in range(10)])
    print(sum(await asyncio.gather(*(caller() for _ in range(20)))))
    await limiter.stop()

asyncio.run(main())
"""


def test_four_processes_with_a_limit_of_100_let_exactly_100_pass(redis: RedisServer) -> None:
    argv = [sys.executable, "-c", PROCESS, redis.url, str(CENTURY_MS)]
    processes = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    passed = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert sum(passed) == 100


async def test_a_store_killed_in_mid_flight_is_told_to_all_and_found_again(redis: RedisServer) -> None:
    limiter = ValkeyLimiter(redis.url, timeout_s=5)
    await limiter.start()
    lost = 0

    async def call_until_lost() -> None:
        nonlocal lost
        while not lost:
            try:
                await limiter.reserve([money(1, 10**9)])
            except LimiterLostError as error:
                lost += "PLEIADE_VALKEY_URL" in str(error)

    callers = [asyncio.create_task(call_until_lost()) for _ in range(32)]
    await asyncio.sleep(0.05)
    redis.kill()
    await asyncio.wait_for(asyncio.gather(*callers), 30)
    assert lost
    for _ in range(20):  # while it is away, nobody waits
        with pytest.raises(LimiterLostError):
            await asyncio.wait_for(limiter.reserve([ONE]), 30)
    redis.start()
    assert await _until_found(limiter)
    await limiter.stop()


async def _until_found(limiter: ValkeyLimiter) -> bool:
    for _ in range(600):
        try:
            return (await limiter.reserve([ONE])).allowed
        except LimiterLostError:
            await asyncio.sleep(0.02)
    return False


async def test_a_store_that_does_not_answer_is_given_up_and_its_late_answer_is_not_read(redis: RedisServer) -> None:
    limiter = ValkeyLimiter(redis.url, timeout_s=0.2)
    await limiter.start()
    assert (await limiter.reserve([money(1)])).levels == (1,)
    redis.pause()
    waiting = [limiter.reserve([money(10)]) for _ in range(50)]
    told = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 30)
    assert all(isinstance(entry, LimiterLostError) for entry in told)
    redis.go_on()
    assert await _until_found(limiter)
    levels = [(await limiter.reserve([ONE])).levels for _ in range(5)]
    assert levels == [(2,), (3,), (4,), (5,), (6,)]
    await limiter.stop()


async def test_a_process_that_was_busy_reads_the_answer_before_it_gives_up(redis: RedisServer) -> None:
    limiter = ValkeyLimiter(redis.url, timeout_s=0.2)
    await limiter.start()
    await limiter.reserve([ONE])
    asked = asyncio.create_task(limiter.reserve([ONE]))
    for _ in range(3):
        await asyncio.sleep(0)  # it is on its way
    time.sleep(0.5)  # noqa: ASYNC251  # the whole loop stands still
    assert (await asked).levels == (2,)
    await limiter.stop()


async def test_a_store_that_was_never_there_is_told_and_the_start_does_not_fail() -> None:
    limiter = ValkeyLimiter("redis://127.0.0.1:1/0", timeout_s=5)
    await limiter.start()
    with pytest.raises(LimiterLostError, match="check PLEIADE_VALKEY_URL"):
        await asyncio.wait_for(limiter.reserve([ONE]), 30)
    await limiter.stop()


async def test_a_store_that_lost_its_script_gets_it_again(shared_redis: RedisServer, prefix: str) -> None:
    limiter = ValkeyLimiter(shared_redis.url, prefix=prefix, timeout_s=10)
    await limiter.start()
    await limiter.reserve([ONE])
    await limiter._redis.script_flush()
    assert (await limiter.reserve([ONE])).levels == (2,)
    await limiter.stop()


async def test_what_is_owed_to_a_lost_store_is_settled_when_it_is_back(redis: RedisServer) -> None:
    limiter = ValkeyLimiter(redis.url, timeout_s=0.2)
    await limiter.start()
    day = Ask("day", Bucket.WINDOW, 60, 100, CENTURY_MS, truing=Truing.BOTH)
    verdict = await limiter.reserve([money(600), day])
    redis.pause()
    with pytest.raises(LimiterLostError):
        await limiter.reserve([money(1)])  # it may have counted: nobody knows, so it is not taken back
    await limiter.settle([Correction(ask, -50, verdict.at_ms) for ask in verdict.asks])
    redis.go_on()
    assert await _until_found(limiter)
    levels = (await limiter.reserve([money(0), day])).levels
    assert levels[0] in (0, 1)  # what it did cost is in the books by now: the total only lets go
    assert levels[1] == 70
    await limiter.stop()


async def test_stopping_settles_what_is_owed(shared_redis: RedisServer, prefix: str) -> None:
    first = ValkeyLimiter(shared_redis.url, prefix=prefix, timeout_s=10)
    await first.start()
    verdict = await first.reserve([money(600)])
    await first.settle([Correction(verdict.asks[0], -500, verdict.at_ms)])
    await first.stop()
    second = ValkeyLimiter(shared_redis.url, prefix=prefix, timeout_s=10)
    await second.start()
    assert (await second.reserve([money(0)])).levels == (100,)
    await second.stop()


async def test_a_caller_that_goes_away_gives_its_money_back(shared_redis: RedisServer, prefix: str) -> None:
    limiter = ValkeyLimiter(shared_redis.url, prefix=prefix, timeout_s=10)
    await limiter.start()
    await limiter.reserve([money(1)])
    gone = asyncio.create_task(limiter.reserve([money(500)]))
    await asyncio.sleep(0)  # it has asked
    gone.cancel()
    for _ in range(500):
        if (await limiter.reserve([money(0)])).levels == (1,):
            break
    else:
        pytest.fail("the money of a cancelled call stays reserved")
    await limiter.stop()


async def test_a_limiter_that_was_not_started_or_was_stopped_says_so(shared_redis: RedisServer) -> None:
    limiter = ValkeyLimiter(shared_redis.url)
    with pytest.raises(LimiterLostError, match=r"start\(\) it"):
        await limiter.reserve([ONE])
    await limiter.start()
    await limiter.stop()
    with pytest.raises(LimiterLostError, match=r"start\(\) it"):
        await limiter.reserve([ONE])


async def test_buckets_in_the_store_end_by_themselves(shared_redis: RedisServer, prefix: str) -> None:
    limiter = ValkeyLimiter(shared_redis.url, prefix=prefix, timeout_s=10)
    await limiter.start()
    await limiter.reserve([Ask("w", Bucket.WINDOW, 1, 9, 60_000), Ask("l", Bucket.LEAKY, 600, 60, 60_000), money(5)])
    names = await limiter._redis.keys("*")
    mine = sorted(name for name in names if name.startswith(f"{{{prefix}}}:".encode()))
    lives = {name.rsplit(b":", 1)[1]: await limiter._redis.pttl(name) for name in mine}
    assert 0 < lives[b"w"] <= 120_000
    assert 500_000 < lives[b"l"] <= 601_000
    assert lives[b"money"] > 120_000
    await limiter.stop()


async def test_ten_thousand_keys_in_memory_are_forgotten_once_they_are_idle(clock) -> None:
    limiter = MemoryLimiter(clock)
    most = 0
    for minute in range(5):
        for key in range(10_000):
            await limiter.reserve([Ask(f"{minute} {key}", Bucket.WINDOW, 1, 9, 60_000)])
            clock.now_ms += 6
        most = max(most, len(limiter))
    assert most <= 60_000  # each minute's keys live for two more; twice that at most
    clock.now_ms += 3_600_000
    for _ in range(most + 1):
        await limiter.reserve([ONE])
    assert len(limiter) == 1


async def test_several_processes_without_a_store_let_nothing_limited_through() -> None:
    limiter = choose_limiter("", processes=4)
    with pytest.raises(LimiterLostError, match="set PLEIADE_VALKEY_URL"):
        await limiter.reserve([ONE])
    assert (await limiter.reserve([])).allowed
    assert isinstance(choose_limiter("", processes=1), MemoryLimiter)


async def test_the_store_is_chosen_by_its_url(shared_redis: RedisServer) -> None:
    limiter = choose_limiter(shared_redis.url, processes=1)
    assert isinstance(limiter, ValkeyLimiter)
    await limiter.stop()
    with pytest.raises(LimitsError, match="redis://"):
        choose_limiter("memcached://127.0.0.1", processes=1)


async def test_a_caller_that_goes_away_as_its_answer_comes_gives_its_money_back(
    shared_redis: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = ValkeyLimiter(shared_redis.url, prefix=prefix, timeout_s=5)
    await limiter.start()
    gone = asyncio.create_task(limiter.reserve([money(700), ONE]))
    tell = limiter._tell

    def tell_and_leave(*told: Any) -> None:
        tell(*told)
        gone.cancel()

    monkeypatch.setattr(limiter, "_tell", tell_and_leave)
    with pytest.raises(asyncio.CancelledError):
        await gone
    monkeypatch.undo()
    assert (await limiter.reserve([money(700)])).allowed
    await limiter.stop()
