"""What both limiters promise: the same tests in memory and on a real server."""

import asyncio

import msgspec
import pytest

from pleiade.quota import Ask, Bucket, Correction, Limiter
from pleiade.quota.buckets import DROPS, MINUTE_MS, standing

MONTH_MS = 31 * 86_400_000


def window(amount: int = 1, limit: int = 100, *, key: str = "w", period_ms: int = MINUTE_MS) -> Ask:
    return Ask(key, Bucket.WINDOW, amount, limit, period_ms)


def leaky(amount: int, limit: int, *, key: str = "l") -> Ask:
    return Ask(key, Bucket.LEAKY, amount, limit, MINUTE_MS)


def money(amount: int, limit: int, *, key: str = "m", floor: int = 0, enforced: bool = True) -> Ask:
    return Ask(key, Bucket.TOTAL, amount, limit, 45 * 86_400_000, floor, enforced)


async def passes(limiter: Limiter, *asks: Ask) -> bool:
    return (await limiter.reserve(asks)).allowed


async def test_exactly_the_limit_passes_in_a_minute_and_again_in_the_next(limiter: Limiter, clock) -> None:
    assert sum([await passes(limiter, window()) for _ in range(130)]) == 100
    clock.now_ms += 29_999
    assert not await passes(limiter, window())
    clock.now_ms += 1
    assert sum([await passes(limiter, window()) for _ in range(130)]) == 100


async def test_calls_made_at_once_share_one_limit(limiter: Limiter) -> None:
    passed = await asyncio.gather(*(passes(limiter, window(7, 1000)) for _ in range(300)))
    assert sum(passed) == 142  # 142 x 7 = 994


async def test_600_requests_a_minute_are_10_in_a_second(limiter: Limiter, clock) -> None:
    asks = (window(limit=10, key="s", period_ms=1000), window(limit=600, key="m"))
    for _ in range(3):
        assert [await passes(limiter, *asks) for _ in range(11)] == [True] * 10 + [False]
        clock.now_ms += 1000


async def test_either_all_buckets_take_it_or_none(limiter: Limiter) -> None:
    full = window(limit=1, key="full")
    assert await passes(limiter, full)
    verdict = await limiter.reserve([window(60, key="roomy"), full, money(5, 1000)])
    assert not verdict.allowed
    assert verdict.asks[verdict.failed].key == "full"
    assert verdict.levels == (0, 1, 0)
    roomy = await limiter.reserve([window(100, key="roomy"), money(1000, 1000)])
    assert roomy.allowed
    assert roomy.levels == (100, 1000)


async def test_the_verdict_tells_when_it_will_pass(limiter: Limiter, clock) -> None:
    await limiter.reserve([window(100)])
    verdict = await limiter.reserve([window()])
    assert (verdict.at_ms, verdict.retry_after_ms) == (clock.now_ms, 30_000)
    assert standing(verdict.asks[0], verdict.levels[0], verdict.at_ms).reset_ms == 30_000
    clock.now_ms += verdict.retry_after_ms
    assert await passes(limiter, window())


async def test_what_is_larger_than_the_limit_is_told_to_be_hopeless(limiter: Limiter) -> None:
    await limiter.reserve([window(limit=1, key="full")])
    verdict = await limiter.reserve([window(limit=1, key="full"), window(101)])
    assert (verdict.failed, verdict.retry_after_ms) == (1, 0)


async def test_a_leaky_bucket_drains_all_the_time_and_allows_a_small_burst(limiter: Limiter, clock) -> None:
    assert await passes(limiter, leaky(59_000, 60_000))
    assert await passes(limiter, leaky(3_000, 60_000))  # it was at 98 %: a burst to 103 %
    refused = await limiter.reserve([leaky(1, 60_000)])
    assert (refused.allowed, refused.retry_after_ms) == (False, 2000)  # 2,000 tokens at 1,000 a second
    clock.now_ms += 1999
    assert not await passes(limiter, leaky(1, 60_000))
    clock.now_ms += 1
    assert await passes(limiter, leaky(1, 60_000))


async def test_a_leaky_bucket_is_corrected_both_ways(limiter: Limiter, clock) -> None:
    first = await limiter.reserve([leaky(60_001, 60_000)])
    assert not await passes(limiter, leaky(1, 60_000))
    await limiter.settle([Correction(first.asks[0], 100 - 60_001, first.at_ms)])
    second = await limiter.reserve([leaky(10, 60_000)])
    assert second.levels == (110 * DROPS,)
    await limiter.settle([Correction(second.asks[0], 120_000 - 10, second.at_ms)])
    assert not await passes(limiter, leaky(1, 60_000))
    clock.now_ms += 60_100
    assert await passes(limiter, leaky(1, 60_000))


async def test_a_window_is_corrected_only_while_it_lasts(limiter: Limiter, clock) -> None:
    verdict = await limiter.reserve([window(80)])
    ask = verdict.asks[0]
    await limiter.settle([Correction(ask, -30, verdict.at_ms)])
    assert (await limiter.reserve([window(0)])).levels == (50,)
    clock.now_ms += MINUTE_MS
    await limiter.reserve([window(10)])
    await limiter.settle([Correction(ask, -30, verdict.at_ms), Correction(ask, 15, verdict.at_ms)])
    assert (await limiter.reserve([window(0)])).levels == (10,)


async def test_no_correction_makes_a_bucket_less_than_empty(limiter: Limiter) -> None:
    for ask in (window(5), leaky(5, 100), money(5, 100)):
        verdict = await limiter.reserve([ask])
        await limiter.settle([Correction(ask, -50, verdict.at_ms)])
        zero = msgspec.structs.replace(ask, amount=0)
        assert (await limiter.reserve([zero])).levels == (0,)


async def test_a_refund_to_a_bucket_that_is_gone_changes_nothing(limiter: Limiter) -> None:
    for ask in (window(5), leaky(5, 100), money(5, 100)):
        await limiter.settle([Correction(ask, -5, 0)])
        zero = msgspec.structs.replace(ask, amount=0)
        assert (await limiter.reserve([zero])).levels == (0,)


async def test_money_is_reserved_then_settled_and_never_below_what_the_books_say(limiter: Limiter, clock) -> None:
    verdict = await limiter.reserve([money(600, 1000)])
    assert not await passes(limiter, money(500, 1000))
    await limiter.settle([Correction(verdict.asks[0], 100 - 600, verdict.at_ms)])
    assert (await limiter.reserve([money(500, 1000)])).levels == (600,)
    assert not await passes(limiter, money(100, 1000, floor=450))  # the ledger knows of more, and 500 are held
    clock.now_ms += 20 * 86_400_000
    assert (await limiter.reserve([money(0, 1000)])).levels == (100,)


async def test_money_goes_on_from_what_the_books_knew_first(limiter: Limiter) -> None:
    verdict = await limiter.reserve([money(100, 1000, floor=700)])  # a process that has just started
    assert verdict.levels == (800,)
    await limiter.settle([Correction(verdict.asks[0], -40, verdict.at_ms)])
    assert (await limiter.reserve([money(0, 1000, floor=700)])).levels == (760,)  # the books will know it later


async def test_what_a_dead_process_held_is_let_go_within_two_hours(limiter: Limiter, clock) -> None:
    await limiter.reserve([money(300, 1000)])
    clock.now_ms += 3_600_000
    long = await limiter.reserve([money(200, 1000)])
    clock.now_ms += 3_600_000
    assert (await limiter.reserve([money(0, 1000)])).levels == (200,)
    await limiter.settle([Correction(long.asks[0], 50 - 200, long.at_ms)])
    assert (await limiter.reserve([money(0, 1000)])).levels == (50,)
    late = await limiter.reserve([money(200, 1000)])
    clock.now_ms += 7_200_000
    await limiter.settle([Correction(late.asks[0], 80 - 200, late.at_ms)])  # nothing is held any more, but it did cost
    assert (await limiter.reserve([money(0, 1000)])).levels == (130,)


async def test_a_soft_limit_counts_and_never_refuses(limiter: Limiter) -> None:
    soft = money(900, 1000, enforced=False)
    assert await passes(limiter, soft)
    verdict = await limiter.reserve([soft])
    assert (verdict.allowed, verdict.levels) == (True, (1800,))
    mixed = await limiter.reserve([soft, window(limit=0)])
    assert (mixed.allowed, mixed.failed) == (False, 1)


async def test_a_clock_that_jumps_back_over_a_minute_finds_its_counters_again(limiter: Limiter, clock) -> None:
    assert await passes(limiter, window(100))
    clock.now_ms += 40_000
    assert await passes(limiter, window(100))
    clock.now_ms -= 40_000
    assert not await passes(limiter, window())
    clock.now_ms += 40_000
    assert not await passes(limiter, window())


async def test_a_clock_that_jumps_back_over_a_month_stops_nobody(limiter: Limiter, clock) -> None:
    asks = (window(100), leaky(700, 600), money(500, 1000))
    assert await passes(limiter, *asks)
    clock.now_ms -= MONTH_MS
    assert await passes(limiter, window(100))
    assert not await passes(limiter, window())
    refused = await limiter.reserve([leaky(1, 600)])
    assert (refused.allowed, refused.retry_after_ms) == (False, 10_000)
    clock.now_ms += 10_000
    assert await passes(limiter, leaky(1, 600))  # it drains from the new time on
    assert not await passes(limiter, money(501, 1000))  # held by calls of "the future", until they end
    clock.now_ms += 2 * 3_600_000
    assert await passes(limiter, money(501, 1000))


async def test_a_clock_that_jumps_forward_a_month_starts_anew(limiter: Limiter, clock) -> None:
    assert await passes(limiter, window(100), leaky(700, 600))
    clock.now_ms += MONTH_MS
    assert await passes(limiter, window(100), leaky(700, 600))


async def test_a_changed_limit_counts_from_the_next_call_on(limiter: Limiter) -> None:
    assert await passes(limiter, window(50))
    assert not await passes(limiter, window(1, 50))
    assert await passes(limiter, window(1, 51))


@pytest.mark.parametrize("name", ['o\'brien "x"', "日本 🦊", "a\nb", "{tag}", " "])
async def test_any_identifier_names_a_bucket_of_its_own(limiter: Limiter, name: str) -> None:
    assert await passes(limiter, window(limit=1, key=name))
    assert not await passes(limiter, window(limit=1, key=name))
    assert await passes(limiter, window(limit=1, key=name + "2"))


async def test_nothing_asked_is_allowed(limiter: Limiter) -> None:
    assert (await limiter.reserve([])).allowed
