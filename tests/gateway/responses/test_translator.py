"""Chat chunks become the events of the Responses API, in OpenAI's order and of the SDK's types."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from golden_files import check_golden
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from pleiade.gateway.responses.body import parse_body
from pleiade.gateway.responses.frames import error_event, frame
from pleiade.gateway.responses.resource import new_response
from pleiade.gateway.responses.translator import Translator, chunk_of

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "total_tokens": 13,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
WEATHER = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": True}


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    if "logprobs" in more:
        choice["logprobs"] = {"content": more.pop("logprobs"), "refusal": None}
    return {"id": "chatcmpl-1", "model": "pico", "choices": [choice], **more}


def call(index: int, **function: Any) -> dict[str, Any]:
    more = {"id": function.pop("id")} if "id" in function else {}
    return {"tool_calls": [{"index": index, "type": "function", "function": function, **more}]}


USAGE_CHUNK = {"model": "pico", "choices": [], "usage": USAGE}
TEXT = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Bon"}),
    chunk({"content": "jour."}),
    chunk(finish="stop"),
    USAGE_CHUNK,
]
CALLS = [
    chunk({"content": "Let me look."}),
    chunk(call(0, id="call_a", name="weather", arguments="")),
    chunk(call(0, arguments='{"city":')),
    chunk(call(0, arguments='"Paris"}')),
    chunk(call(1, id="call_b", name="weather", arguments='{"city":"Brest"}')),
    chunk(finish="tool_calls"),
    USAGE_CHUNK,
]
LOGPROB = {
    "token": "é",
    "logprob": -0.25,
    "bytes": None,
    "top_logprobs": [{"token": "é", "logprob": -0.25, "bytes": [195, 169]}],
}


def translator(**request: Any) -> Translator:
    body, _ = parse_body({"model": "gpt-4o-mini", "input": "Hello", **request})
    return Translator(new_response("resp_1", body, model="pico", created=1_790_000_000))


def events_of(maker: Translator, chunks: Iterable[dict[str, Any]], *, finish: bool = True) -> list[Any]:
    """Every event of a stream, encoded at once as the server does, decoded for the test."""
    events = [msgspec.json.encode(event) for event in maker.start()]
    for item in chunks:
        events += [msgspec.json.encode(event) for event in maker.feed(item)]
    if finish:
        events += [msgspec.json.encode(event) for event in maker.finish(1_790_000_009)]
    return [json.loads(event) for event in events]


def kinds(events: list[Any]) -> list[str]:
    return [event["type"] for event in events]


STREAMS = {
    "text": ({}, TEXT),
    "function_calls": ({"tools": [WEATHER], "metadata": {"trip": "7"}}, CALLS),
    "length": ({"max_output_tokens": 2}, [chunk({"content": "Once"}), chunk(finish="length"), USAGE_CHUNK]),
    "content_filter": ({}, [chunk({"content": "I"}), chunk(finish="content_filter")]),
    "logprobs": (
        {"include": ["message.output_text.logprobs"], "top_logprobs": 1},
        [chunk({"content": "é"}, logprobs=[LOGPROB]), chunk(finish="stop")],
    ),
    "reasoning": (
        {"reasoning": {"effort": "low"}},
        [chunk({"reasoning_content": "Hm. "}), chunk({"content": "Yes."}), chunk(finish="stop")],
    ),
    "refusal": ({}, [chunk({"refusal": "I cannot."}), chunk(finish="stop")]),
    "empty": ({}, [chunk({"role": "assistant", "content": ""}), chunk(finish="stop")]),
    "background": ({"background": True}, TEXT),
    "cut": ({}, TEXT[:2]),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_as_it_was_last_read(name: str) -> None:
    request, chunks = STREAMS[name]
    check_golden(name, events_of(translator(**request), chunks))


@pytest.mark.parametrize("name", STREAMS)
def test_every_event_is_of_the_sdks_type_and_numbered_from_zero(name: str) -> None:
    request, chunks = STREAMS[name]
    events = events_of(translator(**request), chunks)
    for event in events:
        EVENT.validate_json(json.dumps(event), strict=True)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


# Not a cut one: a plain answer is whole or an error.
@pytest.mark.parametrize("name", [name for name in STREAMS if name != "cut"])
def test_a_plain_answer_says_the_same_as_a_stream(name: str) -> None:
    request, chunks = STREAMS[name]
    streamed = events_of(translator(**request), chunks)[-1]["response"]
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    logprobs, finish, usage = [], None, None
    calls: dict[int, dict[str, Any]] = {}
    for item in chunks:
        usage = item.get("usage") or usage
        for choice in item["choices"]:
            finish = choice["finish_reason"] or finish
            logprobs += (choice.get("logprobs") or {}).get("content") or []
            for key in ("content", "reasoning_content", "refusal"):
                if choice["delta"].get(key):
                    message[key] = message.get(key, "") + choice["delta"][key]
            for part in choice["delta"].get("tool_calls", ()):
                whole = calls.setdefault(part["index"], {"id": part.get("id"), "function": {"arguments": ""}})
                whole["function"]["arguments"] += part["function"]["arguments"]
                whole["function"]["name"] = part["function"].get("name", whole["function"].get("name"))
    message["tool_calls"] = list(calls.values()) or None
    completion = {
        "model": "pico",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": {"content": logprobs}}],
        "usage": usage,
    }
    plain = events_of(translator(**request), [chunk_of(completion)])[-1]["response"]
    assert strip_ids(plain) == strip_ids(streamed)


def strip_ids(response: dict[str, Any]) -> dict[str, Any]:
    return {**response, "output": [{**item, "id": ""} for item in response["output"]]}


@pytest.mark.parametrize("name", STREAMS)
def test_a_client_that_joins_the_deltas_has_what_the_response_says(name: str) -> None:
    request, chunks = STREAMS[name]
    events = events_of(translator(**request), chunks)
    joined: dict[str, str] = {}
    for event in events:
        if event["type"].endswith(".delta"):
            joined[event["item_id"]] = joined.get(event["item_id"], "") + event["delta"]
    for item in events[-1]["response"]["output"]:
        said = item.get("arguments")
        if said is None:
            said = "".join(part.get("text") or part.get("refusal") or "" for part in item["content"])
        assert joined.get(item["id"], "") == said


def test_a_stream_without_a_finish_reason_failed() -> None:
    last = events_of(translator(), TEXT[:2])[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["error"]["code"] == "server_error"
    assert last["response"]["output"][0]["status"] == "incomplete"
    assert last["response"]["output"][0]["content"][0]["text"] == "Bon"


def test_a_failure_keeps_the_arguments_that_had_come() -> None:
    maker = translator(tools=[WEATHER])
    events_of(maker, CALLS[:3], finish=False)
    (failed,) = maker.fail("rate_limit_exceeded", "Too many.")
    assert failed["response"]["error"] == {"code": "rate_limit_exceeded", "message": "Too many."}
    assert failed["response"]["output"][1]["arguments"] == '{"city":'
    Response.model_validate(failed["response"])


def test_only_the_call_that_came_last_can_be_cut() -> None:
    cut = [*CALLS[:5], chunk(finish="length")]
    output = events_of(translator(tools=[WEATHER]), cut)[-1]["response"]["output"]
    assert [item["status"] for item in output] == ["completed", "completed", "incomplete"]
    maker = translator(tools=[WEATHER])
    events_of(maker, CALLS[:5], finish=False)
    maker.cancel()
    assert [item["status"] for item in maker.response["output"]] == ["completed", "completed", "incomplete"]


def test_a_cancelled_response_is_told_by_its_status() -> None:
    maker = translator()
    events_of(maker, TEXT[:2], finish=False)
    maker.cancel()
    response = Response.model_validate(maker.response)
    assert (response.status, response.output_text) == ("cancelled", "Bon")


def test_other_choices_than_the_first_are_not_mixed_in() -> None:
    other = {"model": "pico", "choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": "stop"}]}
    events = events_of(translator(), [*TEXT[:3], other, *TEXT[3:]])
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "Bonjour."


def test_the_requests_settings_come_back_in_the_response() -> None:
    schema = {"type": "json_schema", "name": "town", "schema": {"type": "object"}, "strict": True}
    maker = translator(
        instructions="Be brief.",
        text={"format": schema, "verbosity": "low"},
        tools=[WEATHER],
        tool_choice={"type": "function", "name": "weather"},
        temperature=0,
        top_p=0.5,
        truncation="auto",
        user="u",
        metadata={"a": "b"},
        parallel_tool_calls=False,
        store=False,
    )
    response = Response.model_validate_json(msgspec.json.encode(maker.response), strict=True)
    assert response.text is not None
    assert response.text.format is not None
    assert response.text.format.type == "json_schema"
    assert response.text.verbosity == "low"
    assert (response.temperature, response.top_p, response.truncation) == (0, 0.5, "auto")
    assert response.tool_choice.type == "function"  # type: ignore[union-attr]
    assert response.parallel_tool_calls is False
    assert response.metadata == {"a": "b"}


def test_moderation_is_never_made_up() -> None:
    response = Response.model_validate(translator(moderation={"model": "omni"}).response)
    assert response.moderation is not None
    assert response.moderation.output.type == "error"


def test_a_frame_has_an_event_line_and_a_data_line() -> None:
    event = error_event(7, "gone", "server_error")
    assert frame(event).startswith(b"event: error\ndata: {")
    assert frame(event).endswith(b"}\n\n")
    EVENT.validate_python(event)


DELTAS = st.one_of(
    st.fixed_dictionaries({"content": st.text(max_size=4) | st.none()}),
    st.fixed_dictionaries({"refusal": st.text(max_size=4)}),
    st.fixed_dictionaries({"reasoning_content": st.text(max_size=4)}),
    st.builds(call, st.integers(0, 2), arguments=st.text(max_size=4)),
    st.builds(call, st.integers(0, 2), id=st.just("call_x"), name=st.just("weather")),
)


@given(
    deltas=st.lists(DELTAS, max_size=12),
    ending=st.sampled_from(["stop", "tool_calls", "length", "content_filter", None]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_an_engine_says_items_open_grow_and_close_in_order(
    deltas: list[dict[str, Any]], ending: str | None
) -> None:
    chunks = [chunk(delta) for delta in deltas]
    events = events_of(translator(), [*chunks, chunk(finish=ending)])
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    opened: dict[str, str] = {}
    closed: dict[str, Any] = {}
    for event in events:
        EVENT.validate_json(json.dumps(event), strict=True)
        item = event.get("item", {}).get("id")
        if event["type"] == "response.output_item.added":
            opened[item] = ""
        elif event["type"] == "response.output_item.done":
            assert item not in closed
            closed[item] = event["item"]
        elif event["type"].endswith(".delta"):
            assert event["item_id"] in opened.keys() - closed.keys()
            opened[event["item_id"]] += event["delta"]
    last = events[-1]["response"]
    assert list(opened) == [item["id"] for item in last["output"]]
    for item in last["output"]:
        said = item.get("arguments")
        if said is None:
            said = "".join(part.get("text") or part.get("refusal") or "" for part in item["content"])
        assert opened[item["id"]] == said
    if ending is None:
        assert last["status"] == "failed"
    else:
        assert [closed[item["id"]] for item in last["output"]] == last["output"]
