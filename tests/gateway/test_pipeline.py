"""Model calls that other routes of ours make, and the rooms that bring routes and stages."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest
from scripted_engine import Exchange, ScriptedEngine, chunk
from scripted_gateway import AZURE_V1, CHAT, Serve, Served, openai_error

from pleiade.domain import Usage
from pleiade.gateway.app import Gateway
from pleiade.gateway.call import Call
from pleiade.gateway.pipeline import call_model, open_model_stream
from pleiade.gateway.routing import Route


class Echo:
    """A room with two routes over the pipeline, and a stage that notes what passes."""

    def __init__(self) -> None:
        self.routes: Sequence[Route] = (
            Route(method="POST", path="/echo/{name}", handler=self._echo),
            Route(method="POST", path="/relay", handler=self._relay),
        )
        self.stages = (self._noting,)
        self.noted: list[tuple[str, Usage | None]] = []
        self.life: list[str] = []
        self._gateway: Gateway | None = None
        self.stop_after = 100

    async def start(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.life.append("start")

    async def stop(self) -> None:
        self.life.append("stop")

    async def _echo(self, call: Call) -> None:
        assert self._gateway is not None
        answer = await call_model(call, self._gateway, "/chat/completions", CHAT)
        call.status = 200
        text = answer["choices"][0]["message"]["content"]
        await call.answer.whole(200, msgspec.json.encode({"name": call.params["name"], "text": text}))

    async def _relay(self, call: Call) -> None:
        assert self._gateway is not None
        async with open_model_stream(call, self._gateway, "/chat/completions", CHAT) as events:
            await call.answer.begin()
            call.status = 200
            count = 0
            async for event in events:
                await call.answer.write(b"event: relayed\ndata: " + event + b"\n\n")
                count += 1
                if count == self.stop_after:
                    break
            await call.answer.end()

    def _noting(self, next: Callable[[Call], Awaitable[None]], gateway: Gateway) -> Callable[[Call], Awaitable[None]]:
        async def stage(call: Call) -> None:
            assert call.target is not None  # Resolve has been here
            try:
                await next(call)
            finally:
                self.noted.append((call.model, call.usage))

        return stage


@pytest.fixture
def room() -> Echo:
    return Echo()


@pytest.fixture
async def with_room(serve: Serve, room: Echo) -> Served:
    return await serve(rooms=[room])


async def test_a_rooms_route_has_the_same_keys_dialects_and_headers(with_room: Served, room: Echo) -> None:
    answer = await with_room.post("/v1/echo/a%2Fb", {})
    assert await answer.json() == {"name": "a/b", "text": "Hello there."}
    assert "apim-request-id" in answer.headers
    assert (await with_room.post("/v1/echo/x", {}, headers={})).status == 401
    assert (await with_room.post("/openai/echo/x?api-version=2024-10-21", {})).status == 200
    assert (await with_room.post("/openai/echo/x", {})).status == 400
    assert room.life == ["start"]
    line = with_room.log_lines()[0]
    assert line["completion_tokens"] == 3  # what its model calls used, the route used
    assert line["deployment"] == "chat"


async def test_a_stage_sees_the_usage_of_every_model_call_cut_or_not(with_room: Served, room: Echo) -> None:
    await with_room.post(AZURE_V1, CHAT)
    await with_room.post("/v1/relay", {})
    room.stop_after = 1
    await with_room.post("/v1/relay", {})
    await with_room.settle()
    whole, relayed, cut = room.noted
    assert whole == relayed == ("chat", Usage(prompt_tokens=5, completion_tokens=3))
    assert cut[1] is not None
    assert cut[1].completion_tokens >= 1


async def test_leaving_a_model_stream_early_frees_the_engine(
    with_room: Served, room: Echo, engine: ScriptedEngine
) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.begin()
        for count in range(1_000_000):
            await exchange.part(chunk("a", tokens=count))

    engine.script = endless
    room.stop_after = 3
    text = await (await with_room.post("/v1/relay", {})).text()
    assert text.count("event: relayed") == 3
    await with_room.settle()


async def refuses(exchange: Exchange) -> None:
    await exchange.whole(400, {"error": {"message": "no", "code": "context_length_exceeded"}})


async def breaks(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.part(chunk("a", tokens=1))
    exchange.hang_up()


async def answers_whole(exchange: Exchange) -> None:
    await exchange.whole(200, {"choices": []})


@pytest.mark.parametrize("path", ["/v1/echo/x", "/v1/relay"])
async def test_what_the_engine_refuses_the_route_refuses(with_room: Served, engine: ScriptedEngine, path: str) -> None:
    engine.script = refuses
    answer = await with_room.post(path, {})
    assert answer.status == 400
    assert (await openai_error(answer))["code"] == "context_length_exceeded"


async def test_a_broken_model_stream_breaks_the_routes_own_stream(with_room: Served, engine: ScriptedEngine) -> None:
    engine.script = breaks
    text = await (await with_room.post("/v1/relay", {})).text()
    assert text.startswith("event: relayed\n" + chunk("a").decode())
    assert '"error"' in text.strip().split("\n\n")[-1]


async def test_a_whole_answer_where_a_stream_was_asked_for_is_an_error(
    with_room: Served, engine: ScriptedEngine
) -> None:
    engine.script = answers_whole
    assert (await with_room.post("/v1/relay", {})).status == 502


async def test_a_fault_of_ours_is_500_with_an_id_to_look_for(
    serve: Serve, room: Echo, engine: ScriptedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    async def faulty(call: Call) -> None:
        raise ZeroDivisionError("secret detail")

    room.routes = (Route(method="GET", path="/faulty", handler=faulty),)
    served = await serve(rooms=[room])
    answer = await served.get("/v1/faulty")
    assert answer.status == 500
    error = await openai_error(answer)
    assert answer.headers["x-request-id"] in error["message"]
    assert "secret detail" not in error["message"]
    assert "secret detail" in caplog.text
    azure: dict[str, Any] = await (await served.get("/openai/v1/faulty")).json()
    assert azure["error"]["code"] == "InternalServerError"
