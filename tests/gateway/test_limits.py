"""Limits as callers meet them, over a real limiter: on a real Redis where it is shared or lost."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import openai
import pytest
from scripted_books import PRICE, Books, paying
from scripted_engine import ScriptedEngine
from scripted_gateway import AZURE, CHAT, OPENAI, SECRET, Serve, azure_error, key_for, openai_error

from pleiade.domain import OpenKey
from pleiade.domain.limits import Budget, Capacity, RateLimit, Scope, Stance
from pleiade.domain.tenants import Billing
from pleiade.gateway.keys import FixedKeys
from pleiade.quota import Credit, LimitsBook
from pleiade.quota.valkey import ValkeyLimiter
from redis_server import RedisServer

KEY = key_for(SECRET)
EMBEDDINGS = "/v1/embeddings", {"model": "embed", "input": "hi"}


def budget(nano: int, **fields: object) -> LimitsBook:
    made = Budget(**{"scope": Scope.KEY, "subject": KEY.id, "nano": nano, "currency": "USD", **fields})
    return LimitsBook(budgets={(made.scope, made.subject): made})


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


async def test_a_used_up_budget_is_a_quota_in_both_dialects_and_the_sdk_does_not_insist(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    books = Books(tmp_path, prices=[PRICE], limits=budget(100_000))  # one call of 40 tokens takes most of it
    served = await serve(commerce=books.commerce, keys=paying())
    limited = CHAT | {"max_tokens": 40}
    assert (await served.post(OPENAI, limited)).status == 200
    large = CHAT | {"max_tokens": 4000}
    told = await served.post(OPENAI, large)
    assert (told.status, (await openai_error(told))["type"]) == (429, "insufficient_quota")
    assert told.headers["x-should-retry"] == "false"
    told = await served.post(AZURE, large)
    assert (told.status, (await azure_error(told))["code"]) == (403, "QuotaExceeded")
    seen = len(engine.seen)
    client = openai.AsyncOpenAI(api_key=SECRET, base_url=served.url + "/v1", max_retries=5)
    with pytest.raises(openai.RateLimitError) as caught:
        await client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "hi"}], max_tokens=4000
        )
    assert caught.value.code == "insufficient_quota"
    assert len(engine.seen) == seen
    await client.close()


async def test_a_hard_budget_is_settled_at_what_calls_cost_so_many_small_ones_fit(serve: Serve, tmp_path: Path) -> None:
    books = Books(tmp_path, prices=[PRICE], limits=budget(150_000))
    served = await serve(commerce=books.commerce, keys=paying())
    statuses = [(await served.post(OPENAI, CHAT | {"max_tokens": 40})).status for _ in range(4)]
    assert statuses == [200] * 4  # reserved at their most, two would have filled it
    cost = sum(entry.cost for entry in await books.settled(4))
    ask = next(iter(books.commerce.limiter._entries.values()))
    assert ask.state[0] == cost > 0  # what the limiter has settled is what the ledger has booked
    assert ask.state[2:] == (0, 0)


async def test_a_soft_budget_refuses_nobody(serve: Serve, tmp_path: Path) -> None:
    books = Books(tmp_path, prices=[PRICE], limits=budget(1, hard=False))
    served = await serve(commerce=books.commerce, keys=paying())
    assert [(await served.post(OPENAI, CHAT)).status for _ in range(3)] == [200] * 3


async def test_what_was_spent_last_month_is_not_taken_for_this_month(tmp_path: Path) -> None:
    books = Books(tmp_path)
    books.commerce._spent = "2026-11", {(Scope.KEY, KEY.id): 5}
    assert books.commerce.spent(Scope.KEY, KEY.id, "2026-11") == 5
    assert books.commerce.spent(Scope.KEY, KEY.id, "2026-12") == 0
    books.journal.close()


class PrepayingKeys(FixedKeys):
    """The same keys, of organisations that prepay."""

    def load(self) -> Mapping[str, OpenKey]:
        return {
            digest: OpenKey(msgspec.structs.replace(opened.principal, billing=Billing.PREPAID), opened.expires)
            for digest, opened in super().load().items()
        }


async def test_a_prepaid_organisation_is_served_as_long_as_its_credits_last(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    books = Books(tmp_path, prices=[PRICE])
    has = {("default", "USD"): Credit(160_000, 10_000)}  # 150,000 nano are left
    books.commerce._read_credits = lambda month: has
    served = await serve(commerce=books.commerce, keys=PrepayingKeys({SECRET: KEY}))
    limited = CHAT | {"max_tokens": 40}  # up to 90,000; in fact 11,000
    statuses = [(await served.post(OPENAI, limited)).status for _ in range(8)]
    assert statuses == [200] * 6 + [429] * 2
    told = await served.post(OPENAI, limited)
    assert "the prepaid credits of organization default are used up" in (await openai_error(told))["message"]
    assert len(engine.seen) == 6
    has = {}
    await books.commerce._refresh_spent()
    assert (await served.post(OPENAI, CHAT | {"max_tokens": 1})).status == 429  # nothing was ever bought


async def test_a_budget_in_another_currency_and_a_pool_without_a_slice_are_told_as_such(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    for name, limits, says in (
        ("currency", budget(10**9, currency="EUR"), "set both in one currency"),
        ("pool", LimitsBook(pooled=frozenset({"pico-1"})), "pleiade quota capacity chat"),
    ):
        books = Books(tmp_path / name, prices=[PRICE], limits=limits)
        served = await serve(commerce=books.commerce, keys=paying())
        told = await served.post(OPENAI, CHAT)
        assert (told.status, told.headers["x-should-retry"]) == (429, "false")
        assert says in (await openai_error(told))["message"]
        assert (await served.post(AZURE, CHAT)).status == 403
    assert not engine.seen


async def test_a_request_larger_than_its_limit_is_told_so(serve: Serve, tmp_path: Path, engine: ScriptedEngine) -> None:
    limits = LimitsBook(rates={(Scope.KEY, KEY.id, ""): RateLimit(max_tokens_per_1_minute=500)})
    books = Books(tmp_path, limits=limits)
    served = await serve(commerce=books.commerce)
    told = await served.post(OPENAI, CHAT | {"max_tokens": 501})
    assert (await openai_error(told))["message"].startswith("Request too large for chat in key ")
    assert told.headers["x-should-retry"] == "false"
    assert not engine.seen
    passed = await served.post(OPENAI, CHAT | {"max_tokens": 20})
    assert passed.headers["x-ratelimit-limit-tokens"] == "500"
    assert passed.headers["x-ratelimit-reset-tokens"].endswith("s")


async def test_two_gateways_on_one_store_share_a_limit(serve: Serve, tmp_path: Path, redis: RedisServer) -> None:
    limits = LimitsBook(rates={(Scope.KEY, KEY.id, ""): RateLimit(max_requests_per_1_day=20)})
    gateways = []
    for name in ("first", "second"):
        books = Books(tmp_path / name, limits=limits, limiter=ValkeyLimiter(redis.url, timeout_s=10))
        gateways.append(await serve(commerce=books.commerce))
    answers = await asyncio.gather(*(gateways[n % 2].post(OPENAI, CHAT) for n in range(30)))
    assert sorted(answer.status for answer in answers) == [200] * 20 + [429] * 10


async def test_a_lost_store_is_met_with_each_deployments_stance_and_found_again(
    serve: Serve, tmp_path: Path, redis: RedisServer, engine: ScriptedEngine
) -> None:
    closed = LimitsBook(capacities={"chat": Capacity(units=1000)})
    open_ = LimitsBook(capacities={"chat": msgspec.structs.replace(closed.capacities["chat"], stance=Stance.OPEN)})
    gateways = []
    for name, limits in (("closed", closed), ("open", open_)):
        books = Books(tmp_path / name, limits=limits, limiter=ValkeyLimiter(redis.url, timeout_s=10))
        gateways.append(await serve(commerce=books.commerce))
    shut, ajar = gateways
    assert [(await served.post(OPENAI, CHAT)).status for served in gateways] == [200, 200]
    redis.kill()
    told = await shut.post(OPENAI, CHAT)
    assert (told.status, (await openai_error(told))["code"]) == (503, "service_unavailable")
    assert str(redis.socket) not in await told.text()  # where the store is, is nobody's business
    told = await shut.post(AZURE, CHAT)
    assert (told.status, (await azure_error(told))["code"]) == (503, "ServiceUnavailable")
    assert (await shut.post(*EMBEDDINGS)).status == 200  # nothing limits this one
    assert (await ajar.post(OPENAI, CHAT)).status == 200
    redis.start()
    async with asyncio.timeout(30):
        while (await shut.post(OPENAI, CHAT)).status != 200:  # noqa: ASYNC110 - a store has no event
            await asyncio.sleep(0.05)
