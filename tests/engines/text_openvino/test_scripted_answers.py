"""What the HTTP side makes of certain tokens: an engine that says exactly them, the whole application around it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from engines.scripted_text_engine import ScriptedEngine
from engines.tiny_model import byte_tokenizer
from pleiade.engines.text_openvino.answers.tokenizer import TextTokenizer
from pleiade.engines.text_openvino.generation import GenerationRequest
from pleiade.engines.text_openvino.worker import WorkerOptions, open_service
from pleiade.engines.wire.app import EngineApp

HI = [{"role": "user", "content": "hi"}]
CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>'
ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


def tokenizer(*, fim: bool = True) -> TextTokenizer:
    return TextTokenizer(byte_tokenizer(fim=fim).to_str(), configuration={"eos_token": "<|im_end|>"}, source="test")


class Client:
    """Speaks to the application without a socket."""

    def __init__(self, app: EngineApp, engine: ScriptedEngine) -> None:
        self.app = app
        self.engine = engine
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://engine")  # type: ignore[arg-type]

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self._http.post(f"/v1{path}", json=body)

    async def ok(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.post(path, **body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def events(self, path: str, **body: Any) -> list[dict[str, Any]]:
        answer = await self.post(path, stream=True, **body)
        lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
        return [json.loads(line) for line in lines if line != "[DONE]"]


@asynccontextmanager
async def saying(
    text: str | Callable[[GenerationRequest, int], list[int]], *, known: TextTokenizer | None = None, **more: Any
) -> AsyncIterator[Client]:
    """An application whose model says `text` and ends."""
    known = known or tokenizer()
    end = known.control["<|im_end|>"]
    script = text if callable(text) else lambda request, index: [*known.encode(text), end]
    engine = ScriptedEngine(script, vocabulary=known.vocabulary_size, **more)
    app = EngineApp(token="", max_body_bytes=1 << 20)
    options = WorkerOptions(model="/nowhere", model_id="m", adapters={"polite": "/lora", "rude": "/elsewhere"})
    app.service = open_service(engine, known, options, asyncio.get_running_loop())
    try:
        yield Client(app, engine)
    finally:
        app.service.close()


async def test_the_end_token_is_counted_and_not_shown() -> None:
    async with saying("héllo 🎉") as client:
        answer = await client.ok("/chat/completions", messages=HI)
        assert answer["choices"][0]["message"]["content"] == "héllo 🎉"
        assert answer["choices"][0]["finish_reason"] == "stop"
        assert answer["usage"]["completion_tokens"] == len("héllo 🎉".encode()) + 1
        assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 3


async def test_characters_stream_whole() -> None:
    async with saying("é🎉") as client:
        events = await client.events("/chat/completions", messages=HI)
        texts = [e["choices"][0]["delta"].get("content") for e in events]
        assert [text for text in texts if text] == ["é", "🎉"]


async def test_a_stop_string_across_tokens_is_never_shown_and_frees_the_sequence() -> None:
    async with saying("one two three") as client:
        events = await client.events("/completions", prompt="x", stop=[" tw", "three"], max_tokens=50)
        assert "".join(e["choices"][0]["text"] for e in events) == "one"
        assert events[-1]["choices"][0]["finish_reason"] == "stop"
        [request] = client.engine.requests
        assert client.engine.cancelled == [(request.id, 0)]


async def test_text_held_back_for_a_stop_string_comes_at_the_end() -> None:
    async with saying("wait for it tw") as client:
        answer = await client.ok("/completions", prompt="x", stop=" two", max_tokens=50)
        assert answer["choices"][0]["text"] == "wait for it tw"


async def test_logprobs_of_tokens_behind_a_stop_string_are_left_out() -> None:
    async with saying("abSTOPcd") as client:
        answer = await client.ok("/completions", prompt="x", stop="STOP", max_tokens=50, logprobs=1)
        assert answer["choices"][0]["logprobs"]["tokens"] == ["a", "b"]
        chat = await client.ok("/chat/completions", messages=HI, stop="STOP", logprobs=True)
        assert [e["token"] for e in chat["choices"][0]["logprobs"]["content"]] == ["a", "b"]


async def test_a_free_model_that_calls_a_tool_has_called_it() -> None:
    async with saying(f"I add. {CALL}") as client:
        answer = await client.ok("/chat/completions", messages=HI, tools=[ADD])
        [choice] = answer["choices"]
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["content"] == "I add."
        assert choice["message"]["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a": 1}'}
        plain = await client.ok("/chat/completions", messages=HI, tools=[ADD], tool_choice="none")
        assert plain["choices"][0]["message"]["content"] == f"I add. {CALL}"
        legacy = await client.ok("/chat/completions", messages=HI, functions=[ADD["function"]])
        assert legacy["choices"][0]["finish_reason"] == "function_call"
        assert legacy["choices"][0]["message"]["function_call"]["name"] == "add"


async def test_parallel_calls_are_numbered_and_one_is_one_where_one_is_allowed() -> None:
    async with saying(f"{CALL}\n{CALL}") as client:
        request = {"messages": HI, "tools": [ADD]}
        both = await client.ok("/chat/completions", **request)
        assert len(both["choices"][0]["message"]["tool_calls"]) == 2
        one = await client.ok("/chat/completions", **request, parallel_tool_calls=False)
        assert len(one["choices"][0]["message"]["tool_calls"]) == 1
        events = await client.events("/chat/completions", **request)
        starts = [d for e in events for d in e["choices"][0]["delta"].get("tool_calls", []) if "id" in d]
        assert [start["index"] for start in starts] == [0, 1]
        assert len({start["id"] for start in starts}) == 2
        events = await client.events("/chat/completions", **request, parallel_tool_calls=False)
        starts = [d for e in events for d in e["choices"][0]["delta"].get("tool_calls", []) if "id" in d]
        assert len(starts) == 1
        assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_an_adapter_is_called_by_its_name() -> None:
    async with saying("yes") as client:
        assert (await client.ok("/chat/completions", messages=HI, model="polite"))["model"] == "polite"
        assert (await client.ok("/chat/completions", messages=HI, model="an-alias"))["model"] == "m"
        assert [request.adapter for request in client.engine.requests] == ["polite", ""]


async def test_an_adapter_that_does_not_fit_is_refused_and_its_base_answers_on() -> None:
    async with saying("yes") as client:
        refused = await client.post("/completions", prompt="x", model="rude")
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
        assert "made for another model" in refused.json()["error"]["message"]
        assert (await client.ok("/completions", prompt="x"))["choices"][0]["text"] == "yes"


async def test_a_suffix_for_a_model_without_such_tokens_is_refused() -> None:
    async with saying("x", known=tokenizer(fim=False)) as client:
        answer = await client.post("/completions", prompt="ab", suffix="cd")
        error = answer.json()["error"]
        assert (answer.status_code, error["param"], error["code"]) == (400, "suffix", "unsupported_parameter")
        assert "fill in the middle" in error["message"]


MARKS = [tokenizer().control[f"<|fim_{name}|>"] for name in ("prefix", "suffix", "middle")]


@pytest.mark.parametrize("prompt", ["ab", "", "a<|fim_middle|>b", "<|im_start|>"])
async def test_fill_in_the_middle_is_prefix_suffix_middle_and_only_the_marks_are_control_tokens(prompt: str) -> None:
    async with saying("x") as client:
        await client.ok("/completions", prompt=prompt, suffix="c<|im_end|>")
        known = tokenizer()
        [request] = client.engine.requests
        prefix, suffix = known.encode_plain(prompt), known.encode_plain("c<|im_end|>")
        assert request.prompt == [MARKS[0], *prefix, MARKS[1], *suffix, MARKS[2]]


async def test_a_prompt_of_tokens_is_framed_too_and_none_is_an_empty_one() -> None:
    async with saying("x") as client:
        for prompt, inside in (([5, 6], [5, 6]), ([[7]], [7]), (None, [])):
            await client.ok("/completions", prompt=prompt, suffix="c")
            assert client.engine.requests[-1].prompt[: len(inside) + 2] == [MARKS[0], *inside, MARKS[1]]


async def test_what_begins_every_text_comes_before_the_marks() -> None:
    described = json.loads(byte_tokenizer().to_str())
    first = {"id": "<|endoftext|>", "type_id": 0}
    described["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": first}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [],
        "special_tokens": {first["id"]: {"id": first["id"], "ids": [257], "tokens": [first["id"]]}},
    }
    known = TextTokenizer(json.dumps(described), configuration={"eos_token": "<|im_end|>"}, source="test")
    async with saying("x", known=known) as client:
        await client.ok("/completions", prompt="ab", suffix="c")
        [request] = client.engine.requests
        assert request.prompt[:2] == [257, MARKS[0]]
        assert request.prompt.count(257) == 1


@pytest.mark.parametrize("end", ["<|endoftext|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"])
async def test_a_middle_ends_at_the_end_of_the_text_and_no_mark_is_shown(end: str) -> None:
    known = tokenizer()

    def script(request: GenerationRequest, index: int) -> list[int]:
        return [*known.encode("mid"), known.control[end], *known.encode("after")]

    request = {"prompt": "a", "suffix": "b", "n": 2, "max_tokens": 50, "logprobs": 1}
    async with saying(script, known=known) as client:
        whole = await client.ok("/completions", **request)
        assert [(c["text"], c["finish_reason"]) for c in whole["choices"]] == [("mid", "stop")] * 2
        assert whole["choices"][0]["logprobs"]["tokens"] == ["m", "i", "d"]
        assert whole["choices"][0]["logprobs"]["text_offset"] == [1, 2, 3]  # counted from the beginning of the prompt
        events = await client.events("/completions", **request)
        for index in (0, 1):
            own = [e["choices"][0] for e in events if e["choices"][0]["index"] == index]
            assert "".join(choice["text"] for choice in own) == "mid"
            assert own[-1]["finish_reason"] == "stop"
            assert [t for choice in own for t in (choice["logprobs"] or {"tokens": []})["tokens"]] == ["m", "i", "d"]


async def test_a_full_queue_is_429_with_both_retry_headers() -> None:
    async with saying("x", queue_limit=0) as client:
        answer = await client.post("/chat/completions", messages=HI)
        assert answer.status_code == 429
        assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("1", "1000")


async def test_further_prompts_wait_for_room_in_the_queue_instead_of_being_lost() -> None:
    def script(request: GenerationRequest, index: int) -> list[int]:
        client.engine.queue_limit = 0  # somebody else takes every place there is
        asyncio.get_running_loop().call_later(0.1, setattr, client.engine, "queue_limit", 1)
        return [72]

    async with saying(script, queue_limit=1) as client:
        answer = await asyncio.wait_for(client.ok("/completions", prompt=["a", "b", "c"], max_tokens=1), 20)
        assert [choice["text"] for choice in answer["choices"]] == ["i", "i", "i"]


async def test_a_broken_engine_is_an_error_of_the_server_for_this_call_only() -> None:
    calls = 0

    def script(request: GenerationRequest, index: int) -> list[int]:
        nonlocal calls
        calls += 1
        return [10**9] if calls == 1 else [72, 73]

    async with saying(script) as client:
        client.app.service._model.tokenizer.token_bytes = None  # type: ignore[union-attr]
        broken = await client.post("/chat/completions", messages=HI, max_tokens=2)
        assert broken.status_code == 500
        assert broken.json()["error"]["type"] == "server_error"


@pytest.mark.parametrize("value", [{"do_sample": False}, {"temperature": 0.25, "top_p": 0.5, "top_k": 7}])
async def test_what_the_client_leaves_open_is_as_the_models_makers_recommend(value: dict[str, Any]) -> None:
    async with saying("x") as client:
        client.app.service._model.sampling_defaults = value  # type: ignore[union-attr]
        await client.ok("/chat/completions", messages=HI)
        await client.ok("/chat/completions", messages=HI, temperature=1.5, top_p=0.9)
        left_open, chosen = (request.sampling for request in client.engine.requests)
        assert left_open.temperature == value.get("temperature", 0.0)
        assert left_open.top_k == value.get("top_k", 0)
        assert (chosen.temperature, chosen.top_p) == (1.5, 0.9)
