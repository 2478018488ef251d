"""The arithmetic over any interleaving: no bucket ever holds more than it may, and both limiters agree."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.quota import Ask, Bucket, Correction, MemoryLimiter, Verdict
from pleiade.quota.buckets import DROPS, MINUTE_MS
from pleiade.quota.valkey import ValkeyLimiter
from redis_server import RedisServer

NOW = 1_763_812_830_000
LIMITS = {"w": 50, "s": 7, "l": 60, "m": 400}

amounts = st.integers(0, 80)
jumps = st.one_of(
    st.integers(-200_000, 200_000), st.sampled_from([1000, -60_000, 3_600_000, 7_200_000, -3_600_000, 31 * 86_400_000])
)
step = st.one_of(
    st.tuples(st.just("reserve"), st.sets(st.sampled_from("wslm"), min_size=1), amounts),
    st.tuples(st.just("settle"), st.integers(0, 30), st.integers(-100, 60)),
    st.tuples(st.just("clock"), jumps, st.just(0)),
)


def ask(name: str, amount: int) -> Ask:
    if name == "l":
        return Ask("l", Bucket.LEAKY, amount, LIMITS["l"], MINUTE_MS)
    if name == "m":
        return Ask("m", Bucket.TOTAL, amount, LIMITS["m"], 45 * 86_400_000, floor=amount % 3)
    return Ask(name, Bucket.WINDOW, amount, LIMITS[name], MINUTE_MS if name == "w" else 1000)


async def play(limiter: Any, clock: list[int], steps: list[Any]) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for kind, first, second in steps:
        if kind == "clock":
            clock[0] += first
        elif kind == "reserve":
            verdicts.append(await limiter.reserve([ask(name, second) for name in sorted(first)]))
        elif verdicts:
            verdict = verdicts[first % len(verdicts)]
            await limiter.settle([Correction(entry, second, verdict.at_ms) for entry in verdict.asks])
            await limiter.reserve([Ask("other", Bucket.WINDOW, 0, 1, MINUTE_MS)])  # so that it happens at this time
    return verdicts


@given(st.lists(step, max_size=60))
def test_no_reservation_ever_takes_a_bucket_beyond_its_limit(steps: list[Any]) -> None:
    clock = [NOW]
    for verdict in asyncio.run(play(MemoryLimiter(lambda: clock[0]), clock, steps)):
        for entry, level in zip(verdict.asks, verdict.levels, strict=True):
            assert level >= 0
            if not verdict.allowed:
                continue
            if entry.bucket is Bucket.LEAKY:  # judged by what was in it: one burst above 100 %
                assert level <= (entry.limit + entry.amount) * DROPS
            else:
                assert level <= entry.limit
        assert verdict.allowed or verdict.failed >= 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), min_size=1, max_size=80))
def test_what_passed_in_a_window_is_never_more_than_its_limit(calls: list[tuple[int, int]]) -> None:
    clock, passed = [NOW], dict[int, int]()

    async def caller(limiter: MemoryLimiter, yields: int, amount: int) -> None:
        for _ in range(yields):  # any interleaving of the loop's tasks
            await asyncio.sleep(0)
        clock[0] += 5000
        verdict = await limiter.reserve([ask("w", amount), ask("m", 0)])
        if verdict.allowed:
            window = verdict.at_ms // MINUTE_MS
            passed[window] = passed.get(window, 0) + amount

    async def run() -> None:
        limiter = MemoryLimiter(lambda: clock[0])
        await asyncio.gather(*(caller(limiter, *call) for call in calls))

    asyncio.run(run())
    assert all(total <= LIMITS["w"] for total in passed.values())


def test_both_limiters_give_the_same_verdicts(shared_redis: RedisServer) -> None:
    runs = 0

    @settings(max_examples=60, deadline=None)
    @given(st.lists(step, min_size=1, max_size=40))
    def agree(steps: list[Any]) -> None:
        nonlocal runs
        runs += 1

        async def shared() -> list[Verdict]:
            clock = [NOW]
            limiter = ValkeyLimiter(shared_redis.url, prefix=f"agree {runs}", timeout_s=10, clock=lambda: clock[0])
            await limiter.start()
            try:
                return await play(limiter, clock, steps)
            finally:
                await limiter.stop()

        clock = [NOW]
        assert asyncio.run(shared()) == asyncio.run(play(MemoryLimiter(lambda: clock[0]), clock, steps))

    agree()
