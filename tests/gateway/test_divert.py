"""Canaries and drained deployments: who answers, how many, and that a conversation stays with whom it began."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scripted_books import PRICE, Books, paying
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import CHAT, OPENAI, Serve, Served, endpoint, openai_error

from pleiade.domain import EndpointState, EndpointTable, Traffic
from pleiade.domain.limits import Capacity
from pleiade.domain.price import Rate
from pleiade.quota.book import LimitsBook


@pytest.fixture
async def young() -> AsyncIterator[ScriptedEngine]:
    """The canary's engine."""
    engine = ScriptedEngine()
    await engine.start()
    yield engine
    await engine.stop()


def table(old: ScriptedEngine, young: ScriptedEngine, traffic: Traffic, **canary: Any) -> list[Any]:
    fields = {"deployment": "young", "model": "pico-2", "aliases": (), **canary}
    return [endpoint(old, traffic=traffic), endpoint(young, **fields)]


def question(text: str, **more: Any) -> dict[str, Any]:
    return {**CHAT, "messages": [{"role": "user", "content": text}], **more}


async def test_a_canary_gets_its_share_of_many_conversations(
    serve: Serve, engine: ScriptedEngine, young: ScriptedEngine
) -> None:
    served = await serve(endpoints=table(engine, young, Traffic(canary="young", percent=20)))
    for number in range(500):
        assert (await served.post(OPENAI, question(f"question {number}"))).status == 200
    assert len(engine.seen) + len(young.seen) == 500
    # 100 expected, standard deviation 8.9: what falls outside of five of them does so once in a million runs.
    assert 55 <= len(young.seen) <= 145


async def test_a_conversation_stays_with_the_model_that_began_it(
    serve: Serve, engine: ScriptedEngine, young: ScriptedEngine
) -> None:
    served = await serve(endpoints=table(engine, young, Traffic(canary="young", percent=50)))
    for number in range(12):
        turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": f"topic {number}"}]
        before = len(young.seen)
        for _ in range(3):
            await served.post(OPENAI, {**CHAT, "messages": turns})
            turns += [{"role": "assistant", "content": "yes"}, {"role": "user", "content": "and then?"}]
        assert len(young.seen) - before in (0, 3)
    assert engine.seen
    assert young.seen


@pytest.mark.parametrize("field", ["user", "safety_identifier", "prompt_cache_key"])
async def test_whoever_is_named_stays_with_one_model(
    serve: Serve, engine: ScriptedEngine, young: ScriptedEngine, field: str
) -> None:
    served = await serve(endpoints=table(engine, young, Traffic(canary="young", percent=50)))
    for person in range(12):
        before = len(young.seen)
        for number in range(3):
            await served.post(OPENAI, question(f"{person} asks {number}", **{field: f"person-{person}"}))
        assert len(young.seen) - before in (0, 3)
    assert engine.seen
    assert young.seen


async def test_a_larger_share_keeps_the_conversations_that_it_has(
    serve: Serve, engine: ScriptedEngine, young: ScriptedEngine
) -> None:
    served = await serve(endpoints=table(engine, young, Traffic(canary="young", percent=10)))

    async def asked(percent: int) -> set[str]:
        traffic = Traffic(canary="young", percent=percent)
        served.directory.replace(EndpointTable(version=percent, endpoints=tuple(table(engine, young, traffic))))
        young.seen.clear()
        for number in range(60):
            await served.post(OPENAI, question(f"topic {number}"))
        return {exchange.body["messages"][0]["content"] for exchange in young.seen}

    few, more, all_of_them = await asked(20), await asked(60), await asked(100)
    assert few < more < all_of_them
    assert len(all_of_them) == 60
    assert await asked(0) == set()


async def test_an_answer_tells_who_gave_it_and_the_books_count_it_there(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, young: ScriptedEngine
) -> None:
    books = Books(tmp_path)
    served = await serve(commerce=books.commerce, endpoints=table(engine, young, Traffic(canary="young", percent=100)))
    answer = await served.post(OPENAI, CHAT)
    assert (answer.status, answer.headers["x-ms-deployment-name"]) == (200, "young")
    (entry,) = await books.settled()
    assert (entry.deployment, entry.model) == ("young", "pico-2")


@pytest.mark.parametrize("state", [EndpointState.STARTING, EndpointState.FAILED, EndpointState.DRAINING])
async def test_a_canary_that_is_not_ready_gets_nothing(
    serve: Serve, engine: ScriptedEngine, young: ScriptedEngine, state: EndpointState
) -> None:
    served = await serve(endpoints=table(engine, young, Traffic(canary="young", percent=100), state=state))
    assert (await served.post(OPENAI, CHAT)).status == 200
    assert not young.seen


async def test_a_canary_that_is_full_leaves_the_call_to_the_deployment_asked_for(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, young: ScriptedEngine
) -> None:
    books = Books(tmp_path, limits=LimitsBook(capacities={"young": Capacity(units=1, requests_per_unit=1, slice_s=10)}))
    served = await serve(commerce=books.commerce, endpoints=table(engine, young, Traffic(canary="young", percent=100)))
    for number in range(6):
        assert (await served.post(OPENAI, question(f"topic {number}"))).status == 200
    assert 0 < len(young.seen) < 6
    assert len(engine.seen) + len(young.seen) == 6


async def test_who_pays_gets_a_canary_of_another_model_at_the_same_price_only(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, young: ScriptedEngine
) -> None:
    same = msgspec.structs.replace(PRICE, id="price_2", model="pico-2")
    dear = msgspec.structs.replace(
        same, model="dear-1", rates=(Rate(kind=PRICE.rates[0].kind, amount="9"), *PRICE.rates[1:])
    )
    books = Books(tmp_path, prices=[PRICE, same, dear])
    everything = Traffic(canary="young", percent=100)
    served = await serve(commerce=books.commerce, endpoints=table(engine, young, everything), keys=paying())
    assert (await served.post(OPENAI, CHAT)).status == 200
    assert len(young.seen) == 1
    served.directory.replace(
        EndpointTable(version=9, endpoints=tuple(table(engine, young, everything, model="dear-1")))
    )
    assert (await served.post(OPENAI, CHAT)).status == 200
    assert (len(young.seen), len(engine.seen)) == (1, 1)


async def test_a_drained_deployment_finishes_what_it_answers_and_takes_nothing_new(
    serve: Serve, engine: ScriptedEngine
) -> None:
    served = await serve(endpoints=[endpoint(engine)])
    before = engine.script

    async def drained_meanwhile(exchange: Exchange) -> None:
        drained = endpoint(engine, traffic=Traffic(drained=True))
        served.directory.replace(EndpointTable(version=2, endpoints=(drained,)))
        await before(exchange)

    engine.script = drained_meanwhile
    assert (await served.post(OPENAI, CHAT)).status == 200
    refused = await served.post(OPENAI, CHAT)
    assert (refused.status, refused.headers["retry-after"]) == (503, "10")
    assert "drained" in (await openai_error(refused))["message"]
    assert len(engine.seen) == 1


async def test_a_drained_deployment_with_a_canary_loses_no_call(
    serve: Serve, engine: ScriptedEngine, young: ScriptedEngine
) -> None:
    drained = Traffic(drained=True, canary="young", percent=0)
    served: Served = await serve(endpoints=table(engine, young, drained))
    for number in range(5):
        assert (await served.post(OPENAI, question(f"topic {number}"))).status == 200
    assert (len(engine.seen), len(young.seen)) == (0, 5)
