"""Calls that break off, or whose engine does not count, are booked and counted against limits all the same."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest
from scripted_books import PRICE, STREAM, Books, never_answers, paying
from scripted_engine import Exchange, ScriptedEngine, chunk, usage
from scripted_gateway import AZURE, CHAT, OPENAI, SECRET, Serve, Served, endpoint, key_for

from pleiade.domain.books import Outcome
from pleiade.domain.limits import RateLimit, Scope
from pleiade.gateway.keys import FixedKeys
from pleiade.quota.book import LimitsBook

TPM = 100_000


def limited() -> tuple[FixedKeys, LimitsBook]:
    """A key with a limit of tokens, which is corrected by what its calls use."""
    key = key_for(SECRET)
    rate = RateLimit(max_tokens_per_1_minute=TPM)
    return FixedKeys({SECRET: key}), LimitsBook(rates={(Scope.KEY, key.id, ""): rate})


async def counted(served: Served, engine: ScriptedEngine, used_by_probe: int) -> int:
    """Tokens that count against the key before this call, whose own estimate is `used_by_probe`."""
    answer = await served.post(OPENAI, CHAT)
    return TPM - int(answer.headers["x-ratelimit-remaining-tokens"]) - used_by_probe


async def leave(served: Served, body: object) -> None:
    with pytest.raises(TimeoutError):
        await served.post(OPENAI, body, timeout=aiohttp.ClientTimeout(total=0.3))


async def test_a_stream_that_counts_at_its_end_and_is_left_before_is_estimated_by_what_came(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    async def counts_at_the_end(exchange: Exchange) -> None:
        await exchange.begin()
        for _ in range(50):
            await exchange.part(chunk(" word"))
        await asyncio.sleep(60)

    engine.script = counts_at_the_end
    books = Books(tmp_path, prices=[PRICE])
    served = await serve(commerce=books.commerce, keys=paying())
    async with served.client.post(served.url + OPENAI, json=STREAM, headers=served.headers) as stream:
        data = b""
        while data.count(b" word") < 50:
            data += await stream.content.readany()
        stream.close()
    (entry,) = await books.settled()
    assert (entry.outcome, entry.estimated, entry.status) == (Outcome.CANCELLED, True, 200)
    assert (entry.completion_tokens, entry.cost) == (50, entry.prompt_tokens * 1000 + 50 * 2000)
    assert entry.prompt_tokens > 0


async def test_leaving_a_call_early_does_not_evade_the_limit_of_tokens(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    keys, limits = limited()
    books = Books(tmp_path, limits=limits)
    served = await serve(commerce=books.commerce, keys=keys, endpoints=[endpoint(engine, tells_usage=True)])
    engine.script = never_answers
    await leave(served, CHAT)
    (entry,) = await books.settled()
    assert entry.completion_tokens == 41
    await asyncio.sleep(0)  # the limiter hears of it after the ledger
    engine.script = ScriptedEngine().script
    assert await counted(served, engine, entry.estimate) == entry.prompt_tokens + 41


async def test_what_an_engine_does_not_count_is_counted_against_limits_by_its_estimate(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    async def uncounted(exchange: Exchange) -> None:
        message = {"role": "assistant", "content": "x" * 4000}
        await exchange.whole(200, {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    engine.script = uncounted
    keys, limits = limited()
    books = Books(tmp_path, limits=limits)
    served = await serve(commerce=books.commerce, keys=keys)
    await served.post(OPENAI, CHAT)
    (entry,) = await books.settled()
    await served.settle()
    assert await counted(served, engine, entry.estimate) == entry.prompt_tokens + 1000


async def test_calls_of_tools_are_estimated_too(serve: Serve, tmp_path: Path, engine: ScriptedEngine) -> None:
    async def uncounted(exchange: Exchange) -> None:
        tool = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "x" * 400}}
        message = {"role": "assistant", "content": None, "tool_calls": [tool]}
        await exchange.whole(200, {"id": "1", "choices": [{"index": 0, "message": message}]})

    engine.script = uncounted
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce)
    await served.post(OPENAI, CHAT)
    (entry,) = await books.settled()
    assert entry.estimated
    assert entry.completion_tokens >= 100


async def hangs_up(exchange: Exchange) -> None:
    exchange.hang_up()


async def fails(exchange: Exchange) -> None:
    await exchange.whole(500, {"error": {"message": "no", "type": "server_error", "param": None, "code": None}})


@pytest.mark.parametrize(("script", "status"), [(hangs_up, 502), (fails, 500)])
async def test_nobody_pays_for_a_call_that_failed_and_gave_nothing(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, script: object, status: int
) -> None:
    engine.script = script  # type: ignore[assignment]
    books = Books(tmp_path, prices=[PRICE])
    served = await serve(commerce=books.commerce, keys=paying())
    assert (await served.post(OPENAI, CHAT)).status == status
    (entry,) = await books.settled()
    assert (entry.outcome, entry.status, entry.cost, entry.prompt_tokens) == (Outcome.FAILED, status, 0, 0)


@pytest.mark.parametrize("counts", [(-5, 10), (3, 10**15), (10**30, 1)])
async def test_absurd_counts_reach_neither_books_nor_limits_nor_metrics(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, counts: Sequence[int]
) -> None:
    async def absurd(exchange: Exchange) -> None:
        message = {"role": "assistant", "content": "x"}
        told = {"prompt_tokens": counts[0], "completion_tokens": counts[1]}
        await exchange.whole(200, {"id": "1", "choices": [{"index": 0, "message": message}], "usage": told})

    engine.script = absurd
    keys, limits = limited()
    books = Books(tmp_path, prices=[PRICE], limits=limits)
    served = await serve(commerce=books.commerce, keys=keys)
    assert (await served.post(OPENAI, CHAT)).status == 200
    (entry,) = await books.settled()
    await served.settle()
    assert (entry.cost, entry.estimated) == (0, True)
    metrics = await (await served.get("/metrics")).text()
    assert "pleiade_sold_total{" not in metrics
    assert await counted(served, engine, entry.estimate) == 0


async def test_the_ledger_has_the_status_that_the_caller_saw(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    async def fails_before_the_first_token(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(b'data: {"error":{"message":"no","type":"server_error"}}\n\n')
        await exchange.end()

    async def sleeps(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    books = Books(tmp_path)
    served = await serve(commerce=books.commerce, first_byte_timeout_s=0.2)
    seen = []
    for path, script in ((OPENAI, fails_before_the_first_token), (OPENAI, sleeps), (AZURE, sleeps)):
        engine.script = script
        seen.append((await served.post(path, STREAM)).status)
    entries = await books.settled(3)
    assert [entry.status for entry in entries] == seen == [500, 504, 408]
    assert {entry.outcome for entry in entries} == {Outcome.FAILED}


async def test_a_call_made_on_the_way_of_one_that_takes_too_long_has_failed_as_that_has(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    engine.script = never_answers
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce, request_timeout_s=0.2)
    assert (await served.post("/v1/edits", {"model": "chat", "instruction": "b"})).status == 504
    (entry,) = await books.settled()
    assert (entry.outcome, entry.status) == (Outcome.FAILED, 504)


async def test_who_leaves_before_the_answer_begins_has_the_status_of_who_left(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    engine.script = never_answers
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce)
    await leave(served, CHAT)
    (entry,) = await books.settled()
    assert (entry.outcome, entry.status) == (Outcome.CANCELLED, 499)


async def test_a_call_whose_engine_is_still_asked_at_shutdown_is_settled_before_the_journal_closes(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tells_never(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr("pleiade.gateway.commerce.FINISH_S", 0.0)
    engine.script = tells_never
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce, endpoints=[endpoint(engine, tells_usage=True)])
    await leave(served, CHAT)
    while not any("/usage/" in exchange.path for exchange in engine.seen):  # noqa: ASYNC110 - a list has no event
        await asyncio.sleep(0.01)
    await served.gateway.commerce.stop()  # type: ignore[union-attr]
    (entry,) = books.entries()
    assert (entry.outcome, entry.estimated) == (Outcome.CANCELLED, True)


async def test_a_policys_end_is_seen_however_it_is_spelled(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    async def filtered(exchange: Exchange) -> None:
        answer = b'{"id": "1", "choices": [{"index": 0, "finish_reason": "content_filter", "message": {}}], "usage": '
        await exchange.whole(200, answer + b'{"prompt_tokens": 5, "completion_tokens": 1}}')

    async def only_says_so(exchange: Exchange) -> None:
        message = {"role": "assistant", "content": '"finish_reason":"content_filter"'}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        await exchange.whole(200, {"id": "1", "choices": choices, "usage": usage(3)})

    books = Books(tmp_path)
    served = await serve(commerce=books.commerce)
    for script in (filtered, only_says_so):
        engine.script = script
        await served.post(OPENAI, CHAT)
    entries = await books.settled(2)
    assert [entry.outcome for entry in entries] == [Outcome.FILTERED, Outcome.COMPLETED]
