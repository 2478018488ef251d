"""A second engine answers in place of the first: once, at the same price, and only its deployment is charged."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from scripted_books import PRICE, STREAM, Books, paying
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import CHAT, OPENAI, Serve, endpoint

from pleiade.domain.books import Outcome
from pleiade.domain.limits import Capacity, CapacityKind
from pleiade.gateway.call import Call
from pleiade.gateway.pipeline import call_model
from pleiade.gateway.routing import Route
from pleiade.quota.book import LimitsBook
from pleiade.quota.buckets import MINUTE_MS
from pleiade.quota.limiter import Ask, Bucket

PROVISIONED = Capacity(units=1, kind=CapacityKind.PROVISIONED, spillover="second")


@pytest.fixture
async def other() -> AsyncIterator[ScriptedEngine]:
    """Another engine, which answers well."""
    engine = ScriptedEngine()
    await engine.start()
    yield engine
    await engine.stop()


async def full(exchange: Exchange) -> None:
    await exchange.whole(503, {"error": {"message": "full", "type": "server_error", "param": None, "code": None}})


async def test_a_stream_that_spills_over_from_an_engine_which_talks_nonsense_arrives_whole(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, other: ScriptedEngine
) -> None:
    async def web_page(exchange: Exchange) -> None:
        await exchange.whole(200, b"<html>sorry</html>")

    engine.script = web_page
    books = Books(tmp_path, limits=LimitsBook(capacities={"chat": Capacity(spillover="second")}))
    second = endpoint(other, deployment="second", aliases=())
    served = await serve(commerce=books.commerce, endpoints=[endpoint(engine), second])
    answer = await served.post(OPENAI, STREAM)
    assert (answer.status, answer.headers["x-ms-spillover-error"]) == (200, "502")
    assert (await answer.read()).endswith(b"data: [DONE]\n\n")
    (entry,) = await books.settled()
    assert (entry.outcome, entry.deployment, entry.completion_tokens) == (Outcome.COMPLETED, "second", 3)


async def test_a_provisioned_deployment_is_not_charged_for_what_another_engine_answered(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, other: ScriptedEngine
) -> None:
    engine.script = full
    books = Books(tmp_path, limits=LimitsBook(capacities={"chat": PROVISIONED}))
    second = endpoint(other, deployment="second", aliases=())
    served = await serve(commerce=books.commerce, endpoints=[endpoint(engine), second])
    assert (await served.post(OPENAI, CHAT)).status == 200
    await served.settle()
    look = Ask("level\x1fdeployment\x1fchat", Bucket.LEAKY, 0, 1000, MINUTE_MS)
    verdict = await books.commerce.limiter.reserve([look])
    assert verdict.levels == (0,)


async def test_a_call_never_spills_over_to_another_model(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, other: ScriptedEngine
) -> None:
    engine.script = full
    books = Books(tmp_path, prices=[PRICE])
    dear = endpoint(other, deployment="dear", model="grande-1", aliases=())
    same = endpoint(other, deployment="same", aliases=())
    served = await serve(commerce=books.commerce, endpoints=[endpoint(engine), dear, same], keys=paying())
    named = served.headers | {"x-ms-spillover-deployment": "dear"}
    assert (await served.post(OPENAI, CHAT, headers=named)).status == 503
    assert not other.seen
    named = served.headers | {"x-ms-spillover-deployment": "same"}
    assert (await served.post(OPENAI, CHAT, headers=named)).status == 200


class TwiceRoom:
    """A route of ours that calls a model twice on its way."""

    stages = ()

    def __init__(self) -> None:
        self.routes = (Route(method="POST", path="/twice", handler=self._twice),)

    async def start(self, gateway: object) -> None:
        self._gateway = gateway

    async def stop(self) -> None: ...

    async def _twice(self, call: Call) -> None:
        for _ in range(2):
            await call_model(call, self._gateway, "/chat/completions", CHAT)  # type: ignore[arg-type]
        await call.answer.whole(200, msgspec.json.encode({}))


async def test_no_header_is_told_twice(
    serve: Serve, tmp_path: Path, engine: ScriptedEngine, other: ScriptedEngine
) -> None:
    engine.script = full
    books = Books(tmp_path, limits=LimitsBook(capacities={"chat": PROVISIONED, "second": Capacity(units=900)}))
    second = endpoint(other, deployment="second", aliases=())
    served = await serve(commerce=books.commerce, endpoints=[endpoint(engine), second], rooms=[TwiceRoom()])
    answer = await served.post("/v1/twice", {})
    assert answer.status == 200
    names = [name.lower() for name, _ in answer.raw_headers]
    assert b"x-ratelimit-remaining-tokens" in names
    assert sorted(names) == sorted(set(names))
    entries = await books.settled(2)
    assert [entry.call[32:] for entry in entries] == [".1", ".2"]
