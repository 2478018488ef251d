"""vLLM behind our plan and our gateway: what a real `vllm serve` answered (record_vllm.py), replayed byte for byte."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, BadRequestError
from replay_vllm import Recording
from scripted_engine import ScriptedEngine
from scripted_gateway import AZURE, OPENAI, SECRET, Gateways, Served, azure_error, openai_error

from pleiade.domain import Deployment, Endpoint, EndpointState, Model, ModelFormat, ModelKind
from pleiade.engines.base import Process, Remote
from pleiade.engines.catalogue import ENGINES
from pleiade.gateway.choice_usage import ChoiceUsage
from pleiade.gateway.streaming import EventFilter, last_usage

HERE = Path(__file__).parent
PATHS = sorted((HERE / "recordings").glob("vllm-*.json"))
assert PATHS, "without a recording nothing here would be tested"
AWAY = "pico-far-away"  # a deployment that calls a vLLM which somebody else started
CALLING = ("headers", "send_model", "rewrite_model", "extra_usage", "usage_per_choice")
STREAMS = [
    "chat, streamed",
    "chat, log-probabilities, streamed",
    "tool call, streamed",
    "completion, streamed",
]


@dataclass(frozen=True)
class Vllm:
    """A replayed `vllm serve` and how our plan reaches it."""

    recording: Recording
    plan: Process
    url: str


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def vllm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vllm]:
    """The recording, started by the command line and environment that our plan gives."""
    recording = Recording(request.param)
    program = tmp_path_factory.mktemp("bin") / "vllm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE / "replay_vllm.py"} {request.param} "$@"\n')
    program.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    model = Model(id=recording.model, kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path="/models/pico")
    deployment = Deployment(name="chat", model=model.id, engine="vllm", options={"command": str(program)})
    plan = ENGINES["vllm"].plan(deployment, model, port=port, token="secret", queue_limit=8, adapters={})
    assert isinstance(plan, Process)
    process = subprocess.Popen(plan.argv, env={**os.environ, **plan.env})
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(url + plan.health_path, process)
        yield Vllm(recording, plan, url)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
async def served(vllm: Vllm) -> AsyncIterator[Served]:
    """Our gateway with two deployments: `chat`, which our plan started, and AWAY, at a URL under another name."""
    base = Endpoint(
        deployment="chat",
        model=vllm.recording.model,
        kind="text",
        engine="vllm",
        state=EndpointState.READY,
        aliases=("gpt-4o-mini",),
    )
    ours = msgspec.structs.replace(base, url=vllm.url + vllm.plan.base_path, **_calling(vllm.plan))
    model = Model(id="house-model", kind=ModelKind.TEXT, format=ModelFormat.REMOTE, path="")
    options: dict[str, str | int | float | bool] = {
        "url": vllm.url + "/v1",
        "key": vllm.plan.env["VLLM_API_KEY"],
        "model": vllm.recording.model,
    }
    deployment = Deployment(name=AWAY, model=model.id, engine="vllm", options=options)
    remote = ENGINES["vllm"].plan(deployment, model, port=1, token="", queue_limit=8, adapters={})
    assert isinstance(remote, Remote)
    theirs = msgspec.structs.replace(
        base, deployment=AWAY, model=model.id, aliases=(), url=remote.url, **_calling(remote)
    )
    gateways = Gateways(ScriptedEngine())
    yield await gateways.start(endpoints=[ours, theirs])
    await gateways.stop()


def test_the_process_is_healthy_and_answers_only_with_our_token(vllm: Vllm) -> None:
    with httpx.Client(base_url=vllm.url, timeout=10, trust_env=False) as client:
        assert client.get(vllm.plan.health_path).status_code == 200
        assert client.get(vllm.plan.base_path + "/models").status_code == 401
        models = client.get(vllm.plan.base_path + "/models", headers=vllm.plan.headers).json()
    assert [model["id"] for model in models["data"]] == [vllm.plan.send_model]


@pytest.mark.parametrize("name", STREAMS)
def test_usage_is_cumulative_in_every_chunk_so_a_cut_stream_can_be_settled(vllm: Vllm, name: str) -> None:
    *chunks, done = [event.removeprefix(b"data: ") for event in _events(vllm.recording.body(name))]
    assert done == b"[DONE]"
    counts = []
    for chunk in chunks:
        usage = last_usage(chunk)
        assert usage is not None, chunk
        counts.append((usage.prompt_tokens, usage.completion_tokens))
    assert len({prompt for prompt, _ in counts}) == 1
    completions = [completion for _, completion in counts]
    assert completions == sorted(completions)
    assert completions[0] <= 1
    assert counts[-1] == counts[-2], "the last chunk, which has no choice, tells the same"
    assert json.loads(chunks[-1])["choices"] == []


async def test_two_answers_in_one_stream_are_settled_for_both_wherever_it_is_cut(served: Served, vllm: Vllm) -> None:
    name = "chat, two answers, streamed"
    *chunks, _ = _events(vllm.recording.body(name))
    final = last_usage(chunks[-1].removeprefix(b"data: "))
    assert final is not None
    events = EventFilter(usage_wanted=False, choices=ChoiceUsage(2))
    settled, latest = [], {0: 0, 1: 0}
    for chunk in chunks[:-1]:
        events.feed(chunk + b"\n\n")
        told, (choice,) = last_usage(chunk.removeprefix(b"data: ")), _choice(chunk)
        assert told is not None
        assert events.usage is not None
        latest[choice["index"]] = told.completion_tokens
        settled.append((events.usage.prompt_tokens, events.usage.completion_tokens))
        assert settled[-1] == (final.prompt_tokens, sum(latest.values()))
    assert settled[-1][1] == final.completion_tokens > max(latest.values()), "vLLM told each chunk's own choice only"
    await served.post(OPENAI, {**_asked(vllm, name), "stream": True})
    await served.settle()
    assert served.log_lines()[0]["completion_tokens"] == final.completion_tokens


@pytest.mark.parametrize("path", [OPENAI, AZURE])
async def test_a_client_that_asked_for_no_usage_sees_none_and_the_gateway_knows_it(
    served: Served, vllm: Vllm, path: str
) -> None:
    answer = await served.post(path, {**_asked(vllm, "chat, streamed"), "stream": True})
    assert answer.status == 200
    *chunks, done = _events(await answer.read())
    assert done == b"data: [DONE]"
    assert b"usage" not in b"".join(chunks)
    assert [_choice(chunk) for chunk in chunks] == [
        _choice(chunk) for chunk in _events(vllm.recording.body("chat, streamed"))[:-2]
    ]
    await served.settle()
    usage = last_usage(_events(vllm.recording.body("chat, streamed"))[-2].removeprefix(b"data: "))
    assert usage is not None
    (line,) = served.log_lines()
    assert (line["prompt_tokens"], line["completion_tokens"]) == (usage.prompt_tokens, usage.completion_tokens)


async def test_the_model_is_asked_and_answered_under_its_right_name(served: Served, vllm: Vllm) -> None:
    for name in ("chat", "gpt-4o-mini", AWAY):
        body = {**_asked(vllm, "chat"), "model": name}
        whole = await (await served.post(OPENAI, body)).json()
        streamed = await (await served.post(OPENAI, {**body, "stream": True})).read()
        shown = "house-model" if name == AWAY else vllm.recording.model
        assert whole["model"] == shown, name
        assert whole["choices"] == json.loads(vllm.recording.body("chat"))["choices"]
        assert {json.loads(event[6:])["model"] for event in _events(streamed)[:-1]} == {shown}, name


@pytest.mark.parametrize("name", ["context overflow", "context overflow, streamed"])
async def test_a_context_overflow_has_the_code_that_clients_look_for(served: Served, vllm: Vllm, name: str) -> None:
    asked = _asked(vllm, name)
    route = "completions" if "prompt" in asked else "chat/completions"
    for path in (f"/v1/{route}", f"/openai/deployments/chat/{route}?api-version=2024-10-21"):
        answer = await served.post(path, asked)
        assert answer.status == 400
        error = await openai_error(answer)
        assert error["message"] == json.loads(vllm.recording.body(name))["error"]["message"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "context_length_exceeded")
        assert error["param"] in (None, *asked), "a parameter that the caller can find in the request"


@pytest.mark.parametrize("name", ["wrong type", "out of range", "no messages", "too many tokens wanted"])
async def test_what_vllm_refuses_reaches_the_caller_in_openais_words(served: Served, vllm: Vllm, name: str) -> None:
    for path in (OPENAI, AZURE):
        answer = await served.post(path, _asked(vllm, name))
        assert answer.status == 400
        error = await openai_error(answer)
        assert error["message"] == json.loads(vllm.recording.body(name))["error"]["message"]
        assert (error["type"], error["code"]) == ("invalid_request_error", None)
        assert error["param"] in ("messages", "temperature", "max_tokens"), "as the caller spelled it"


async def test_a_full_queue_tells_when_to_come_back(served: Served, vllm: Vllm) -> None:
    for path in (OPENAI, AZURE):
        answer = await served.post(path, _asked(vllm, "queue full"))
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) >= 1


async def test_a_key_that_vllm_refuses_is_not_the_callers_fault(vllm: Vllm) -> None:
    endpoint = Endpoint(
        deployment="chat",
        model=vllm.recording.model,
        kind="text",
        engine="vllm",
        state=EndpointState.READY,
        url=vllm.url + "/v1",
        headers={"authorization": "Bearer stale"},
    )
    gateways = Gateways(ScriptedEngine())
    served = await gateways.start(endpoints=[endpoint])
    try:
        for path in (OPENAI, AZURE):
            answer = await served.post(path, _asked(vllm, "chat"))
            assert answer.status == 502
            assert "credentials" in (await (openai_error if path == OPENAI else azure_error)(answer))["message"]
    finally:
        await gateways.stop()


async def test_a_model_that_vllm_does_not_know_is_the_operators_matter(served: Served, vllm: Vllm) -> None:
    """Its own plan never asks for one; a remote vLLM may have been restarted with another model."""
    wrong = Deployment(
        name=AWAY,
        model="m",
        engine="vllm",
        options={"url": vllm.url + "/v1", "key": vllm.plan.env["VLLM_API_KEY"], "model": "nobody"},
    )
    model = Model(id="m", kind=ModelKind.TEXT, format=ModelFormat.REMOTE, path="")
    remote = ENGINES["vllm"].plan(wrong, model, port=1, token="", queue_limit=8, adapters={})
    assert isinstance(remote, Remote)
    known = served.directory.find(AWAY)
    assert known is not None
    endpoint = msgspec.structs.replace(known.endpoint, **_calling(remote))
    gateways = Gateways(ScriptedEngine())
    other = await gateways.start(endpoints=[endpoint])
    try:
        answer = await other.post(OPENAI, {**_asked(vllm, "unknown model"), "model": AWAY})
        assert answer.status == 502
        assert "nobody" in (await openai_error(answer))["message"]
    finally:
        await gateways.stop()


@pytest.mark.parametrize("surface", ["openai", "azure"])
async def test_the_official_client_reads_answers_streams_tool_calls_and_errors(
    served: Served, vllm: Vllm, surface: str
) -> None:
    client = (
        AsyncOpenAI(base_url=f"{served.url}/v1", api_key=SECRET, max_retries=0)
        if surface == "openai"
        else AsyncAzureOpenAI(azure_endpoint=served.url, api_version="2024-10-21", api_key=SECRET, max_retries=0)
    )
    async with client:
        asked = _asked(vllm, "chat")
        whole = await client.chat.completions.create(**asked)
        options: Any = {"include_usage": True}
        text, usage = "", None
        async for chunk in await client.chat.completions.create(**asked, stream=True, stream_options=options):
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
            usage = chunk.usage or usage
        assert text == whole.choices[0].message.content != ""
        assert usage is not None
        assert whole.usage is not None
        assert usage.total_tokens == whole.usage.total_tokens
        called = await client.chat.completions.create(**_asked(vllm, "tool call"))
        (call,) = called.choices[0].message.tool_calls or ()
        assert call.type == "function"
        assert set(json.loads(call.function.arguments)) == {"city"}
        with pytest.raises(BadRequestError) as refused:
            await client.chat.completions.create(**_asked(vllm, "context overflow"))
        assert refused.value.code == "context_length_exceeded"


def _calling(plan: Process | Remote) -> dict[str, Any]:
    """What the supervisor copies from a plan to an endpoint."""
    return {name: getattr(plan, name) for name in CALLING}


def _asked(vllm: Vllm, name: str) -> dict[str, Any]:
    """A recorded request as a client of ours makes it: by its deployment, without what the gateway adds."""
    asked = {**vllm.recording.request(name), "model": "chat"}
    asked.pop("stream_options", None)
    return asked


def _events(body: bytes) -> list[bytes]:
    """Each of a stream's events, without its blank line."""
    *events, rest = body.split(b"\n\n")
    assert rest == b""
    assert all(event.startswith(b"data: ") for event in events)
    return events


def _choice(event: bytes) -> Any:
    return json.loads(event.removeprefix(b"data: "))["choices"]


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < give_up:
        try:
            assert httpx.get(url, trust_env=False).status_code == 200
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the replayed vLLM did not start")
