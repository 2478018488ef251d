"""Stored chat completions over HTTP, through the official client."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai.types.chat import ChatCompletion
from scripted_engine import WORDS, Exchange, chunk, usage, well_behaved

from pleiade.gateway.rooms import production_rooms
from pleiade.gateway.stored.completion import StreamedCompletion
from pleiade.settings import Settings

Serve = Callable[..., Awaitable[Any]]
URL = "/v1/chat/completions"
ASK: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], "store": True}


async def start(serve: Serve, tmp_path: Path, database_url: str = "") -> Any:
    """A gateway over an engine that numbers its answers."""
    wanted: dict[str, Any] = {"home": str(tmp_path), "database_url": database_url}
    served = await serve(rooms=production_rooms(Settings(**wanted)), **wanted)
    served.engine.script = Numbered()
    return served


@pytest.fixture
async def served(serve: Serve, tmp_path: Path) -> Any:
    """A gateway on SQLite."""
    return await start(serve, tmp_path)


@pytest.fixture
async def served_by_each(serve: Serve, tmp_path: Path, database_url: str) -> Any:
    """A gateway on SQLite, then one on PostgreSQL."""
    return await start(serve, tmp_path, database_url)


class Numbered:
    """The well-behaved engine, with ids of its own for each answer."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, exchange: Exchange) -> None:
        self.count += 1
        name = b"cmpl-%05d" % self.count  # as long as "chatcmpl-1"
        send = exchange.send

        async def renamed(data: bytes) -> None:
            await send(data.replace(b"chatcmpl-1", name))

        exchange.send = renamed  # type: ignore[method-assign]
        await well_behaved(exchange)


def client_of(served: Any, secret: str = "") -> AsyncOpenAI:
    return AsyncOpenAI(
        base_url=served.url + "/v1",
        api_key=secret or next(iter(served.keys.keys)),
        max_retries=0,
        _strict_response_validation=True,
    )


async def test_a_kept_completion_is_retrieved_updated_listed_and_deleted(served_by_each: Any) -> None:
    async with client_of(served_by_each) as client:
        made = await client.chat.completions.create(**ASK, metadata={"colour": "red"}, temperature=0.5)
        found = await client.chat.completions.retrieve(made.id)
        assert found.choices == made.choices
        assert found.metadata == {"colour": "red"}
        assert found.model_extra == {"temperature": 0.5}
        updated = await client.chat.completions.update(made.id, metadata={"colour": "blue"})
        assert updated.metadata == {"colour": "blue"}
        listed = await client.chat.completions.list(metadata={"colour": "blue"})
        assert [item.id for item in listed.data] == [made.id]
        assert (await client.chat.completions.list(metadata={"colour": "red"})).data == []
        deleted = await client.chat.completions.delete(made.id)
        assert deleted.deleted
        for gone in (client.chat.completions.retrieve(made.id), client.chat.completions.delete(made.id)):
            with pytest.raises(openai.NotFoundError):
                await gone


async def test_a_streamed_completion_is_kept_before_its_end_is_told(served: Any) -> None:
    async with client_of(served) as client:
        for options in ({}, {"stream_options": {"include_usage": True}}):
            stream = await client.chat.completions.create(**ASK, stream=True, **options)
            text, identifier = "", ""
            async for event in stream:
                identifier = event.id
                text += event.choices[0].delta.content or "" if event.choices else ""
            found = await client.chat.completions.retrieve(identifier)
            assert found.choices[0].message.content == text == "".join(WORDS)
            assert found.choices[0].finish_reason == "stop"


async def test_the_messages_of_a_completion_are_listed_in_order(served: Any) -> None:
    parts = [{"type": "text", "text": "What "}, {"type": "text", "text": "now?"}]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]
    made = await (await served.post(URL, ASK | {"messages": messages})).json()
    answer = await (await served.get(f"{URL}/{made['id']}/messages?limit=1")).json()
    assert (answer["has_more"], answer["data"][0]["content"]) == (True, "Be brief.")
    rest = await (await served.get(f"{URL}/{made['id']}/messages?after={answer['last_id']}")).json()
    (message,) = rest["data"]
    assert (message["content"], message["content_parts"]) == (None, parts)
    assert message["id"] == f"{made['id']}-1"


async def test_completions_are_listed_page_by_page(served_by_each: Any) -> None:
    async with client_of(served_by_each) as client:
        made = [(await client.chat.completions.create(**ASK)).id for _ in range(5)]
        assert [item.id async for item in client.chat.completions.list(limit=2)] == made
        newest = client.chat.completions.list(limit=2, order="desc")
        assert [item.id async for item in newest] == made[::-1]
        assert (await client.chat.completions.list(model="pico-1", limit=1)).has_more
        assert (await client.chat.completions.list(model="chat")).data == []


async def test_another_project_sees_nothing(served: Any) -> None:
    secret = list(served.keys.keys)[1]
    served.keys.keys[secret] = msgspec.structs.replace(served.keys.keys[secret], project="other")
    await served.gateway.keys.refresh()
    made = await (await served.post(URL, ASK)).json()
    async with client_of(served, secret) as stranger:
        assert (await stranger.chat.completions.list()).data == []
        for attempt in (
            stranger.chat.completions.retrieve(made["id"]),
            stranger.chat.completions.update(made["id"], metadata={}),
            stranger.chat.completions.messages.list(made["id"]),
            stranger.chat.completions.delete(made["id"]),
        ):
            with pytest.raises(openai.NotFoundError):
                await attempt
    assert (await served.get(f"{URL}/{made['id']}")).status == 200


async def test_azure_clients_keep_completions_too(served: Any) -> None:
    secret = next(iter(served.keys.keys))
    azure = AsyncAzureOpenAI(azure_endpoint=served.url, api_key=secret, api_version="2024-10-21")
    async with azure:
        made = await azure.chat.completions.create(**ASK)
    answer = await served.get(f"/openai/v1/chat/completions/{made.id}")
    assert (await answer.json())["id"] == made.id


@pytest.mark.parametrize("store", [False, None])
async def test_what_shall_not_be_kept_is_not(served: Any, store: bool | None) -> None:
    made = await (await served.post(URL, ASK | {"store": store})).json()
    assert (await served.get(f"{URL}/{made['id']}")).status == 404


async def test_a_cut_stream_is_not_kept(served: Any) -> None:
    async def dies(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.part(chunk("Hel", tokens=1))
        exchange.hang_up()

    served.engine.script = dies
    await served.post(URL, ASK | {"stream": True})
    assert (await (await served.get(URL)).json())["data"] == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"store": "yes"}, "store"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"metadata": {str(number): "" for number in range(17)}}, "metadata"),
        ({"metadata": {"a": "b" * 513}}, "metadata"),
        ({"metadata": {"a": "\0"}}, "metadata"),
        ({"metadata": "a"}, "metadata"),
    ],
)
async def test_what_cannot_be_kept_is_refused_before_the_engine_is_asked(
    served: Any, fields: dict[str, Any], param: str
) -> None:
    answer = await served.post(URL, ASK | fields)
    assert answer.status == 400
    assert (await answer.json())["error"]["param"] == param
    assert served.engine.seen == []


@pytest.mark.parametrize("body", [{}, {"metadata": {"a": 1}}, {"metadata": {"a": "b" * 513}}])
async def test_a_wrong_update_is_refused(served: Any, body: Any) -> None:
    made = await (await served.post(URL, ASK)).json()
    assert (await served.post(f"{URL}/{made['id']}", body)).status == 400


async def test_a_completion_that_cannot_be_kept_is_not_promised(serve: Serve, tmp_path: Path) -> None:
    wanted: Any = {"database_url": f"sqlite:///{tmp_path}/absent/pleiade.db"}
    served = await serve(rooms=production_rooms(Settings(**wanted)), **wanted)
    assert (await served.post(URL, ASK)).status == 500
    streamed = await (await served.post(URL, ASK | {"stream": True})).text()
    assert "[DONE]" not in streamed
    assert json.loads(streamed.strip().split("data: ")[-1])["error"]["type"] == "server_error"
    assert (await served.post(URL, ASK | {"store": False})).status == 200


async def test_fifty_at_once_are_all_kept(served_by_each: Any) -> None:
    made = await asyncio.gather(*(served_by_each.post(URL, ASK) for _ in range(50)))
    ids = {(await answer.json())["id"] for answer in made}
    assert len(ids) == 50
    listed = await (await served_by_each.get(f"{URL}?limit=100")).json()
    assert {item["id"] for item in listed["data"]} == ids


def test_a_stream_is_put_together_as_the_plain_answer_would_be() -> None:
    def event(delta: dict[str, Any], finish: str | None = None, index: int = 0, **more: Any) -> bytes:
        choice = {"index": index, "delta": delta, "finish_reason": finish, **more}
        head = {"id": "chatcmpl-1", "created": 7, "model": "m", "object": "chat.completion.chunk"}
        return b"data: " + json.dumps(head | {"choices": [choice]}).encode() + b"\n\n"

    logprob = {"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
    streamed = StreamedCompletion()
    streamed.feed(event({"role": "assistant", "content": "a"}, logprobs={"content": [logprob], "refusal": None}))
    streamed.feed(event({"content": "b"}) + event({"tool_calls": [call]}, index=1))
    streamed.feed(event({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}, index=1))
    assert streamed.completion() is None
    streamed.feed(event({}, "stop") + event({}, "tool_calls", index=1))
    tail = {"id": "chatcmpl-1", "choices": [], "usage": usage(3)}
    streamed.feed(b"data: " + json.dumps(tail).encode() + b"\n\ndata: [DONE]\n\n")
    whole = streamed.completion()
    assert whole is not None
    completion = ChatCompletion.model_validate_json(json.dumps(whole), strict=True)
    first, second = completion.choices
    assert (first.message.content, second.message.content) == ("ab", None)
    assert first.logprobs is not None
    assert second.message.tool_calls is not None
    assert second.message.tool_calls[0].function.arguments == "{}"  # type: ignore[union-attr]
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 3
