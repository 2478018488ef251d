"""Every call of a model is in the journal once, as it really ended, before its caller sees the last byte."""

import asyncio
import resource
from pathlib import Path

import aiohttp
import msgspec
import pytest
from scripted_books import PRICE, STREAM, Books, never_answers, paying
from scripted_engine import Exchange, ScriptedEngine, chunk, final_usage, well_behaved
from scripted_gateway import (
    AZURE,
    CHAT,
    OPENAI,
    SECRET,
    Serve,
    azure_error,
    endpoint,
    key_for,
    openai_error,
)

from pleiade.domain.books import Outcome
from pleiade.domain.limits import Capacity, CapacityKind, RateLimit, Scope
from pleiade.domain.tenants import Billing
from pleiade.gateway.keys import FixedKeys
from pleiade.quota.book import LimitsBook
from pleiade.quota.choice import NoLimiter


async def test_a_plain_call_is_entered_with_the_engines_own_counts(serve: Serve, tmp_path: Path) -> None:
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce)
    answer = await served.post(OPENAI, CHAT)
    assert answer.status == 200
    (entry,) = await books.settled()
    told = (await answer.json())["usage"]
    assert (entry.prompt_tokens, entry.completion_tokens) == (told["prompt_tokens"], told["completion_tokens"])
    assert (entry.outcome, entry.status, entry.estimated) == (Outcome.COMPLETED, 200, False)
    assert "req_" + entry.call == answer.headers["x-request-id"]
    assert (entry.deployment, entry.model, entry.operation, entry.cost) == ("chat", "pico-1", "chat", 0)
    assert (entry.debit, entry.credit) == ("own-use:default", "revenue:openai")


async def test_a_call_is_in_the_journal_before_its_last_byte_is_seen(serve: Serve, tmp_path: Path) -> None:
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce)
    async with served.client.post(served.url + OPENAI, json=STREAM, headers=served.headers) as stream:
        data = b""
        while b"[DONE]" not in data:
            data += await stream.content.readany()
        (entry,) = books.entries()
    assert (entry.outcome, entry.completion_tokens, entry.stream) == (Outcome.COMPLETED, 3, True)
    await served.post(OPENAI, CHAT)
    assert len(books.entries()) == 2  # it was there when the answer came, without waiting


async def test_customers_pay_the_price_in_force(serve: Serve, tmp_path: Path) -> None:
    books = Books(tmp_path, prices=[PRICE])
    served = await serve(commerce=books.commerce, keys=paying())
    await served.post(OPENAI, CHAT)
    (entry,) = await books.settled()
    assert (entry.price, entry.currency, entry.cost) == ("price_1", "USD", 5 * 1000 + 3 * 2000)
    metrics = await (await served.get("/metrics")).text()
    assert 'pleiade_sold_total{currency="USD",deployment="chat",storefront="openai"} 1.1e-05' in metrics
    assert entry.debit == "receivable:default"


async def test_what_our_own_routes_call_on_their_way_is_sold_too(serve: Serve, tmp_path: Path) -> None:
    books = Books(tmp_path, prices=[PRICE])
    served = await serve(commerce=books.commerce, keys=paying())
    answer = await served.post("/v1/edits", {"model": "chat", "input": "a", "instruction": "b", "n": 2})
    assert answer.status == 200
    (entry,) = await books.settled()
    assert ("req_" + entry.call, entry.cost) == (answer.headers["x-request-id"] + ".1", 5 * 1000 + 3 * 2000)
    metrics = await (await served.get("/metrics")).text()
    assert 'pleiade_sold_total{currency="USD",deployment="chat",storefront="openai"} 1.1e-05' in metrics


async def test_what_has_no_price_is_not_sold(serve: Serve, tmp_path: Path, engine: ScriptedEngine) -> None:
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce, keys=paying())
    answer = await served.post(OPENAI, CHAT)
    assert (answer.status, (await openai_error(answer))["code"]) == (403, "model_not_for_sale")
    answer = await served.post(AZURE, CHAT)
    assert (answer.status, (await azure_error(answer))["code"]) == (403, "Forbidden")
    assert not engine.seen
    assert not books.entries()


@pytest.mark.parametrize("billing", [Billing.INVOICED, Billing.PREPAID])
async def test_what_has_half_a_price_is_not_sold(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, billing: Billing
) -> None:
    half = msgspec.structs.replace(PRICE, rates=PRICE.rates[:1])
    books = Books(tmp_path, prices=[half])
    served = await serve(commerce=books.commerce, keys=paying(billing))
    answer = await served.post(OPENAI, CHAT)
    assert (answer.status, (await openai_error(answer))["code"]) == (403, "model_not_for_sale")
    assert not engine.seen


async def test_a_stream_that_its_client_leaves_is_entered_as_far_as_it_came(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    async def long_stream(exchange: Exchange) -> None:
        await exchange.begin()
        for count in range(1, 10_000):
            await exchange.part(chunk(" word", tokens=count))
            await asyncio.sleep(0.002)

    engine.script = long_stream
    books = Books(tmp_path, prices=[PRICE])
    served = await serve(commerce=books.commerce, keys=paying())
    async with served.client.post(served.url + OPENAI, json=STREAM, headers=served.headers) as stream:
        await stream.content.readany()
        stream.close()
    (entry,) = await books.settled()
    assert (entry.outcome, entry.estimated) == (Outcome.CANCELLED, False)
    assert 0 < entry.completion_tokens < 10_000
    assert entry.cost == 5 * 1000 + entry.completion_tokens * 2000


async def test_a_stream_that_its_engine_breaks_off_is_entered_as_failed(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    async def broken(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(chunk("Hello", tokens=7))
        exchange.hang_up()

    engine.script = broken
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce)
    await served.post(OPENAI, STREAM)
    (entry,) = await books.settled()
    assert (entry.outcome, entry.completion_tokens) == (Outcome.FAILED, 7)


@pytest.mark.parametrize("tells", [True, False])
async def test_a_plain_call_that_its_client_leaves_is_asked_of_the_engine_or_estimated(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, tells: bool
) -> None:
    engine.script = never_answers
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce, endpoints=[endpoint(engine, tells_usage=tells)])
    with pytest.raises(TimeoutError):
        await served.post(OPENAI, CHAT, timeout=aiohttp.ClientTimeout(total=0.3))
    (entry,) = await books.settled()
    assert entry.outcome is Outcome.CANCELLED
    if tells:
        assert (entry.prompt_tokens, entry.completion_tokens, entry.estimated) == (17, 41, False)
        assert engine.seen[-1].path.endswith(f"/usage/req_{entry.call}")
    else:
        assert entry.estimated
        assert entry.prompt_tokens > 0
        assert entry.completion_tokens == 0


async def test_an_upstream_that_counts_nothing_is_estimated_and_says_so(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    async def uncounted(exchange: Exchange) -> None:
        if exchange.body.get("stream"):
            await exchange.begin()
            for word in ("one", " two", " three"):
                await exchange.part(chunk(word))
            await exchange.part(chunk(None, finish="stop") + b"data: [DONE]\n\n")
            await exchange.end()
            return
        message = {"role": "assistant", "content": "x" * 400}
        await exchange.whole(200, {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    engine.script = uncounted
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce)
    await served.post(OPENAI, CHAT)
    await served.post(OPENAI, STREAM)
    plain, streamed = await books.settled(2)
    assert plain.estimated
    assert streamed.estimated
    assert (plain.completion_tokens, streamed.completion_tokens) == (100, 4)  # of four events
    assert plain.prompt_tokens == streamed.prompt_tokens > 0


async def test_a_refused_request_is_entered_and_costs_nothing(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    async def refuses(exchange: Exchange) -> None:
        error = {"message": "too long", "type": "invalid_request_error", "param": "messages"}
        await exchange.whole(400, {"error": error | {"code": "context_length_exceeded"}})

    engine.script = refuses
    books = Books(tmp_path, prices=[PRICE])
    served = await serve(commerce=books.commerce, keys=paying())
    answer = await served.post(OPENAI, CHAT)
    assert answer.status == 400
    (entry,) = await books.settled()
    assert (entry.outcome, entry.status, entry.cost) == (Outcome.FAILED, 400, 0)


async def test_no_engine_is_asked_while_the_ledger_cannot_be_written(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce)
    assert (await served.post(OPENAI, CHAT)).status == 200
    (segment,) = tmp_path.glob("*.journal")
    asked = len(engine.seen)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (segment.stat().st_size, before[1]))
    try:
        answer = await served.post(OPENAI, CHAT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.status == 503
    assert "ledger" in (await openai_error(answer))["message"]
    assert answer.headers["retry-after"] == "5"
    assert len(engine.seen) == asked
    assert (await served.post(OPENAI, CHAT)).status == 200  # as soon as there is room again
    assert len(await books.settled(2)) == 2


async def test_a_key_over_its_limit_is_told_so_in_both_dialects(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    key = key_for(SECRET)
    limits = LimitsBook(rates={(Scope.KEY, key.id, ""): RateLimit(max_requests_per_1_minute=2)})
    books = Books(tmp_path, limits=limits)
    served = await serve(commerce=books.commerce, keys=FixedKeys({SECRET: key}))
    for left in (b"1", b"0"):
        answer = await served.post(OPENAI, CHAT)
        assert answer.headers["x-ratelimit-remaining-requests"].encode() == left
    answer = await served.post(OPENAI, CHAT)
    assert (answer.status, (await openai_error(answer))["code"]) == (429, "rate_limit_exceeded")
    assert int(answer.headers["retry-after-ms"]) > 0
    answer = await served.post(AZURE, CHAT)
    assert (answer.status, (await azure_error(answer))["code"]) == (429, "429")
    metrics = await (await served.get("/metrics")).text()
    assert 'pleiade_refused_total{deployment="chat",reason="rate"} 2.0' in metrics
    assert answer.headers["policy-id"] == "DeploymentRatelimit-Call"
    assert len(engine.seen) == 2
    assert len(await books.settled(2)) == 2  # what was refused never ran, and is no entry


async def test_what_a_provisioned_deployment_has_no_room_for_spills_over(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    capacity = Capacity(units=1, kind=CapacityKind.PROVISIONED, spillover="standard")
    books = Books(tmp_path, limits=LimitsBook(capacities={"chat": capacity}))
    served = await serve(
        commerce=books.commerce, endpoints=[endpoint(engine), endpoint(engine, deployment="standard", aliases=())]
    )
    large = CHAT | {"max_tokens": 2000}
    assert (await served.post(OPENAI, large)).status == 200
    first = await books.settled()
    engine.script = never_answers
    pending = asyncio.create_task(served.post(OPENAI, large))  # fills the bucket for as long as it runs
    while len(engine.seen) < 2:  # noqa: ASYNC110 - a list has no event
        await asyncio.sleep(0.01)
    engine.script = well_behaved
    answer = await served.post(OPENAI, large)
    pending.cancel()
    await asyncio.gather(pending, return_exceptions=True)
    assert answer.status == 200
    assert answer.headers["x-ms-spillover-from-deployment"] == "chat"
    entries = await books.settled(3)
    assert [entry.deployment for entry in entries if entry.outcome is Outcome.COMPLETED] == ["chat", "standard"]
    assert first[0].attempts == 1


async def test_a_failing_engine_spills_over_under_the_same_reservation(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    other = ScriptedEngine()
    await other.start()

    async def full(exchange: Exchange) -> None:
        await exchange.whole(503, {"error": {"message": "full", "type": "server_error", "param": None, "code": None}})

    engine.script = full
    books = Books(tmp_path, limits=LimitsBook(capacities={"chat": Capacity(spillover="second")}))
    served = await serve(
        commerce=books.commerce,
        endpoints=[endpoint(engine), endpoint(other, deployment="second", aliases=())],
    )
    answer = await served.post(OPENAI, CHAT)
    assert (answer.status, answer.headers["x-ms-spillover-error"]) == (200, "503")
    other.script = full
    again = await served.post(OPENAI, CHAT)
    assert again.status == 503
    assert "x-ms-spillover-error" not in again.headers
    entries = await books.settled(2)
    assert [(entry.deployment, entry.attempts) for entry in entries] == [("second", 2), ("chat", 2)]
    await other.stop()


async def test_several_processes_without_a_shared_limiter_let_nothing_limited_pass(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine
) -> None:
    limits = LimitsBook(capacities={"chat": Capacity(units=1)})
    books = Books(tmp_path, limits=limits, limiter=NoLimiter())
    served = await serve(commerce=books.commerce)
    assert (await served.post(OPENAI, CHAT)).status == 503
    assert not engine.seen
    embed = await served.post("/v1/embeddings", {"model": "embed", "input": "hi"})
    assert embed.status == 200  # nothing limits this one


async def test_a_long_stream_is_marked_on_its_way(serve: Serve, tmp_path: Path, engine: ScriptedEngine) -> None:
    seen: list[int] = []
    ready = asyncio.Event()

    async def paced(exchange: Exchange) -> None:
        await exchange.begin()
        for count in range(1, 101):
            await exchange.part(chunk(" word", tokens=count))
            await asyncio.sleep(0)
        await ready.wait()
        await exchange.part(chunk(None, finish="stop", tokens=100) + final_usage(100) + b"data: [DONE]\n\n")
        await exchange.end()

    engine.script = paced
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce)
    async with served.client.post(served.url + OPENAI, json=STREAM, headers=served.headers) as stream:
        data = b""
        while data.count(b" word") < 100:
            data += await stream.content.readany()
        seen = [running.mark.completion_tokens for running in books.journal._running.values() if running.mark]
        ready.set()
        await stream.read()
    assert seen
    assert seen[0] >= 100 - 32
    assert (await books.settled())[0].completion_tokens == 100
