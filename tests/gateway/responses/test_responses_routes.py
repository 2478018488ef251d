"""The Responses API over HTTP: a scripted engine behind it, the official client before it, a database."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from scripted_engine import Exchange, ScriptedEngine, chunk, well_behaved

from pleiade.gateway.responses.room import ResponsesRoom
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.room import CompletionsRoom
from pleiade.settings import Settings

Serve = Callable[..., Awaitable[Any]]
URL = "/v1/responses"


@pytest.fixture
def start(serve: Serve, tmp_path: Path) -> Serve:
    """Starts gateways that share one database."""

    async def start_one(**settings: Any) -> Any:
        wanted = {"home": str(tmp_path), "drain_s": 1.0} | settings
        archive = Archive(Settings(**wanted).database)
        return await serve(rooms=(CompletionsRoom(archive), ResponsesRoom(archive)), **wanted)

    return start_one


def openai_client(served: Any, secret: str = "") -> AsyncOpenAI:
    """An official client that validates what it gets."""
    return AsyncOpenAI(
        base_url=served.url + "/v1",
        api_key=secret or next(iter(served.keys.keys)),
        max_retries=0,
        _strict_response_validation=True,
    )


async def other_project(served: Any) -> AsyncOpenAI:
    """A client whose key belongs to another project."""
    secret = list(served.keys.keys)[1]
    served.keys.keys[secret] = msgspec.structs.replace(served.keys.keys[secret], project="other")
    await served.gateway.keys.refresh()
    return openai_client(served, secret)


def told(body: str) -> list[dict[str, Any]]:
    """The events of a stream, checked for their framing."""
    events = []
    for block in body.split("\n\n")[:-1]:
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


async def endless(exchange: Exchange) -> None:
    """A stream that only ends with its reader."""
    await exchange.begin()
    count = 0
    while True:
        count += 1
        await exchange.part(chunk(f" {count}", tokens=count))
        await asyncio.sleep(0.01)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_response_is_made_and_can_be_fetched_at_once(start: Serve) -> None:
    served = await start()
    async with openai_client(served) as client:
        made = await client.responses.create(
            model="gpt-4o-mini", input="hi", instructions="Be brief.", metadata={"a": "b"}
        )
        assert made.output_text == "Hello there."
        assert (made.status, made.model, made.metadata) == ("completed", "pico-1", {"a": "b"})
        assert made.usage is not None
        assert (made.usage.input_tokens, made.usage.output_tokens, made.usage.total_tokens) == (5, 3, 8)
        assert await client.responses.retrieve(made.id) == made
    assert served.engine.seen[0].body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
    ]


async def test_a_stream_tells_its_events_and_can_be_replayed_from_any_of_them(start: Serve) -> None:
    served = await start()
    answer = await served.post(URL, {"model": "chat", "input": "hi", "stream": True})
    assert answer.content_type == "text/event-stream"
    events = told(await answer.text())
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"]["usage"]["output_tokens"] == 3
    identifier = events[0]["response"]["id"]
    replayed = await served.get(f"{URL}/{identifier}?stream=true")
    assert told(await replayed.text()) == events
    rest = await served.get(f"{URL}/{identifier}?stream=true&starting_after=4")
    assert told(await rest.text()) == events[5:]
    stored = await served.get(f"{URL}/{identifier}")
    assert await stored.json() == events[-1]["response"]


async def test_the_sdks_stream_helper_reads_us(start: Serve) -> None:
    served = await start()
    async with (
        openai_client(served) as client,
        client.responses.stream(model="chat", input="hi") as stream,
    ):
        text = "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])
        final = await stream.get_final_response()
    assert text == final.output_text == "Hello there."


async def test_a_response_made_without_a_stream_is_replayed_too(start: Serve) -> None:
    served = await start()
    made = await (await served.post(URL, {"model": "chat", "input": "hi"})).json()
    events = told(await (await served.get(f"{URL}/{made['id']}?stream=true")).text())
    assert events[-1] == {
        "type": "response.completed",
        "sequence_number": len(events) - 1,
        "response": made,
    }
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@pytest.mark.parametrize("surface", ["openai", "azure", "azure_v1"])
async def test_each_surface_serves_responses(start: Serve, surface: str) -> None:
    served = await start()
    secret = next(iter(served.keys.keys))
    client: AsyncOpenAI
    if surface == "azure":
        client = AsyncAzureOpenAI(azure_endpoint=served.url, api_key=secret, api_version="2025-04-01-preview")
    else:
        prefix = "/v1" if surface == "openai" else "/openai/v1"
        client = AsyncOpenAI(base_url=served.url + prefix, api_key=secret)
    async with client:
        made = await client.responses.create(model="chat", input="hi")
        assert (await client.responses.retrieve(made.id)).output_text == "Hello there."
        assert (await client.responses.input_items.list(made.id)).data[0].type == "message"
        await client.responses.delete(made.id)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made.id)


async def test_a_chain_of_responses_is_one_conversation(start: Serve, database_url: str) -> None:
    served = await start(database_url=database_url)
    async with openai_client(served) as client:
        first = await client.responses.create(model="chat", input="one", instructions="Only now.")
        second = await client.responses.create(model="chat", input="two", previous_response_id=first.id)
        third = await client.responses.create(model="chat", input="three", previous_response_id=second.id)
        assert [message["content"] for message in served.engine.seen[-1].body["messages"]] == [
            "one",
            "Hello there.",
            "two",
            "Hello there.",
            "three",
        ]
        newest = await client.responses.input_items.list(third.id, limit=2)
        assert [item.content[0].text for item in newest.data] == ["three", "Hello there."]  # type: ignore[union-attr]
        assert newest.has_more
        everything = [item async for item in client.responses.input_items.list(third.id, limit=2, order="asc")]
        assert len(everything) == 5
        await client.responses.delete(first.id)
        with pytest.raises(openai.BadRequestError) as caught:
            await client.responses.create(model="chat", input="four", previous_response_id=third.id)
        assert (caught.value.code, caught.value.param) == (
            "previous_response_not_found",
            "previous_response_id",
        )
        # What is left of it can still be read.
        assert [item.id for item in (await client.responses.input_items.list(third.id)).data] == [everything[-1].id]


async def test_tools_are_called_and_answered_over_two_responses(start: Serve) -> None:
    async def calls(exchange: Exchange) -> None:
        if exchange.body["messages"][-1]["role"] == "tool":
            await well_behaved(exchange)
            return
        function = {"name": "weather", "arguments": '{"city":"Paris"}'}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        }
        choices = [{"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": None}]
        await exchange.whole(200, {"id": "chatcmpl-1", "model": "pico-1", "choices": choices})

    served = await start()
    served.engine.script = calls
    tool: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}
    async with openai_client(served) as client:
        made = await client.responses.create(model="chat", input="Weather?", tools=[tool])
        (call,) = made.output
        assert call.type == "function_call"
        assert json.loads(call.arguments) == {"city": "Paris"}
        output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "sun"}
        answer = await client.responses.create(model="chat", input=[output], tools=[tool], previous_response_id=made.id)
    assert answer.output_text == "Hello there."
    assert [message["role"] for message in served.engine.seen[-1].body["messages"]] == [
        "user",
        "assistant",
        "tool",
    ]


async def test_an_item_can_be_referenced_by_its_id(start: Serve) -> None:
    served = await start()
    async with openai_client(served) as client:
        made = await client.responses.create(model="chat", input="one")
        reference: Any = {"type": "item_reference", "id": made.output[0].id}
        await client.responses.create(model="chat", input=[reference, {"role": "user", "content": "two"}])
        assert [message["content"] for message in served.engine.seen[-1].body["messages"]] == [
            "Hello there.",
            "two",
        ]
    stranger = await other_project(served)
    with pytest.raises(openai.NotFoundError):
        await stranger.responses.create(model="chat", input=[reference])
    await stranger.close()


async def test_another_project_sees_nothing(start: Serve) -> None:
    served = await start()
    async with openai_client(served) as client:
        made = await client.responses.create(model="chat", input="one")
    async with await other_project(served) as stranger:
        for attempt in (
            stranger.responses.retrieve(made.id),
            stranger.responses.delete(made.id),
            stranger.responses.cancel(made.id),
            stranger.responses.input_items.list(made.id),
        ):
            with pytest.raises(openai.NotFoundError):
                await attempt
        with pytest.raises(openai.BadRequestError):
            await stranger.responses.create(model="chat", input="two", previous_response_id=made.id)
    async with openai_client(served) as client:
        assert await client.responses.retrieve(made.id) == made


async def test_store_false_keeps_nothing_and_opens_no_database(start: Serve, tmp_path: Path) -> None:
    served = await start()
    for stream in (False, True):
        body = {"model": "chat", "input": "hi", "store": False, "stream": stream}
        answer = await served.post(URL, body)
        assert answer.status == 200
        text = await answer.text()
        made = told(text)[-1]["response"] if stream else json.loads(text)
        assert made["store"] is False
    assert not (tmp_path / "pleiade.db").exists()
    assert (await served.get(f"{URL}/{made['id']}")).status == 404


async def test_an_error_before_the_first_event_is_an_http_error(start: Serve) -> None:
    async def refuses(exchange: Exchange) -> None:
        error = {"message": "Too long.", "type": "invalid_request_error", "param": "messages"}
        await exchange.whole(400, {"error": error | {"code": "context_length_exceeded"}})

    served = await start()
    served.engine.script = refuses
    for stream in (False, True):
        answer = await served.post(URL, {"model": "chat", "input": "hi", "stream": stream})
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == "context_length_exceeded"


async def test_an_engine_that_dies_in_mid_stream_leaves_a_failed_response(start: Serve) -> None:
    async def dies(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(chunk("Hel", tokens=1))
        exchange.hang_up()

    served = await start()
    served.engine.script = dies
    answer = await served.post(URL, {"model": "chat", "input": "hi", "stream": True})
    last = told(await answer.text())[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["error"]["code"] == "server_error"
    assert last["response"]["output"][0]["content"][0]["text"] == "Hel"
    stored = await (await served.get(f"{URL}/{last['response']['id']}")).json()
    assert stored == last["response"]
    refused = await served.post(URL, {"model": "chat", "input": "x", "previous_response_id": stored["id"]})
    assert (await refused.json())["error"]["param"] == "previous_response_id"


async def test_a_stream_that_is_not_json_fails_the_response(start: Serve) -> None:
    async def babbles(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(chunk("Hel", tokens=1))
        await exchange.part(b"data: {oops}\n\n")
        await exchange.end()

    served = await start()
    served.engine.script = babbles
    answer = await served.post(URL, {"model": "chat", "input": "hi", "stream": True})
    assert told(await answer.text())[-1]["type"] == "response.failed"


async def test_a_client_that_goes_away_frees_the_engine_and_leaves_a_cancelled_response(start: Serve) -> None:
    served = await start()
    served.engine.script = endless
    body = {"model": "chat", "input": "hi", "stream": True}
    response = await served.client.post(served.url + URL, json=body, headers=served.headers)
    await response.content.readuntil(b"\n\n")
    head = (await response.content.readuntil(b"\n\n")).decode()
    identifier = json.loads(head.split("data: ")[1])["response"]["id"]
    response.close()
    async with asyncio.timeout(10):
        await served.engine.gone.wait()

    async def kept() -> bool:
        answer = await served.get(f"{URL}/{identifier}")
        return answer.status == 200 and (await answer.json())["status"] == "cancelled"

    await until(kept)


async def test_a_time_limit_ends_a_stream_with_response_failed(start: Serve) -> None:
    served = await start(request_timeout_s=0.3)
    served.engine.script = endless
    answer = await served.post(URL, {"model": "chat", "input": "hi", "stream": True})
    last = told(await answer.text())[-1]
    assert last["type"] == "response.failed"
    stored = await (await served.get(f"{URL}/{last['response']['id']}")).json()
    assert stored["status"] == "failed"


async def test_truncation_auto_forgets_the_oldest_turns(start: Serve) -> None:
    async def short_of_memory(exchange: Exchange) -> None:
        if len(exchange.body["messages"]) > 3:
            error = {"message": "Too long.", "type": "invalid_request_error", "param": "messages"}
            await exchange.whole(400, {"error": error | {"code": "context_length_exceeded"}})
            return
        await well_behaved(exchange)

    served = await start()
    served.engine.script = short_of_memory
    turns = [{"role": role, "content": f"{role} {i}"} for i in range(3) for role in ("user", "assistant")]
    turns.append({"role": "user", "content": "last"})
    for stream in (False, True):
        body = {"model": "chat", "input": turns, "truncation": "auto", "stream": stream}
        answer = await served.post(URL, body)
        assert answer.status == 200
        assert served.engine.seen[-1].body["messages"][-1]["content"] == "last"
    refused = await served.post(URL, {"model": "chat", "input": turns})
    assert refused.status == 400


async def test_input_tokens_are_the_models_own_count(start: Serve) -> None:
    served = await start()
    async with openai_client(served) as client:
        counted = await client.responses.input_tokens.count(model="chat", input="hi")
    assert counted.input_tokens == 5
    assert served.engine.seen[-1].body["max_completion_tokens"] == 1


async def test_a_compacted_conversation_goes_on(start: Serve) -> None:
    served = await start()
    async with openai_client(served) as client:
        first = await client.responses.create(model="chat", input="I like tea.")
        compacted = await client.responses.compact(model="chat", previous_response_id=first.id)
        assert compacted.usage.output_tokens == 3
        items: Any = [item.model_dump(exclude_none=True) for item in compacted.output]
        await client.responses.create(model="chat", input=[*items, {"role": "user", "content": "Go on."}])
    system, ask = served.engine.seen[-1].body["messages"]
    assert system == {"role": "system", "content": "Summary of the conversation so far:\nHello there."}
    assert ask["content"] == "Go on."


async def test_a_response_that_cannot_be_kept_is_not_promised(start: Serve, tmp_path: Path) -> None:
    served = await start(database_url=f"sqlite:///{tmp_path}/absent/pleiade.db")
    plain = await served.post(URL, {"model": "chat", "input": "hi"})
    assert plain.status == 500
    assert "store" in (await plain.json())["error"]["message"]
    assert str(tmp_path) not in await plain.text()
    streamed = await served.post(URL, {"model": "chat", "input": "hi", "stream": True})
    assert told(await streamed.text())[-1]["type"] == "response.failed"
    unkept = await served.post(URL, {"model": "chat", "input": "hi", "store": False})
    assert unkept.status == 200


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"model": "nobody", "input": "hi"}, 404, "model"),
        ({"model": "nobody", "input": "hi", "background": True}, 404, "model"),
        ({"input": "hi"}, 400, "model"),
        ({"model": "chat", "input": "hi", "previous_response_id": "resp_x"}, 400, "previous_response_id"),
        ({"model": "embed", "input": "hi"}, 400, "model"),
        ({"model": "chat", "input": [{"id": f"msg_{i}"} for i in range(1001)]}, 400, "input"),
    ],
)
async def test_wrong_requests_are_refused(start: Serve, body: Any, status: int, param: str) -> None:
    served = await start()
    answer = await served.post(URL, body)
    assert answer.status == status
    assert (await answer.json())["error"]["param"] == param


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"input": "\xff"}', b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_refused(start: Serve, raw: bytes) -> None:
    served = await start()
    answer = await served.client.post(served.url + URL, data=raw, headers=served.headers)
    assert answer.status == 400


@pytest.mark.parametrize("query", ["limit=-1", "limit=101", "limit=x", "order=up", "after=msg_nobody"])
async def test_a_wrong_page_is_refused(start: Serve, query: str) -> None:
    served = await start()
    made = await (await served.post(URL, {"model": "chat", "input": "hi"})).json()
    answer = await served.get(f"{URL}/{made['id']}/input_items?{query}")
    assert answer.status == 400
    assert (await answer.json())["error"]["param"] == query.split("=")[0]


@pytest.mark.parametrize("query", ["stream=maybe", "stream=true&starting_after=x"])
async def test_a_wrong_replay_is_refused(start: Serve, query: str) -> None:
    served = await start()
    assert (await served.get(f"{URL}/resp_1?{query}")).status == 400


async def test_ids_that_no_database_can_hold_are_unknown(start: Serve, database_url: str) -> None:
    served = await start(database_url=database_url)
    for path in ("resp_%00", "resp_" + "x" * 3000, "%F0%9F%98%80"):
        assert (await served.get(f"{URL}/{path}")).status == 404


async def test_the_log_counts_what_a_response_used(start: Serve, engine: ScriptedEngine) -> None:
    served = await start()
    await served.post(URL, {"model": "chat", "input": "hi", "stream": True})
    await served.settle()
    (line,) = served.log_lines()
    assert (line["path"], line["status"], line["prompt_tokens"], line["completion_tokens"]) == (
        URL,
        200,
        5,
        3,
    )
    assert "hi" not in json.dumps(line)
