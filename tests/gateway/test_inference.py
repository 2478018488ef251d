"""Chat, completions and embeddings through every prefix, in both dialects, against the scripted engine."""

import json
from typing import Any

import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from scripted_engine import Exchange, ScriptedEngine, chunk
from scripted_gateway import SECRET, Serve, Served, endpoint

CHAT: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "hi"}]}
VERSION = "?api-version=2024-10-21"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/openai/v1/chat/completions",
        "/openai/v1/chat/completions?api-version=preview",
        "/openai/deployments/chat/chat/completions" + VERSION,
        "/v1/completions",
        "/v1/engines/chat/completions",
        "/openai/deployments/chat/completions?api-version=2022-12-01",
    ],
)
async def test_an_answer_passes_untouched_through_every_prefix(served: Served, path: str) -> None:
    answer = await served.post(path, CHAT | {"prompt": "hi"})
    assert answer.status == 200
    body = await answer.json()
    assert body["model"] == "pico-1"  # the underlying model, not the deployment (wire-contract §1)
    assert body["usage"] == {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert "prompt_filter_results" not in body  # no filter is deployed: no made-up verdict
    assert "content_filter_results" not in body["choices"][0]


async def test_the_engine_gets_the_clients_own_bytes_its_token_and_the_request_id(served: Served) -> None:
    raw = b'{ "model":"gpt-4o-mini", "messages":[], "made_up_field": {"x": 1.50}, "temperature":1e-1 }'
    answer = await served.client.post(
        served.url + "/v1/chat/completions", data=raw, headers=served.headers | {"cookie": "a=b"}
    )
    seen = served.engine.seen[0]
    assert seen.raw == raw
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"] == "Bearer engine-token"
    assert seen.headers["x-request-id"] == answer.headers["x-request-id"]
    assert "cookie" not in seen.headers
    assert SECRET not in str(seen.headers)


async def test_the_engine_gets_the_name_that_its_endpoint_demands(serve: Serve, engine: ScriptedEngine) -> None:
    remote = endpoint(engine, send_model="gpt-4o", query="api-version=2024-10-21", rewrite_model=True, model="ours")
    served = await serve(endpoints=[remote])
    answer = await served.post("/v1/chat/completions", CHAT | {"made_up": [1]})
    assert (await answer.json())["model"] == "ours"
    assert engine.seen[0].body == CHAT | {"made_up": [1], "model": "gpt-4o"}
    assert engine.seen[0].path == "/v1/chat/completions?api-version=2024-10-21"
    streamed = await served.post("/v1/chat/completions", CHAT | {"stream": True})
    models = {json.loads(line[6:])["model"] for line in (await streamed.text()).split("\n\n")[:-2]}
    assert models == {"ours"}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/openai/deployments/chat/chat/completions" + VERSION])
async def test_a_stream_ends_with_a_finish_reason_and_done(served: Served, path: str) -> None:
    answer = await served.post(path, CHAT | {"stream": True})
    text = await answer.text()
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    expected = [chunk("Hello"), chunk(" there"), chunk("."), chunk(None, finish="stop"), b"data: [DONE]\n\n"]
    assert text.encode() == b"".join(expected)  # bytes as the engine sent them, less the usage nobody asked for
    assert served.engine.seen[0].body["stream_options"] == {
        "include_usage": True,
        "continuous_usage_stats": True,
    }


async def test_usage_of_a_stream_comes_only_when_asked_for(served: Served) -> None:
    asked = CHAT | {"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": False}}
    lines = (await (await served.post("/v1/chat/completions", asked)).text()).split("\n\n")
    events = [json.loads(line[6:]) for line in lines[:-2]]
    assert [event["usage"] for event in events[:-1]] == [None] * 4
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["total_tokens"] == 8
    assert served.engine.seen[0].body["stream_options"]["include_obfuscation"] is False  # unknown to us: passed on


async def test_an_engine_without_continuous_usage_is_asked_for_nothing_more(
    serve: Serve, engine: ScriptedEngine
) -> None:
    served = await serve(endpoints=[endpoint(engine, extra_usage=False)])
    await served.post("/v1/chat/completions", CHAT | {"stream": True})
    assert engine.seen[0].raw == json.dumps(CHAT | {"stream": True}).encode()


@pytest.mark.parametrize("prefix", ["/v1", "/v1/engines/embed", "/openai/v1", "/openai/deployments/embed"])
async def test_embeddings_pass_as_base64(served: Served, prefix: str) -> None:
    body = {"model": "embed", "input": "x", "encoding_format": "base64"}
    answer = await served.post(prefix + "/embeddings" + VERSION, body)
    assert (await answer.json())["data"][0]["embedding"] == "AACAPwAAAEA="
    assert served.engine.seen[0].body["encoding_format"] == "base64"


@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/openai/deployments/judge", "/openai"])
async def test_rewards_pass_and_are_counted(serve: Serve, engine: ScriptedEngine, prefix: str) -> None:
    async def score(exchange: Exchange) -> None:
        data = [{"object": "reward", "index": 0, "score": 1.5}]
        usage = {"prompt_tokens": 9, "total_tokens": 9}
        await exchange.whole(200, {"object": "list", "data": data, "model": "judge-1", "usage": usage})

    engine.script = score
    served = await serve(endpoints=[endpoint(engine, deployment="judge", kind="reward", extra_usage=False)])
    request = {"input": {"messages": CHAT["messages"], "candidates": ["Hello."]}, "stream": True}
    answer = await served.post(prefix + "/rewards" + VERSION, {"model": "judge"} | request)
    assert (await answer.json())["data"] == [{"object": "reward", "index": 0, "score": 1.5}]
    assert (engine.seen[0].path, engine.seen[0].body["input"]) == ("/v1/rewards", request["input"])
    line = served.log_lines()[0]
    assert (line["deployment"], line["prompt_tokens"]) == ("judge", 9)


async def test_embeddings_are_never_streamed(serve: Serve, engine: ScriptedEngine) -> None:
    served = await serve(endpoints=[endpoint(engine, kind="embedding")])
    answer = await served.post("/v1/embeddings", {"model": "chat", "input": "x", "stream": True})
    assert answer.status == 200
    assert "stream_options" not in engine.seen[0].body


async def test_an_answer_of_many_megabytes_arrives_whole(served: Served, engine: ScriptedEngine) -> None:
    async def large(exchange: Exchange) -> None:
        await exchange.whole(200, {"data": "x" * 3_000_000, "usage": {"prompt_tokens": 4, "total_tokens": 4}})

    engine.script = large
    answer = await served.post("/v1/embeddings", {"model": "embed", "input": ["x"] * 2048})
    assert len((await answer.json())["data"]) == 3_000_000
    assert served.log_lines()[0]["prompt_tokens"] == 4


async def test_an_edit_of_january_2023_is_done_by_the_chat_model(served: Served) -> None:
    for path in ("/v1/edits", "/v1/engines/chat/edits"):
        request = {
            "model": "chat",
            "input": "What day of the wek is it?",
            "instruction": "Fix the spelling",
            "n": 2,
        }
        answer = await (await served.post(path, request)).json()
        assert answer["object"] == "edit"
        assert [(choice["index"], choice["text"]) for choice in answer["choices"]] == [
            (0, "Hello there."),
            (1, "Hello there."),
        ]
        assert answer["usage"]["total_tokens"] == 8
        assert set(answer) == {"object", "created", "choices", "usage"}
    asked = served.engine.seen[0].body
    assert asked["n"] == 2
    assert "Fix the spelling" in asked["messages"][1]["content"]
    assert "What day of the wek" in asked["messages"][1]["content"]
    assert served.log_lines()[0]["completion_tokens"] == 3


@pytest.mark.parametrize("bad", [{}, {"instruction": 5}, {"instruction": "x", "n": 21}, {"instruction": "x", "n": 0}])
async def test_an_edit_that_the_2023_spec_forbids_is_refused(served: Served, bad: dict[str, Any]) -> None:
    answer = await served.post("/v1/edits", {"model": "chat"} | bad)
    assert answer.status == 400
    assert served.engine.seen == []


async def test_the_official_clients_chat_stream_and_embed(served: Served) -> None:
    async with AsyncOpenAI(base_url=served.url + "/v1", api_key=SECRET, max_retries=0) as client:
        chat = await client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "hi"}])
        assert chat.choices[0].message.content == "Hello there."
        stream = await client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        assert "".join([event.choices[0].delta.content or "" async for event in stream]) == "Hello there."
        vector = await client.embeddings.create(model="embed", input="x")
        assert vector.data[0].embedding == [1.0, 2.0]
        assert [model.id async for model in client.models.list()] == ["chat", "embed", "gpt-4o-mini"]
    async with AsyncAzureOpenAI(
        azure_endpoint=served.url, api_version="2024-10-21", api_key=SECRET, max_retries=0
    ) as azure:
        chat = await azure.chat.completions.create(model="chat", messages=[{"role": "user", "content": "hi"}])
        assert chat.choices[0].message.content == "Hello there."
        assert chat._request_id is not None
        assert (await azure.models.retrieve("chat")).id == "chat"
