"""Requests to the Responses API become chat requests, or a 400 that names the place."""

import contextlib
import json
from typing import Any

import pytest
from golden_files import check_golden
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseItem
from pydantic import TypeAdapter

from pleiade.gateway.errors import ApiError
from pleiade.gateway.responses.body import parse_body
from pleiade.gateway.responses.chat import chat_request, drop_oldest, streamed
from pleiade.gateway.responses.compaction import compaction_item, summary_of
from pleiade.gateway.responses.items import normalise_input, referenced_ids, without_duplicates

STORED: TypeAdapter[Any] = TypeAdapter(ResponseItem)
TOOL = {"type": "function", "name": "weather", "description": "d", "parameters": {"type": "object"}}
CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "sun"}
IMAGE = {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA=="}]}


def translate(images: bool = False, **raw: Any) -> dict[str, Any]:
    body, unknown = parse_body({"model": "pico", **raw})
    return chat_request(body, unknown, normalise_input(body.input, images=images), model="pico")


REQUESTS: dict[str, dict[str, Any]] = {
    "string": {"input": "Hello", "instructions": "Be brief.", "max_output_tokens": 16, "temperature": 0.5},
    "messages": {
        "input": [
            {"role": "developer", "content": "Speak French."},
            {
                "role": "user",
                "content": [{"type": "input_text", "text": "Hel"}, {"type": "input_text", "text": "lo"}],
            },
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Salut."}]},
            {"role": "user", "content": "Encore."},
        ],
        "instructions": "Be brief.",
    },
    "tool_turns": {
        "input": [
            {"role": "user", "content": "Weather in Paris and Brest?"},
            {"role": "assistant", "content": "Let me look."},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            CALL,
            {**CALL, "call_id": "call_2"},
            OUTPUT,
            {**OUTPUT, "call_id": "call_2", "output": [{"type": "input_text", "text": "rain"}]},
        ],
        "tools": [TOOL, {**TOOL, "name": "time", "strict": True}],
        "tool_choice": {
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "function", "name": "time"}],
        },
        "parallel_tool_calls": False,
    },
    "options": {
        "input": "Hello",
        "top_p": 0.9,
        "user": "u",
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 3,
        "reasoning": {"effort": "low"},
        "text": {
            "format": {"type": "json_schema", "name": "town", "schema": {"type": "object"}, "strict": True},
            "verbosity": "low",
        },
        "store": False,
        "metadata": {"a": "b"},
        "truncation": "auto",
        "seed": 7,
        "stop": ["."],
    },
    "compaction": {"input": [compaction_item("They like tea."), {"role": "user", "content": "What do I like?"}]},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_translated_as_it_was_last_read(name: str) -> None:
    check_golden(f"request_{name}", translate(**REQUESTS[name]))


@pytest.mark.parametrize("name", REQUESTS)
def test_stored_items_are_of_the_sdks_type(name: str) -> None:
    for item in normalise_input(REQUESTS[name]["input"]):
        STORED.validate_json(json.dumps(item), strict=True)


def test_fields_that_only_the_responses_api_knows_never_reach_the_engine() -> None:
    request = translate(**REQUESTS["options"])
    assert not {"store", "metadata", "truncation", "include", "text", "input", "instructions"} & set(request)


def test_a_streamed_request_asks_for_usage() -> None:
    assert streamed({"model": "m"})["stream_options"] == {"include_usage": True}


def test_a_model_with_vision_gets_the_image() -> None:
    content = translate(images=True, input=[IMAGE])["messages"][0]["content"]
    assert content == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "auto"}}]


def test_named_tool_choice_becomes_chats_form() -> None:
    request = translate(input="x", tools=[TOOL], tool_choice={"type": "function", "name": "weather"})
    assert request["tool_choice"] == {"type": "function", "function": {"name": "weather"}}


def test_an_item_reference_stands_for_the_item() -> None:
    (item,) = normalise_input([{"role": "user", "content": "Hello"}])
    reference = {"type": "item_reference", "id": item["id"]}
    assert referenced_ids([reference, {"id": "msg_2"}, {"role": "user"}, 3]) == [item["id"], "msg_2"]
    assert normalise_input([reference], references={item["id"]: item}) == [item]
    assert without_duplicates([item, item]) == [item]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"input": "x", "model": 3}, "model"),
    "no input": ({}, "input"),
    "empty input": ({"input": []}, "input"),
    "input of a wrong type": ({"input": 7}, "input"),
    "item that is no object": ({"input": ["x"]}, "input[0]"),
    "item of an unknown type": ({"input": [{"type": "web_search_call"}]}, "input[0].type"),
    "message without content": ({"input": [{"role": "user"}]}, "input[0].content"),
    "message of a wrong role": ({"input": [{"role": "king", "content": "x"}]}, "input[0].role"),
    "part without text": (
        {"input": [{"role": "user", "content": [{"type": "input_text"}]}]},
        "input[0].content[0].text",
    ),
    "image": ({"input": [IMAGE]}, "input[0].content[0]"),
    "file": ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0].type"),
    "call without output": ({"input": [CALL]}, "input"),
    "output without call": ({"input": [OUTPUT]}, "input"),
    "lost reference": ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
    "foreign compaction": ({"input": [{"type": "compaction", "encrypted_content": "gAAA"}]}, "input"),
    "hosted tool": ({"input": "x", "tools": [{"type": "web_search"}]}, "tools[0].type"),
    "nameless tool": ({"input": "x", "tools": [{"type": "function"}]}, "tools[0].name"),
    "parameters of a wrong type": (
        {"input": "x", "tools": [{**TOOL, "parameters": "{}"}]},
        "tools[0].parameters",
    ),
    "unknown choice": ({"input": "x", "tools": [TOOL], "tool_choice": "never"}, "tool_choice"),
    "required without tools": ({"input": "x", "tool_choice": "required"}, "tool_choice"),
    "choice of an absent tool": (
        {"input": "x", "tools": [TOOL], "tool_choice": {"type": "function", "name": "time"}},
        "tool_choice.name",
    ),
    "temperature": ({"input": "x", "temperature": 3}, "temperature"),
    "temperature of a wrong type": ({"input": "x", "temperature": "hot"}, "temperature"),
    "max_output_tokens": ({"input": "x", "max_output_tokens": 0}, "max_output_tokens"),
    "top_logprobs": ({"input": "x", "top_logprobs": 21}, "top_logprobs"),
    "stream of a wrong type": ({"input": "x", "stream": "yes"}, "stream"),
    "include": ({"input": "x", "include": ["all"]}, "include[0]"),
    "format": ({"input": "x", "text": {"format": {"type": "xml"}}}, "text.format.type"),
    "schema": (
        {"input": "x", "text": {"format": {"type": "json_schema", "name": "n"}}},
        "text.format.schema",
    ),
    "verbosity": ({"input": "x", "text": {"verbosity": "loud"}}, "text.verbosity"),
    "truncation": ({"input": "x", "truncation": "some"}, "truncation"),
    "prompt": ({"input": "x", "prompt": {"id": "pmpt_1"}}, "prompt"),
    "conversation": ({"input": "x", "conversation": "conv_1"}, "conversation"),
    "background that is not stored": ({"input": "x", "background": True, "store": False}, "background"),
    "metadata of a wrong type": ({"input": "x", "metadata": {"a": 1}}, "metadata.a"),
    "17 pairs of metadata": ({"input": "x", "metadata": {str(i): "" for i in range(17)}}, "metadata"),
    "long metadata key": ({"input": "x", "metadata": {"k" * 65: ""}}, "metadata"),
    "long metadata value": ({"input": "x", "metadata": {"k": "v" * 513}}, "metadata"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_request_is_refused_with_the_place(name: str) -> None:
    raw, param = WRONG[name]
    with pytest.raises(ApiError) as caught:
        translate(**raw)
    assert caught.value.param == param
    assert caught.value.status in (400, 404)


@pytest.mark.parametrize("raw", [None, [], "x", 3])
def test_a_body_that_is_no_object_is_refused(raw: object) -> None:
    with pytest.raises(ApiError, match="must be a JSON object"):
        parse_body(raw)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "role",
                    "content",
                    "text",
                    "id",
                    "name",
                    "output",
                    "call_id",
                    "arguments",
                    "format",
                    "mode",
                    "tools",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(field=st.sampled_from(["input", "tools", "tool_choice", "text", "metadata", "reasoning"]), value=ANYTHING)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_value_of_any_field_is_a_fault_of_ours(field: str, value: object) -> None:
    with contextlib.suppress(ApiError):
        translate(**{"input": "x", field: value})


def test_a_summary_survives_its_packing() -> None:
    assert summary_of(compaction_item("ça va")) == "ça va"


def test_truncation_drops_old_turns_and_keeps_calls_with_their_outputs() -> None:
    system, ask = {"role": "system", "content": "s"}, {"role": "user", "content": "q"}
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    tool = {"role": "tool", "tool_call_id": "1", "content": "t"}
    left = drop_oldest([system, ask, call, tool, ask, call, tool, ask])
    assert left is not None
    assert (left[0], left[-1]) == (system, ask)
    assert left[1]["role"] != "tool"
    assert drop_oldest([system, ask]) is None
    shrinking: list[Any] | None = [system] + [ask] * 40
    for _ in range(10):
        shrinking = drop_oldest(shrinking or [])
        if shrinking is None:
            break
    assert shrinking is None
